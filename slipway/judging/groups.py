"""Parts a column's rows into groups, by which fairness and the worst group are judged."""

from itertools import pairwise

import polars as pl

from slipway.errors import DataError

MISSING, ALL = "missing", "all"
NAMED = (pl.String, pl.Boolean, pl.Date, pl.Null)
QUARTERS = (0.25, 0.5, 0.75)
MAX_VALUES = 10
"""A column of numbers with no more different ones than this is a code or a count: each is a group of its own."""


def groups_of(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return the name of each row's group [N]: its value, or for a column of many numbers the quarter that holds it.

    Quarters are cut at quartiles of the rows given, so give all of them, and take a sample afterwards. An end
    belongs to the quarter below it; quarters that ties make equal are one. A value that is missing, or NaN, makes a
    group of its own.

    Raises:
        DataError: the column holds no numbers or texts.

    >>> groups_of(pl.DataFrame({"sex": ["Male", None, "Female"]}), "sex").to_list()
    ['Male', 'missing', 'Female']
    >>> groups_of(pl.DataFrame({"age": list(range(20, 41))}), "age").unique(maintain_order=True).to_list()
    ['at most 25', 'over 25 to 30', 'over 30 to 35', 'over 35']
    """
    values = frame[column]
    if not (values.dtype.is_numeric() or values.dtype in NAMED):
        raise DataError(
            f"column '{column}' is of type {values.dtype}, whose values make no groups: remove it from "
            "product.sensitive, or give numbers or text instead"
        )
    if not values.dtype.is_numeric():
        return values.cast(pl.String).fill_null(MISSING)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    if values.drop_nulls().n_unique() <= MAX_VALUES:
        names = [None if value is None else _name(value) for value in values.to_list()]
        return pl.Series(column, names, dtype=pl.String).fill_null(MISSING)
    ends = sorted({_quantile(values, share) for share in QUARTERS} - {_quantile(values, 1.0)})  # none is above that
    quarter = pl.Series(ends, dtype=pl.Float64).search_sorted(values.cast(pl.Float64))  # how many ends lie below
    named = pl.Series(column, _quarters([_name(end) for end in ends])).gather(quarter)
    return named.zip_with(values.is_not_null(), pl.Series(column, [MISSING]))


def _quarters(ends: list[str]) -> list[str]:
    """Name the parts between the ends."""
    if not ends:
        return [ALL]
    middle = [f"over {low} to {high}" for low, high in pairwise(ends)]
    return [f"at most {ends[0]}", *middle, f"over {ends[-1]}"]


def _quantile(values: pl.Series, share: float) -> float:
    found = values.quantile(share, interpolation="lower")
    assert found is not None, "there are values"
    return float(found)


def _name(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
