"""What wrong answers cost: the declared costs as a matrix, the threshold that follows, and what was paid on test."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slipway.judging.decision import Decision
from slipway.judging.intervals import percentiles, resamples

Costs = Mapping[str, Mapping[str, float]]
Matrix = list[list[float]]


def cost_matrix(costs: Costs, classes: list[str]) -> Matrix:
    """Return what each answer costs, [true class][given class]: 0 where it is right, 1 where nothing is declared.

    >>> cost_matrix({"ill": {"healthy": 20}}, ["healthy", "ill"])
    [[0.0, 1.0], [20.0, 0.0]]
    """
    return [
        [0.0 if true == given else float(costs.get(true, {}).get(given, 1)) for given in classes] for true in classes
    ]


def least_cost_threshold(matrix: Matrix) -> float:
    """Return the probability of the second of two classes above which giving it costs less (Elkan 2001, equation 2).

    >>> round(least_cost_threshold([[0, 1], [20, 0]]), 4)
    0.0476
    """
    (_, false_positive), (false_negative, _) = matrix
    return false_positive / (false_positive + false_negative)


def cost_curve(targets: np.ndarray, score: np.ndarray, matrix: Matrix, thresholds: np.ndarray) -> np.ndarray:
    """Return the cost a row [T] at each threshold of two classes, the second being given above it.

    Args:
        targets: [N] 0 or 1.
        score: [N] probability of the second class.
        matrix: [2][2], as `cost_matrix` gives it.
        thresholds: [T].
    """
    rejected = [np.searchsorted(np.sort(score[targets == true]), thresholds, side="right") for true in (0, 1)]
    accepted_wrongly = (targets == 0).sum() - rejected[0]
    return (matrix[0][1] * accepted_wrongly + matrix[1][0] * rejected[1]) / len(targets)


def costs_of(
    decision: Decision,
    targets: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray | None,
    resampled: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of costs.json: what rows cost when the most probable class is given, and as decided.

    Args:
        decision: With costs, or thresholds of groups.
        targets: [N] class indices.
        probabilities: [N, C], calibrated.
        groups: [N], as `Decision.choose` takes them.
        resampled: `samples`, `confidence_pct` and `seed` of a bootstrap.
    """
    classes = decision.classes
    assert classes is not None, "costs are those of classes"
    matrix = decision.costs or cost_matrix({}, classes)
    rules = {"most_probable": probabilities.argmax(axis=1)}
    if decision.costs is not None:
        rules["least_cost"] = decision.choose(probabilities)
    if decision.group_thresholds is not None:
        rules["group_thresholds"] = decision.choose(probabilities, groups)
    return {
        "costs": {true: dict(zip(classes, row, strict=True)) for true, row in zip(classes, matrix, strict=True)},
        "threshold": decision.threshold,
        "rows": len(targets),
        "cost_per_row": costs_paid(targets, rules, matrix, **resampled),
    }


def costs_paid(
    targets: np.ndarray,
    rules: Mapping[str, np.ndarray],
    matrix: Matrix,
    *,
    samples: int,
    confidence_pct: float,
    seed: int,
) -> dict[str, Any]:
    """Return the cost a row under each rule, and how much the last one saves over the first, with intervals.

    Intervals are percentiles of a bootstrap of the rows (Efron 1979); the saving is that of the same rows under both
    rules, and so known better than either cost.

    Args:
        targets: [N] class indices.
        rules: The classes [N] that each rule gives.
        matrix: [C][C], as `cost_matrix` gives it.
        samples: Resamples.
        confidence_pct: Coverage of the intervals.
        seed: Decides what is drawn.
    """
    paid = {name: np.array(matrix)[targets, chosen] for name, chosen in rules.items()}
    first, *_, last = paid.values()
    paid["saved"] = first - last
    names, per_row = list(paid), np.stack(list(paid.values()), axis=1).astype(np.float32)
    blocks = [
        dict(zip(names, (weights.T.astype(np.float32) @ per_row).T / len(targets), strict=True))
        for weights in resamples(len(targets), samples, seed)
    ]
    limits = percentiles(blocks, confidence_pct)
    return {
        name: {
            "value": round(float(paid[name].mean()), 6),
            "low": round(limits[name][0], 6),
            "high": round(limits[name][1], 6),
        }
        for name in names
    }
