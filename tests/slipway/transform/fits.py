"""Tiny tables, their schema, and the transform fitted to them."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from slipway.product.product import Product
from slipway.shrinking.preparing import transform_model
from slipway.shrinking.running import answers, session
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema
from slipway.transform.applying import raw_inputs
from slipway.transform.fitted import Transform
from slipway.transform.fitting import fit_transform
from slipway.transform.numbers import fit_bounds, split_outliers


def schema_of(frame: pl.DataFrame, *, texts: Sequence[str] = (), **product: object) -> Schema:
    columns = [
        Column(name=name, dtype=str(dtype), kind="text" if name in texts else None)
        for name, dtype in frame.schema.items()
    ]
    made = Product.model_validate({"kind": "tabular", "target": "target", **product})
    return Schema(product=made, columns=columns, classes=["a", "b"])


def fitted(frame: pl.DataFrame, plan: Plan | None = None, *, texts: Sequence[str] = ()) -> Transform:
    """Fit as privatize does, outliers put into quarantine first."""
    schema, steps = schema_of(frame, texts=texts), plan or Plan()
    bounds = fit_bounds(frame, schema, steps)
    return fit_transform(split_outliers(frame, bounds)[0], schema, steps, bounds)[0]


def through_onnx(frame: pl.DataFrame, transform: Transform, *, batch_rows: int = 4096) -> np.ndarray:
    """Prepare the rows by the exported graph."""
    graph = session(transform_model(transform).SerializeToString())
    return answers(graph, raw_inputs(frame, transform), batch_rows=batch_rows)
