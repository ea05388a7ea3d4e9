"""The Pareto front: nobody on it is beaten, and everybody off it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slipway.product.compress import Recipe
from slipway.shrinking.front import is_beaten, on_front
from slipway.shrinking.measuring import Candidate

COSTS = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12)


@given(COSTS)
def test_whoever_is_off_the_front_is_beaten_by_somebody_on_it(costs: list[tuple[int, ...]]) -> None:
    rows = np.array(costs)
    front = [place for place in range(len(rows)) if not is_beaten(rows, place)]
    assert front
    for place in set(range(len(rows))) - set(front):
        assert any((rows[best] <= rows[place]).all() and (rows[best] < rows[place]).any() for best in front)


def test_latencies_count_where_they_were_measured() -> None:
    one, other = (
        Candidate(Recipe(width=width), b"", {"size_bytes": size, "drop_pct": 0.0}, [])
        for width, size in ((1.0, 10), (0.5, 5))
    )
    assert on_front([one, other]) == [False, True]
    one.timed, other.timed = ({"latency_b1_ms": each, "latency_batch_ms": 1.0} for each in (0.1, 0.2))
    assert on_front([one, other]) == [True, True]
