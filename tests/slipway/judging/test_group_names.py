"""Groups of rows: values as they are, many numbers as quarters, and every row in exactly one group."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import DataError
from slipway.judging.groups import groups_of

NUMBERS = st.one_of(st.none(), st.integers(-(10**6), 10**6), st.floats(allow_infinity=False, width=32))


def named(values: list, dtype: type[pl.DataType] = pl.Float64) -> list[str]:
    return groups_of(pl.DataFrame({"column": pl.Series(values, dtype=dtype)}), "column").to_list()


def test_few_numbers_are_groups_of_their_own_and_have_short_names():
    assert named([1, 2.5, None, math.nan, 1]) == ["1", "2.5", "missing", "missing", "1"]


def test_truth_values_and_texts_keep_their_names():
    assert named([True, None, False], pl.Boolean) == ["true", "missing", "false"]
    assert named(["b", "", None], pl.String) == ["b", "", "missing"]


def test_a_column_of_missing_values_is_one_group():
    assert named([None, None], pl.Int64) == named([None, None], pl.String) == ["missing", "missing"]


def test_many_numbers_fall_into_quarters_of_about_the_same_size():
    groups = named([*range(1000)], pl.Int64)
    assert {group: groups.count(group) for group in groups} == {
        "at most 249": 250,
        "over 249 to 499": 250,
        "over 499 to 749": 250,
        "over 749": 250,
    }


def test_quarters_that_ties_make_equal_are_one():
    assert set(named([0] * 900 + [*range(1, 101)])) == {"at most 0", "over 0"}
    assert set(named([1000] * 900 + [*range(100)])) == {"all"}


def test_images_make_no_groups():
    with pytest.raises(DataError, match=r"'column' is of type Binary.*remove it from product\.sensitive"):
        named([b"\xff"], pl.Binary)


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_groups_of_numbers_never_overlap_and_equal_numbers_share_one(values):
    groups = named(values)
    known = sorted((v, g) for v, g in zip(values, groups, strict=True) if v is not None and not math.isnan(v))
    assert all(g == "missing" for v, g in zip(values, groups, strict=True) if v is None or math.isnan(v))
    order = [group for _, group in known]
    seen = list(dict.fromkeys(order))
    assert order == [group for group in seen for _ in range(order.count(group))]
    assert len({(v, g) for v, g in known}) == len({v for v, _ in known})
