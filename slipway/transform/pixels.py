"""Fit the steps of images."""

import math

import numpy as np
import polars as pl

from slipway.product.steps import Image
from slipway.tables.images import image_array
from slipway.tables.schema import Schema
from slipway.transform.columns import in_parts
from slipway.transform.fitted import Pixels

IMAGES_AT_ONCE = 4096


def fit_pixels(rows: pl.LazyFrame, name: str, schema: Schema, steps: Image) -> Pixels:
    """Fit center and scale, exactly, from how many pixels have each of the 256 levels."""
    assert schema.image_shape is not None, "ingest writes the shape of images"
    center, scale = 0.0, 1.0
    if steps.scale == "standard":
        shares = np.zeros(256)
        for images in in_parts(rows, pl.col(name), IMAGES_AT_ONCE):
            shares += np.bincount(image_array(images, schema.image_shape).ravel(), minlength=256)
        levels = np.arange(256) / steps.max_value
        center = float(np.average(levels, weights=shares))
        scale = math.sqrt(np.average((levels - center) ** 2, weights=shares)) or 1.0
    return Pixels(column=name, shape=schema.image_shape, max_value=steps.max_value, center=center, scale=scale)
