"""Subjects whose answers are given, so that no network is asked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from torch import nn

from slipway.judging.subject import Answered, Subject
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.fitted import Transform

SURE = 8.0


def subject(
    frame: pl.DataFrame,
    given: Any,
    *,
    classes: list[str] | None = None,
    is_private: bool = False,
    train: pl.DataFrame | None = None,
    **product: Any,
) -> Subject:
    """Return a model that gives the test rows of `frame`, whose target is `y`, these classes [N] or values [N].

    Args:
        frame: The test rows; also those that privatize released, unless `train` holds others.
        given: What the model gives to each.
        classes: Of the target; None for a regression.
        is_private: Whether privatize protects rows.
        train: The released training rows.
        product: More keys of the product section.
    """
    task = "regression" if classes is None else "classification"
    section = Product.model_validate({"kind": "tabular", "task": task, "target": "y", "classes": classes, **product})
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in frame.schema.items()]
    schema = Schema(product=section, columns=columns, classes=classes, image_shape=(2, 2, 1))
    frames: Mapping[str, pl.DataFrame] = {"validation": frame.head(0), "test": frame}
    made = Subject(nn.Identity(), Transform(), schema, (frame if train is None else train).lazy(), frames, is_private)
    if classes is None:
        answered = Answered(frame["y"].to_numpy(), np.asarray(given, dtype=np.float32))
    else:
        places = {name: place for place, name in enumerate(classes)}
        logits = SURE * np.eye(len(classes), dtype=np.float32)[[places[name] for name in given]]
        answered = Answered(frame["y"].replace_strict(places, return_dtype=pl.Int64).to_numpy(), logits)
    made.__dict__["answered"] = {"y": {"test": answered}}
    return made
