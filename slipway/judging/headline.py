"""The one figure by which models are compared: accuracy of classes and labels, r2 of values."""

from typing import Literal

import numpy as np

from slipway.judging.decision import Decision
from slipway.judging.metrics import regression_metrics
from slipway.tables.heads import THRESHOLD

Headline = Literal["accuracy", "r2"]


def headline_of(decision: Decision) -> Headline:
    """Name the figure."""
    return "r2" if decision.classes is None else "accuracy"


def headline(
    targets: np.ndarray, answers: np.ndarray, decision: Decision, groups: np.ndarray | None = None
) -> float | None:
    """Return the figure of calibrated probabilities [N, C], of labels [N, L], or of values [N].

    None is r2 where all targets are equal. `groups` are those that `Decision.choose` wants.
    """
    if decision.classes is None:
        r2 = regression_metrics(targets, answers)["r2"]
        return None if r2 is None else float(r2)
    return float(is_right(targets, answers, decision, groups).mean())


def is_right(
    targets: np.ndarray, probabilities: np.ndarray, decision: Decision, groups: np.ndarray | None = None
) -> np.ndarray:
    """Say which rows [N] are given their class, or exactly their labels."""
    if decision.has_labels:
        return ((probabilities > THRESHOLD) == (targets > 0)).all(axis=1)
    return decision.choose(probabilities, groups) == targets
