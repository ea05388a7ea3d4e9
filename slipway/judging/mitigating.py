"""A threshold for each group of a sensitive column, fitted on validation rows after training.

fairlearn's ThresholdOptimizer (Hardt et al. 2016) mixes two thresholds of a group by chance, so that one record may be
answered twice in two ways, and cannot relax equalized odds. A server must answer alike, so this search has one
threshold a group, and instead of equal rates a largest difference: equal shares of finite groups seldom exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway.judging.costs import Matrix
from slipway.product.mitigation import Constraint, Mitigation

MAX_THRESHOLDS = 1000
MAX_CORNERS = 40_000
EPSILON = 1e-9  # shares of different groups that are equal but for rounding


@dataclass(frozen=True)
class Curve:
    """What each threshold would do to the rows of one group.

    Attributes:
        thresholds: [T], falling.
        rates: [K, T] the rates to be made alike; they grow as thresholds fall.
        costs: [T] what all answers cost together.
    """

    thresholds: np.ndarray
    rates: np.ndarray
    costs: np.ndarray


def fit_thresholds(
    targets: np.ndarray,
    score: np.ndarray,
    groups: np.ndarray,
    matrix: Matrix,
    common: float,
    params: Mitigation,
) -> tuple[dict[str, float], list[str]]:
    """Return the thresholds of least cost under which rates of groups differ little enough, and notes.

    Args:
        targets: [N] 0 or 1.
        score: [N] probability of the second class.
        groups: [N] the name of each row's group.
        matrix: [2][2], what an answer costs.
        common: The threshold of groups that are too small to fit one.
        params: The constraint, and which groups are too small.
    """
    names, notes = [], []
    for name in sorted(set(groups.tolist())):
        rows = _least_rows(targets[groups == name], params.constraint)
        if rows >= params.min_rows:
            names.append(name)
        else:
            notes.append(
                f"{params.column} = {name} has {rows} validation rows behind a rate, fewer than "
                f"evaluate.mitigation.min_rows = {params.min_rows}: it keeps the common threshold"
            )
    if len(names) < 2:
        enough = f"{len(names)} groups of {params.column} have enough validation rows, and two are needed"
        return {}, [*notes, f"{enough}: all keep the common threshold"]
    curves = [
        curve(targets[groups == name], score[groups == name], matrix, common, params.constraint) for name in names
    ]
    found = search(curves, params.max_difference, near=common)
    return dict(zip(names, found, strict=True)), notes


def _least_rows(targets: np.ndarray, constraint: Constraint) -> int:
    """Return how many rows stand behind the rate that has fewest."""
    positives, negatives = int((targets == 1).sum()), int((targets == 0).sum())
    of = {"demographic_parity": len(targets), "equal_opportunity": positives}
    return of.get(constraint, min(positives, negatives))


def curve(targets: np.ndarray, score: np.ndarray, matrix: Matrix, common: float, constraint: Constraint) -> Curve:
    """Try thresholds on the rows of a group: midway between its scores, so that no row sits on one."""
    thresholds = _thresholds(score, common)
    false, true = (
        (targets == kind).sum() - np.searchsorted(np.sort(score[targets == kind]), thresholds, side="right")
        for kind in (0, 1)
    )
    positives, negatives = int((targets == 1).sum()), int((targets == 0).sum())
    shares = {"demographic_parity": [(true + false) / len(targets)], "equal_opportunity": [true / max(positives, 1)]}
    rates = shares.get(constraint) or [true / max(positives, 1), false / max(negatives, 1)]
    return Curve(thresholds, np.array(rates), matrix[0][1] * false + matrix[1][0] * (positives - true))


def _thresholds(score: np.ndarray, common: float) -> np.ndarray:
    different = np.unique(score)
    middles = (different[1:] + different[:-1]) / 2
    if len(middles) > MAX_THRESHOLDS:
        middles = middles[np.linspace(0, len(middles) - 1, MAX_THRESHOLDS).astype(int)]
    readable = [float(f"{middle:.6g}") for middle in middles.tolist()]
    return np.unique([0.0, *readable, 1.0, common])[::-1]


def search(curves: Sequence[Curve], max_difference: float, *, near: float) -> list[float]:
    """Return a threshold for each curve: those of least cost whose rates lie within `max_difference` of each other.

    In the space of the rates such a choice lies in a box whose lower corner has rates that some group reaches, so all
    boxes there are tried; in each, a group's allowed thresholds are neighbours, of which it takes the cheapest.
    Giving the second class to none, or to all, always is allowed. Among equals, the nearest to `near` is taken.
    """
    corners = _corners(curves)
    costs, firsts, lasts = zip(*(_cheapest(each, corners, max_difference) for each in curves), strict=True)
    best = int(np.sum(costs, axis=0).argmin())
    return [
        _nearest(each, first[best], last[best], near) for each, first, last in zip(curves, firsts, lasts, strict=True)
    ]


def _corners(curves: Sequence[Curve]) -> np.ndarray:
    """Return the lower corners of boxes of rates: [K, B]."""
    num_rates = len(curves[0].rates)
    limit = round(MAX_CORNERS ** (1 / num_rates))
    axes = []
    for rate in range(num_rates):
        reached = np.unique(np.concatenate([each.rates[rate] for each in curves]))
        axes.append(reached[np.linspace(0, len(reached) - 1, min(limit, len(reached))).round().astype(int)])
    return np.stack(np.meshgrid(*axes, indexing="ij")).reshape(num_rates, -1)


def _cheapest(one: Curve, corners: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the least cost within each box, infinite where no threshold is, and the places [first, last) within it."""
    pairs = list(zip(one.rates, corners, strict=True))
    first = np.max([np.searchsorted(rates, low - EPSILON) for rates, low in pairs], axis=0)
    last = np.min([np.searchsorted(rates, low + width + EPSILON, side="right") for rates, low in pairs], axis=0)
    ends = np.stack([first, np.maximum(last, first + 1)], axis=1).ravel()
    least = np.minimum.reduceat(np.append(one.costs, [np.inf, np.inf]), ends)[::2]
    return np.where(last > first, least, np.inf), first, last


def _nearest(one: Curve, first: int, last: int, near: float) -> float:
    costs, thresholds = one.costs[first:last], one.thresholds[first:last]
    cheapest = thresholds[costs == costs.min()]
    return float(cheapest[np.abs(cheapest - near).argmin()])
