"""The targets of a table as arrays to learn from."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.errors import DataError
from slipway.tables.schema import Schema

MISSING_CLASS = -1


def targets(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[Any]:
    """Give the main target: int64 class indices [N], or float64 values [N] for a regression.

    Raises:
        DataError: a class is not among those of the schema.
    """
    return targets_of(frame, schema, schema.require_target())


def targets_of(frame: pl.DataFrame, schema: Schema, name: str) -> npt.NDArray[Any]:
    """Give a target as `targets` does; of a further one, what is missing is class -1, or NaN.

    Raises:
        DataError: a class is not among those of the schema.
    """
    column, is_main = frame[name], name == schema.product.target
    classes = schema.classes if is_main else schema.more_targets[name].classes
    if classes is None:
        return column.cast(pl.Float64).to_numpy()
    unknown = sorted(set((column if is_main else column.drop_nulls()).unique().to_list()) - set(classes), key=str)
    if unknown:
        raise DataError(
            f"target '{column.name}' holds {unknown[:5]}, not among the classes {classes[:20]}: "
            f"correct {schema.place_of(name)}.classes, or let validate put these rows into quarantine"
        )
    indices = column.replace_strict(classes, list(range(len(classes))), return_dtype=pl.Int64)
    return indices.fill_null(MISSING_CLASS).to_numpy()


def is_known(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which rows [N] have a target."""
    return ~np.isnan(values) if np.issubdtype(values.dtype, np.floating) else values != MISSING_CLASS


def all_targets(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[np.float32]:
    """Give all targets side by side, the main one first: [N, targets], classes as their indices, NaN where missing."""
    columns = [targets_of(frame, schema, name) for name in schema.targets]
    return np.stack([np.where(is_known(each), each, np.nan) for each in columns], axis=1).astype(np.float32)
