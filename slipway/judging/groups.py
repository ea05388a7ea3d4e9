"""Parts a column's rows into groups, by which fairness and the worst group are judged."""

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.decision import Decision
from slipway.judging.grouping import MISSING, Grouping
from slipway.transform.applying import plain_number, plain_text

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
    grouping = fit_grouping(frame, column)
    if grouping.kind == "number":
        return pl.Series(column, names_in(frame, grouping), dtype=pl.String)
    return frame[column].cast(pl.String).fill_null(MISSING)


def fit_grouping(frame: pl.DataFrame, column: str) -> Grouping:
    """Return how a column's values make groups, the quarters of its numbers cut on the rows given.

    Raises:
        DataError: the column holds no numbers or texts.
    """
    values = frame[column]
    if not (values.dtype.is_numeric() or values.dtype in NAMED):
        raise DataError(
            f"column '{column}' is of type {values.dtype}, whose values make no groups: remove it from "
            "product.sensitive, or give numbers or text instead"
        )
    if not values.dtype.is_numeric():
        return Grouping(column=column, kind="boolean" if values.dtype == pl.Boolean else "category")
    known = frame.select(plain_number(column))[column].drop_nulls()
    if known.n_unique() <= MAX_VALUES:
        return Grouping(column=column, kind="number")
    ends = {_quantile(known, share) for share in QUARTERS} - {_quantile(known, 1.0)}  # none is above that
    return Grouping(column=column, kind="number", ends=sorted(ends))


def names_in(frame: pl.DataFrame, grouping: Grouping) -> np.ndarray:
    """Return the name of each row's group [N] of str, as a server would find it."""
    column = grouping.column
    if grouping.kind == "category":
        return grouping.names(frame.select(plain_text(column).fill_null(""))[column].to_numpy())
    return grouping.names(frame.select(plain_number(column).fill_null(float("nan")))[column].to_numpy())


def groups_for(decision: Decision, frame: pl.DataFrame) -> np.ndarray | None:
    """Return the groups that `Decision.choose` wants for these rows, [N] of str; None where it asks for none."""
    return None if decision.group_thresholds is None else names_in(frame, decision.group_thresholds.grouping)


def _quantile(values: pl.Series, share: float) -> float:
    found = values.quantile(share, interpolation="lower")
    assert found is not None, "there are values"
    return float(found)
