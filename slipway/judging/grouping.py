"""Which group a value falls into: fitted on rows, stored as JSON, and asked by servers, which have no tables."""

from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from slipway.product.section import Section

MISSING, ALL = "missing", "all"


class Grouping(Section):
    """The groups of one column: a value each, or for a column of many numbers a range each."""

    column: str
    """The column, an input of the model."""

    kind: Literal["category", "number", "boolean"]
    """What its values are."""

    ends: list[float] | None = Field(default=None, exclude_if=lambda ends: ends is None)
    """Of many numbers: where ranges end; an end belongs to the range below it. Null where each value is a group."""

    def names(self, values: np.ndarray) -> np.ndarray:
        """Return the name of each value's group, [N] of str.

        Args:
            values: [N] as model.onnx takes them: texts, "" where missing, or float64, NaN where missing.

        >>> Grouping(column="age", kind="number", ends=[30, 45]).names(np.array([30.0, 30.5, np.nan])).tolist()
        ['at most 30', 'over 30 to 45', 'missing']
        """
        if self.kind == "category":
            return np.array([value or MISSING for value in values.tolist()], dtype=object)
        if self.ends is None:
            different, places = np.unique(values, return_inverse=True)
            named = [self._named(value) for value in different.tolist()]
            return np.array(named, dtype=object)[places]
        ranges = np.array([*range_names(self.ends), MISSING], dtype=object)
        return ranges[np.where(np.isnan(values), len(ranges) - 1, np.searchsorted(self.ends, values))]

    def _named(self, value: float) -> str:
        if value != value:
            return MISSING
        return str(bool(value)).lower() if self.kind == "boolean" else value_name(value)


def range_names(ends: list[float]) -> list[str]:
    """Name the ranges between ends, one more than there are ends.

    >>> range_names([2.5])
    ['at most 2.5', 'over 2.5']
    """
    if not ends:
        return [ALL]
    names = [value_name(end) for end in ends]
    middle = [f"over {low} to {high}" for low, high in pairwise(names)]
    return [f"at most {names[0]}", *middle, f"over {names[-1]}"]


def value_name(value: float) -> str:
    """Return a number as people write it: 3 for 3.0."""
    return str(int(value)) if float(value).is_integer() else str(value)
