"""Patterns, slips, bounds, dependencies: what good values look like, told from values that are nearly all good."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.drafting.bounds import bounds
from slipway.drafting.dependencies import dependencies
from slipway.drafting.patterns import common_pattern
from slipway.drafting.profiling import profile
from slipway.drafting.slips import slips


@pytest.mark.parametrize(
    ("values", "good", "bad"),
    [
        ({"35233": 60, "35957": 39, "3x957": 1}, ["12345"], ["1234", "x2345"]),
        (
            {"7:10 a.m.": 50, "11:45 p.m.": 48, "Not Available": 2},
            ["12:00 p.m."],
            ["12/02/2011 6:55 a.m.", "7:10 x.m."],
        ),
        ({"98%": 50, "7%": 20, "100%": 9, "empty": 20, "9x%": 1}, ["55%", "empty"], ["x%", "98 %"]),
        ({"A-1.5+": 60, "B-2.5+": 40}, ["A-9.9+"], ["A-15+", "C-1.5+"]),
        (
            {"DE89 3704": 10, "FR14 2004": 10, "IT60 0542": 10, "ES91 2100": 10, "NL91 1234": 10},
            ["XY12 3456"],
            ["DE89"],
        ),
    ],
)
def test_the_common_format_takes_the_good_and_refuses_the_bad(values, good, bad):
    pattern = common_pattern(values)
    for text in good:
        assert re.fullmatch(pattern, text)
        assert pl.Series([text]).str.contains(pattern).all()
    for text in bad:
        assert not re.search(pattern, text)
        assert not pl.Series([text]).str.contains(pattern).any()


@pytest.mark.parametrize(
    "values", [{"red": 5, "dark blue": 5}, {"Ann": 1, "Bob Lee": 1}, {}, {"a1": 1, "1a": 1, "-1": 1, "1-": 1, "x-1": 1}]
)
def test_words_and_mixtures_have_no_common_format(values):
    assert common_pattern(values) is None


@given(st.dictionaries(st.text(max_size=12), st.integers(1, 50), max_size=12))
def test_a_format_is_an_expression_for_python_and_polars_and_matches_most(counts):
    pattern = common_pattern(counts)
    if pattern is not None:
        matched = sum(count for value, count in counts.items() if re.search(pattern, value))
        assert matched >= 0.8 * sum(counts.values())
        frame = pl.DataFrame({"value": list(counts)})
        for value, found in zip(counts, frame["value"].str.contains(pattern), strict=True):
            assert found == bool(re.search(pattern, value)) or not value.isascii()


def test_a_slip_is_a_rare_value_that_breaks_the_spelling_of_its_column():
    counts = {
        "birmingham": 90,
        "montgomery": 80,
        "mobile": 70,
        "birmingxam": 1,
        "mxbile": 1,
        "huntsville": 2,
        "mobil": 1,
    }
    assert slips(counts, 300) == {"birmingxam": "birmingham", "mxbile": "mobile", "mobil": "mobile"}


@pytest.mark.parametrize(
    "counts",
    [
        {"2011": 90, "2012": 1},
        {"35233": 90, "35235": 1},
        {"male": 90, "female": 1},
        {"7:25 a.m.": 90, "8:00 p.m.": 50, "7:25 p.m.": 1},
        {"Rome": 50, "ROME": 1},
        {"al_1": 50, "al_2": 50, "ak_1": 1, "ak_2": 1, "ak_3": 2, "ak_4": 3},
    ],
)
def test_other_numbers_other_words_and_other_capitals_are_no_slips(counts):
    assert slips(counts, sum(counts.values())) == {}


def numbers(tmp_path, values):
    return profile(pl.LazyFrame({"x": values}), missing=[], work=tmp_path).columns["x"]


def test_a_range_has_room_and_leaves_out_what_stands_far_away(tmp_path):
    low, high = bounds(numbers(tmp_path, [float(n) for n in range(100, 1100)]))
    assert (low, high) == (0, 1600)
    assert bounds(numbers(tmp_path, [*(float(n) for n in range(1000)), 1e9])).high < 1e4
    assert bounds(numbers(tmp_path, [n / 1000 for n in range(1001)])) == (0, 1)
    assert bounds(numbers(tmp_path, [-5.0, 5.0])).low < -5


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=90))
def test_few_values_are_all_in_their_range(tmp_path_factory, values):
    low, high = bounds(numbers(tmp_path_factory.mktemp("x"), values))
    assert low <= min(values)
    assert max(values) <= high


def test_a_dependency_that_few_rows_break_is_found(tmp_path):
    zips = ["35233", "35957", "36116", "36301"] * 100
    cities = ["birmingham", "boaz", "montgomery", "dothan"] * 100
    cities[17] = "rome"
    noise = [str(n * 7919 % 13) for n in range(400)]
    seen = profile(
        pl.LazyFrame({"city": cities, "noise": noise, "code": [f"z{z}" for z in zips]}), missing=[], work=tmp_path
    )
    found = dependencies(seen, ["city", "noise", "code"])
    assert [(one.determinant, one.dependent, one.num_broken) for one in found] == [("code", "city", 1)]
