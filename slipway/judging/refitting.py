"""Temperatures fitted anew: a network that recovered is as sure of itself as it learned, not as the trained one is."""

import numpy as np

from slipway.judging.decision import Decision, fit_decision, fit_label_decision
from slipway.tables.heads import Head
from slipway.tables.targets import is_known


def refitted(
    decision: Decision, heads: tuple[Head, ...], outputs: np.ndarray, targets: dict[str, np.ndarray]
) -> Decision:
    """Return the decision with the temperatures of another network; all else stays.

    Args:
        decision: Of the trained network. A temperature of exactly 1 was not fitted, and stays.
        heads: Of the targets.
        outputs: The other network's, on validation: [N, outputs], or [N] values.
        targets: Of each head, by its name.
    """
    found = {head.name: _temperature(decision.of(head.name), head, outputs, targets[head.name]) for head in heads}
    main, *others = heads
    more = {
        head.name: decision.more_targets[head.name].model_copy(update={"temperature": found[head.name]})
        for head in others
    }
    return decision.model_copy(update={"temperature": found[main.name], "more_targets": more})


def _temperature(its: Decision, head: Head, outputs: np.ndarray, targets: np.ndarray) -> float:
    if its.classes is None or its.temperature == 1:
        return its.temperature
    known = is_known(targets)
    logits, wanted = head.of(outputs)[known], targets[known]
    if its.has_labels:
        return fit_label_decision(logits, wanted, labels=its.classes, calibrate=True).temperature
    return fit_decision(logits, wanted, classes=its.classes, calibrate=True).temperature
