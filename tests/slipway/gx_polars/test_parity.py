"""Ours and Great Expectations' pandas engine agree on random tables, but for what differences.py lists."""

import random

import fuzzing
import polars as pl
import pytest

from slipway.gx_polars.differences import DIFFERENCES

# Great Expectations warns of its own row_condition texts, pandas and NumPy of empty tables
pytestmark = pytest.mark.filterwarnings("ignore")

LISTED = {(each.expectation, each.what) for each in DIFFERENCES}
EXPECTATIONS_A_TABLE = 40


@pytest.fixture(scope="module")
def batches():
    return fuzzing.batches()


def found(batches, table, expected):
    """Return what differs, with the expectation that shows it."""
    pandas, polars = batches
    ours, theirs = (
        fuzzing.results(polars, table, expected),
        fuzzing.results(pandas, fuzzing.to_pandas(table), expected),
    )
    assert ours.keys() == theirs.keys()
    differences = {}
    for name, result in ours.items():
        if what := fuzzing.difference(theirs[name], result):
            kind = "any" if what == "counts of gaps" else result.expectation_config.type
            differences[(kind, what)] = (name, theirs[name].result, result.result)
    return differences


@pytest.mark.parametrize(
    ("kind", "num_rows"), [*((kind, 31) for kind in fuzzing.KINDS), ("nulls", 0), ("clean", 1), ("nulls", 2)]
)
def test_a_sample_of_expectations_is_judged_alike(batches, kind, num_rows):
    every = list(fuzzing.expectations())
    expected = random.Random(f"{kind} {num_rows}").sample(every, EXPECTATIONS_A_TABLE)
    unlisted = {
        key: example
        for key, example in found(batches, fuzzing.make_table(kind, num_rows, 1), expected).items()
        if key not in LISTED
    }
    assert not unlisted


def test_each_listed_difference_is_still_one(batches):
    some = [each for each in fuzzing.expectations() if getattr(each, "column", "") in ("d", "i")]
    dates = [each for each in some if not getattr(each, "row_condition", None)]
    table = pl.concat([fuzzing.make_table("nulls", 31, 0), fuzzing.make_table("duplicates", 31, 0)])
    seen = set(found(batches, table, dates))
    seen |= set(found(batches, fuzzing.make_table("clean", 0, 0), of("values_to_be_between", "strftime_format")))
    seen |= set(found(batches, fuzzing.make_table("constant", 31, 0), of("z_scores")))
    assert seen == LISTED


def of(*parts):
    """The expectations whose name holds one of these."""
    return [each for each in fuzzing.expectations() if any(part in each.expectation_type for part in parts)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])
def test_every_expectation_is_judged_alike_on_every_kind_of_table(batches, seed):
    every = list(fuzzing.expectations())
    seen = {}
    for kind in fuzzing.KINDS:
        for num_rows in fuzzing.SIZES:
            seen |= found(batches, fuzzing.make_table(kind, num_rows, seed), every)
    unlisted = {key: example for key, example in seen.items() if key not in LISTED}
    assert not unlisted  # not each seed's tables show every difference: the test above this one asks for each
