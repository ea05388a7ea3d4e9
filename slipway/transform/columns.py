"""What fitting needs of a column: its values, whole or part by part, and a place to count what the steps change."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from slipway.errors import DataError


@dataclass
class Counts:
    """What the steps change in the training rows, ready for JSON; columns without a change are left out."""

    missing: dict[str, int] = field(default_factory=dict)
    """Numbers that are imputed, null'ed outliers included; categories and texts that are missing."""

    rare: dict[str, int] = field(default_factory=dict)
    """Rows whose category is not among the known values."""


def column(rows: pl.LazyFrame, values: pl.Expr) -> pl.Series:
    """Read one column, and no other, of a table that need not fit in memory."""
    return rows.select(values).collect(engine="streaming").to_series()


def in_parts(rows: pl.LazyFrame, values: pl.Expr, at_once: int) -> Iterator[pl.Series]:
    """Read one column some rows at a time, in their order; it is never held whole."""
    for part in rows.select(values).collect_batches(chunk_size=at_once, engine="streaming"):
        yield part.to_series()


def known(values: pl.Series) -> pl.Series:
    """Return the values that are not missing.

    Raises:
        DataError: all are missing.
    """
    present = values.drop_nulls()
    if present.is_empty():
        raise no_value(values.name)
    return present


def no_value(name: str) -> DataError:
    """Say that a column has nothing to learn from."""
    return DataError(f"column '{name}' has no value in the training rows: add it to product.ignore")
