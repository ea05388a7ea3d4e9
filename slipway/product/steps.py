"""Steps of the transform, as `preprocess` declares them and privatize fits them: a part of the section `preprocess`."""

from typing import Literal

from pydantic import Field

from slipway.product.section import Section


class Numbers(Section):
    """Steps for columns of numbers, fitted in privatize."""

    impute: Literal["median", "mean", "zero"] = "median"
    """What stands in for a missing value."""

    scale: Literal["standard", "minmax", "none"] = "standard"
    """standard: zero mean, unit variance; minmax: 0 to 1."""


class Categories(Section):
    """Steps for columns of text with few values, fitted in privatize."""

    max_values: int = Field(default=50, ge=2, le=10_000)
    """The most frequent values that get a column each (one-hot); rarer and unseen ones get none."""


class Image(Section):
    """Steps for images, fitted in privatize."""

    max_value: float = Field(default=255, gt=0)
    """The brightest a pixel can be in the source; pixels are divided by it."""

    scale: Literal["standard", "none"] = "standard"
    """standard: zero mean and unit variance over all pixels of the training images."""
