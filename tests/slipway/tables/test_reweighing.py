"""Reweighed rows: the class no longer depends on the group, nothing is invented, and the paper's example comes out."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import DataError
from slipway.tables.reweighing import reweighed

PAIRS = st.tuples(st.sampled_from("abc"), st.sampled_from(["no", "yes"]))


def taken(pairs: list[tuple[str, str]], *, seed: int = 3) -> tuple[list[int], dict]:
    groups, classes = (pl.Series(list(values)) for values in zip(*pairs, strict=True))
    rows, done = reweighed(groups, classes, seed=seed)
    return rows.tolist(), done


def test_the_weights_are_those_of_the_papers_example():
    """Ten applicants, table 1: four of five men and two of five women are given the job."""
    men, women = [("m", "+")] * 4 + [("m", "-")], [("f", "+")] * 2 + [("f", "-")] * 3
    rows, done = taken(men + women)
    assert done["weights"]["m"] == {"+": 0.75, "-": 2.0}
    assert done["weights"]["f"] == {"+": 1.5, "-": pytest.approx(0.666667)}
    kinds = [(men + women)[row] for row in rows]
    assert {pair: kinds.count(pair) for pair in set(kinds)} == {
        ("m", "+"): 3,
        ("m", "-"): 2,
        ("f", "+"): 3,
        ("f", "-"): 2,
    }


@given(st.lists(PAIRS, min_size=20, max_size=200))
def test_rows_are_as_many_as_their_weight_says(pairs):
    if len({group for group, _ in pairs}) < 2:
        return
    rows, done = taken(pairs)
    kinds = [pairs[row] for row in rows]
    for pair in set(pairs):
        weight, before = done["weights"][pair[0]][pair[1]], pairs.count(pair)
        assert kinds.count(pair) == pytest.approx(weight * before, abs=0.51) or kinds.count(pair) == 1
        times = [rows.count(place) for place, each in enumerate(pairs) if each == pair]
        assert max(times) - min(times) <= 1, "rows of one kind are taken alike"
    assert rows == sorted(rows)


def test_the_class_becomes_independent_of_the_group():
    random = np.random.default_rng(0)
    groups = random.choice(["a", "b"], 4000)
    classes = np.where(random.random(4000) < np.where(groups == "a", 0.6, 0.1), "yes", "no")
    rows, _ = taken(list(zip(groups.tolist(), classes.tolist(), strict=True)))
    shares = [(classes[rows][groups[rows] == group] == "yes").mean() for group in "ab"]
    assert shares[0] == pytest.approx(shares[1], abs=1e-3)
    assert len(rows) == pytest.approx(4000, abs=2)


def test_the_seed_decides_and_a_pair_that_never_occurs_is_told():
    pairs = [("a", "no")] * 7 + [("a", "yes")] * 4 + [("b", "no")] * 5
    assert taken(pairs, seed=1) == taken(pairs, seed=1) != taken(pairs, seed=2)
    assert taken(pairs)[1]["absent"] == ["b with class yes"]


def test_one_group_and_very_many_are_refused():
    with pytest.raises(DataError, match="it has 1 groups, and between 2 and 50"):
        taken([("a", "no")] * 5)
    with pytest.raises(DataError, match="it has 60 groups"):
        taken([(f"{number}", "no") for number in range(60)])
