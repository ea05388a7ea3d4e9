"""How long artefacts take on this machine, side by side: one thread, interleaved rounds, medians.

CPU time is taken, which is that of the clock where a thread has a core for itself: on a shared machine the clock tells
more of the others, and full batches, which are interrupted more often than single rows, would look worse than they are.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from slipway.transform.applying import Array

LEAST_ROUNDS, MOST_ROUNDS = 5, 60
ALONE = 8
"""Rows of a round that each artefact answers one by one: texts differ in length, and all get the same ones."""

Answer = Callable[[Mapping[str, Array]], object]


def latencies(
    running: Sequence[Answer], inputs: Mapping[str, Array], *, batch_rows: int, seconds: float
) -> list[dict[str, float]]:
    """Return `latency_b1_ms` and `latency_batch_ms` of each artefact, in milliseconds of one call.

    In each round every one answers in turn, so that whatever else the machine does meets all alike.

    Args:
        running: From inputs to answers.
        inputs: Rows to draw from.
        batch_rows: Rows of a full batch; where there are fewer, they repeat.
        seconds: No further round begins after so many, once there were five.
    """
    num_rows = len(next(iter(inputs.values())))
    batch = _rows(inputs, np.arange(batch_rows) % num_rows)
    for answer in running:  # the first call of a session makes room
        answer(batch)
        answer(_rows(inputs, np.arange(1)))
    alone: list[list[float]] = [[] for _ in running]
    full: list[list[float]] = [[] for _ in running]
    start, rounds = time.monotonic(), 0
    while rounds < LEAST_ROUNDS or (rounds < MOST_ROUNDS and time.monotonic() - start < seconds):
        singles = [_rows(inputs, np.array([(rounds * ALONE + place) % num_rows])) for place in range(ALONE)]
        for place, answer in enumerate(running):
            alone[place].append(_milliseconds(answer, singles) / ALONE)
            full[place].append(_milliseconds(answer, [batch]))
        rounds += 1
    return [
        {"latency_b1_ms": statistics.median(one), "latency_batch_ms": statistics.median(many)}
        for one, many in zip(alone, full, strict=True)
    ]


def _milliseconds(answer: Answer, calls: Sequence[Mapping[str, Array]]) -> float:
    start = time.process_time()
    for call in calls:
        answer(call)
    return 1000 * (time.process_time() - start)


def _rows(inputs: Mapping[str, Array], places: Array) -> dict[str, Array]:
    return {name: np.ascontiguousarray(column[places]) for name, column in inputs.items()}
