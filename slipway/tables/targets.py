"""The target of a table as an array to learn from."""

from typing import Any

import numpy.typing as npt
import polars as pl

from slipway.errors import DataError
from slipway.tables.schema import Schema


def targets(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[Any]:
    """Give the target: int64 class indices [N], or float64 values [N] for a regression.

    Raises:
        DataError: a class is not among those of the schema.
    """
    column = frame[schema.require_target()]
    if schema.classes is None:
        return column.cast(pl.Float64).to_numpy()
    unknown = sorted(set(column.unique().to_list()) - set(schema.classes), key=str)
    if unknown:
        raise DataError(
            f"target '{column.name}' holds {unknown[:5]}, not among the classes {schema.classes[:20]}: "
            "correct product.classes, or let validate put these rows into quarantine"
        )
    return column.replace_strict(schema.classes, list(range(len(schema.classes))), return_dtype=pl.Int64).to_numpy()
