"""The Pareto front: candidates that no other one beats in everything."""

from collections.abc import Sequence

import numpy as np

from slipway.shrinking.measuring import Candidate

COSTS = ("size_bytes", "latency_b1_ms", "latency_batch_ms", "drop_pct")


def on_front(candidates: Sequence[Candidate]) -> list[bool]:
    """Say of each candidate whether none is at least as good in every cost and better in one.

    Costs are size, both latencies where they were measured, and the accuracy that is lost on validation.
    """
    found = [{**each.figures, **each.timed} for each in candidates]
    names = [name for name in COSTS if all(name in figures for figures in found)]
    costs = np.array([[figures[name] for name in names] for figures in found])
    return [not is_beaten(costs, place) for place in range(len(candidates))]


def is_beaten(costs: np.ndarray, place: int) -> bool:
    """Say whether a row of costs [N, K] is beaten.

    >>> is_beaten(np.array([[1, 2], [1, 1]]), 0), is_beaten(np.array([[1, 2], [2, 1]]), 0)
    (True, False)
    """
    own = costs[place]
    return bool(((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any())
