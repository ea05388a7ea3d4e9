"""The groups of a sensitive column that have enough rows to be compared."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.grouping import MISSING
from slipway.judging.groups import MAX_VALUES, groups_of

UNNAMED = "names withheld"


@dataclass(frozen=True)
class Groups:
    """The groups of one column."""

    names: list[str]
    """Of those that have enough rows: by their numbers, or else the largest first."""

    numbers: np.ndarray
    """[N] the group of each row, as its place among the names; -1 where it is too small."""

    too_small: dict[str, int]
    """The rows of each of the others."""


def groups_in(
    frame: pl.DataFrame, column: str, *, min_rows: int, is_private: bool, max_groups: int | None = None
) -> Groups:
    """Part rows by a sensitive column.

    In a private product nothing is told that few rows hold: neither where quarters of numbers end, nor the names of
    groups that are too small.

    Raises:
        DataError: The rows do not have the column, or it makes no groups, or too many.
    """
    if column not in frame.columns:
        raise DataError("the test rows do not hold it: cleaning drops it, or puts others in its place")
    named = groups_of(frame, column)
    sizes = _sizes(named, frame[column])
    if is_private and frame[column].dtype.is_numeric() and frame[column].n_unique() > MAX_VALUES:
        numbered = {name: f"part {place}" for place, name in enumerate(sizes, start=1) if name != MISSING}
        named, sizes = named.replace(numbered), {numbered.get(name, name): rows for name, rows in sizes.items()}
    if max_groups is not None and len(sizes) > max_groups:
        raise DataError(f"it has {len(sizes)} groups, and at most {max_groups} are compared")
    names = [name for name, rows in sizes.items() if rows >= min_rows]
    too_small = {name: rows for name, rows in sizes.items() if rows < min_rows}
    if is_private and too_small:
        too_small = {UNNAMED: sum(too_small.values())}
    places = {name: place for place, name in enumerate(names)}
    numbers = named.replace_strict(places, default=-1, return_dtype=pl.Int64).to_numpy()
    return Groups(names, numbers, too_small)


def _sizes(named: pl.Series, values: pl.Series) -> dict[str, int]:
    """Count the rows of each group, in the order of names; what is missing comes last."""
    rows = pl.DataFrame({"name": named, "value": values}).group_by("name")
    sizes = rows.agg(rows=pl.len(), lowest=pl.col("value").min()).with_columns(last=pl.col("name") == MISSING)
    order, descending = (
        (["last", "lowest"], False) if values.dtype.is_numeric() else (["last", "rows", "name"], [False, True, False])
    )
    return dict(sizes.sort(order, descending=descending).select("name", "rows").iter_rows())
