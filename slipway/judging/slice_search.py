"""Searches the groups of one and of two columns for those in which a model does worse than on all rows.

The rows and losses of all pairs are two products of matrices, as in SliceLine (Sagadeeva and Boehm 2021, section 4). Of
so many groups some look bad by chance: as in SliceFinder (Chung et al. 2019), what counts is a test of each. Here it is
an interval at Bonferroni's level for all groups that were looked at: 95 % hold for all of them together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from slipway.judging.intervals import wilson

SAME_SHARE = 0.9
"""Of the rows of two slices together that both hold: above it they are one slice under two names."""


@dataclass(frozen=True)
class Found:
    """How a model does on some rows."""

    rows: int
    value: float
    """Accuracy, or root mean squared error."""
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """What a model loses on a row: 1 for a wrong answer, or the squared error of a value."""

    losses: np.ndarray
    """[N]"""

    is_error: bool
    """Whether they are squared errors."""

    def among(self, rows: np.ndarray) -> "Measure":
        """Return that of some rows: [N] bool, or their numbers."""
        return Measure(self.losses[rows], self.is_error)

    def of(self, rows: float, lost: float, squares: float, *, confidence_pct: float) -> Found:
        """Judge rows by how many they are, the sum of their losses and the sum of these losses' squares.

        A share of right answers has Wilson's interval. The mean squared error has that of a mean of many rows.
        """
        if not self.is_error:
            low, high = wilson(round(rows - lost), round(rows), confidence_pct=confidence_pct)
            return Found(round(rows), 1 - lost / rows, low, high)
        mean = lost / rows
        deviation = math.sqrt(max(squares / rows - mean**2, 0) / rows)
        half = NormalDist().inv_cdf(0.5 + confidence_pct / 200) * deviation
        return Found(round(rows), math.sqrt(mean), math.sqrt(max(mean - half, 0)), math.sqrt(mean + half))

    def on(self, rows: np.ndarray, *, confidence_pct: float) -> Found:
        """Judge some rows [N] bool, of which there is one at least."""
        losses = self.losses[rows]
        return self.of(len(losses), losses.sum(), (losses**2).sum(), confidence_pct=confidence_pct)

    def distance(self, found: Found, value: float) -> float:
        """Return by how much rows are worse than a value at the least: below 0 where that is not sure."""
        return found.low - value if self.is_error else value - found.high


@dataclass(frozen=True)
class Values:
    """Values of columns that enough rows hold: the columns of a matrix of rows and values."""

    has: np.ndarray
    """[N, M] bool: whether a row has the value."""

    owners: np.ndarray
    """[M] which column each is of."""


@dataclass(frozen=True)
class Slice:
    """A group that was found."""

    values: tuple[int, ...]
    """One or two places among the values."""

    found: Found
    distance: float
    """By how much it is surely worse than all rows."""


def search(
    values: Values, measure: Measure, *, min_rows: int, max_found: int, confidence_pct: float
) -> tuple[list[Slice], int]:
    """Return the surely worst groups, the worst first, and how many were looked at.

    A group of two columns must be surely worse than both groups of one column that hold it, too: else it tells nothing
    that they do not. Of two that hold nearly the same rows the surer one stays.
    """
    has, losses = values.has.astype(np.float64), measure.losses
    rows = has.T @ has  # [M, M], those of one column on the diagonal
    lost, squares = has.T @ (has * losses[:, None]), has.T @ (has * losses[:, None] ** 2)
    is_pair = (values.owners[:, None] < values.owners[None, :]) & (rows >= min_rows)
    looked_at = len(rows) + int(is_pair.sum())
    level = 100 - (100 - confidence_pct) / max(looked_at, 1)
    overall = measure.on(np.ones(len(losses), dtype=bool), confidence_pct=confidence_pct).value

    def judged(first: int, second: int) -> Found:
        sums = rows[first, second], lost[first, second], squares[first, second]
        return measure.of(*map(float, sums), confidence_pct=level)

    alone = [judged(place, place) for place in range(len(rows))]
    candidates = [Slice((place,), found, measure.distance(found, overall)) for place, found in enumerate(alone)]
    for first, second in zip(*np.nonzero(is_pair), strict=True):
        found = judged(first, second)
        if min(measure.distance(found, alone[place].value) for place in (first, second)) > 0:
            candidates.append(Slice((int(first), int(second)), found, measure.distance(found, overall)))
    sure = sorted((each for each in candidates if each.distance > 0), key=lambda each: (-each.distance, each.values))
    return _distinct(sure, values.has, max_found), looked_at


def _distinct(sure: Sequence[Slice], has: np.ndarray, max_found: int) -> list[Slice]:
    """Keep the first of those that hold nearly the same rows."""
    kept: list[Slice] = []
    masks: list[np.ndarray] = []
    for each in sure:
        if len(kept) == max_found:
            break
        mask = np.logical_and.reduce([has[:, place] for place in each.values])
        if all((mask & other).sum() <= SAME_SHARE * (mask | other).sum() for other in masks):
            kept.append(each)
            masks.append(mask)
    return kept
