"""Row rules: true on a row that breaks an expectation, never null, and no Great Expectations in sight."""

import datetime as dt
import math
import re
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.gx_polars.column_rules import like_to_regex
from slipway.gx_polars.columns import Table
from slipway.gx_polars.conditions import row_filter
from slipway.gx_polars.pandas_query import ConditionError
from slipway.gx_polars.regexes import contains, to_rust
from slipway.gx_polars.row_rules import row_rule

ROWS = pl.DataFrame(
    {
        "n": [1, None, -1, 200],
        "x": [0.5, math.nan, None, 2.0],
        "t": ["a", "b\n", None, "zz"],
        "d": [dt.date(2020, 1, 1), None, dt.date(2021, 1, 1), dt.date(2022, 1, 1)],
        "b": [True, False, None, True],
        "c": pl.Series(["u", "v", None, "u"], dtype=pl.Categorical),
        "bytes": [b"12", b"\xff", None, b""],
        "big": [2**60 + 1, 2**60, None, 0],
    }
)


def broken(name, **kwargs):
    rule = row_rule(f"expect_{name}", kwargs, ROWS.schema)
    found = ROWS.select(rule.alias("broken"))["broken"]
    assert not found.has_nulls()
    assert len(found) == ROWS.height
    return found.arg_true().to_list()


@pytest.mark.parametrize(
    ("name", "kwargs", "rows"),
    [
        ("column_values_to_not_be_null", {"column": "x"}, [1, 2]),
        ("column_values_to_be_null", {"column": "x"}, [0, 3]),
        ("column_values_to_be_between", {"column": "n", "min_value": 0, "max_value": 100.0}, [2, 3]),
        ("column_values_to_be_between", {"column": "n", "min_value": 1, "strict_min": True}, [0, 2]),
        ("column_values_to_be_between", {"column": "big", "min_value": 2**60 + 1}, [1, 3]),
        ("column_values_to_be_between", {"column": "b", "min_value": 1}, [1]),
        ("column_values_to_be_between", {"column": "d", "min_value": "2021-01-01"}, [0]),
        ("column_values_to_be_between", {"column": "d", "max_value": dt.datetime(2021, 1, 1, 12)}, [3]),
        ("column_values_to_be_in_set", {"column": "n", "value_set": [1, 200.0, "x", 1.5]}, [2]),
        ("column_values_to_be_in_set", {"column": "t", "value_set": ["a", 1]}, [1, 3]),
        ("column_values_to_be_in_set", {"column": "c", "value_set": ["u"]}, [1]),
        ("column_values_to_be_in_set", {"column": "d", "value_set": ["2020-01-01"]}, [2, 3]),
        ("column_values_to_be_in_set", {"column": "bytes", "value_set": ["12"]}, [0, 1, 3]),
        ("column_values_to_be_in_set", {"column": "n", "value_set": []}, [0, 2, 3]),
        ("column_values_to_not_be_in_set", {"column": "b", "value_set": [True, None]}, [0, 3]),
        ("column_values_to_match_regex", {"column": "t", "regex": "^[ab]$"}, [3]),
        ("column_values_to_match_regex", {"column": "b", "regex": "True"}, [1]),
        ("column_value_lengths_to_equal", {"column": "bytes", "value": 1}, [0, 3]),
        ("column_value_lengths_to_equal", {"column": "n", "value": 1}, [2, 3]),
        ("column_pair_values_to_be_equal", {"column_A": "n", "column_B": "t"}, [0, 1, 2, 3]),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "n", "column_B": "x", "ignore_row_if": "either_value_is_missing"},
            [],
        ),
        ("column_pair_values_to_be_in_set", {"column_A": "n", "column_B": "t", "value_pairs_set": []}, [0, 1, 2, 3]),
        ("multicolumn_sum_to_equal", {"column_list": ["n", "x"], "sum_total": 1.5}, [2, 3]),
        ("column_values_to_be_between", {"column": "n", "min_value": 5, "row_condition": "t == 'a'"}, [0]),
    ],
)
def test_a_row_that_breaks_an_expectation_is_found(name, kwargs, rows):
    assert broken(name, **kwargs) == rows


@pytest.mark.parametrize(
    "name", ["table_row_count_to_equal", "column_mean_to_be_between", "column_values_to_be_unique"]
)
def test_what_no_row_alone_can_break_has_no_rule(name):
    assert row_rule(f"expect_{name}", {"column": "n"}, ROWS.schema) is None


@pytest.mark.parametrize(
    ("name", "kwargs", "error", "message"),
    [
        ("column_values_to_be_null", {"column": "tt"}, pl.exceptions.ColumnNotFoundError, "did you mean 't'"),
        ("column_values_to_be_between", {"column": "n"}, ValueError, "cannot both be None"),
        ("column_values_to_be_between", {"column": "n", "min_value": 2, "max_value": 1}, ValueError, "greater than"),
        ("column_values_to_match_regex_list", {"column": "t", "regex_list": ["a"], "match_on": "x"}, ValueError, "'x'"),
        ("column_values_to_be_json_parseable", {"column": "n"}, TypeError, "this column holds Int64"),
        (
            "column_pair_values_to_be_equal",
            {"column_A": "n", "column_B": "x", "ignore_row_if": "never mind"},
            ValueError,
            "'never mind', not one of",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(name, kwargs, error, message):
    with pytest.raises(error, match=message):
        broken(name, **kwargs)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("n > 0", [0, 3]),
        ("n != 1", [1, 2, 3]),
        ("not n > 0", [1, 2]),
        ("`n` in [1, -1] | t == 'zz'", [0, 2, 3]),
        ("t not in ['a']", [1, 2, 3]),
        ("t.isnull()", [2]),
        ("t.notnull() & b", [0, 3]),
        ("0 < n <= 1", [0]),
        ("1 < x", [3]),
        ("x * 2 - 1 == 0", [0]),
        ("n > x", [0, 3]),
        ("n != x", [0, 1, 2, 3]),
        ("d >= '2021-01-01'", [2, 3]),
        ({"type": "pass_through", "pass_through_filter": "n == 200"}, [3]),
        ({"type": "comparison", "column": {"name": "n"}, "operator": "<", "parameter": 0}, [2]),
        ({"type": "comparison", "column": {"name": "n"}, "operator": "NOT_IN", "parameter": [1]}, [1, 2, 3]),
        ({"type": "nullity", "column": {"name": "x"}, "is_null": True}, [1, 2]),
    ],
)
def test_a_condition_picks_rows_as_pandas_does(condition, rows):
    found = ROWS.select(row_filter(condition, Table(ROWS.schema)).alias("left"))["left"]
    assert not found.has_nulls()
    assert found.arg_true().to_list() == rows


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("n >", "no condition that pandas' query reads"),
        ("n = 3", "is no condition"),
        ("t.str.len() > 3", "is not supported"),
        ("n is None", "is not supported"),
        ("@n > 3", "no condition"),
        ({"type": "else"}, "neither a text nor"),
    ],
)
def test_a_condition_that_cannot_be_expressed_is_named(condition, message):
    with pytest.raises(ConditionError, match=message):
        row_filter(condition, Table(ROWS.schema))


PIECES = ["a", "b", "^", "$", ".", "\\n", "[ab]", "[^a]", "(a|b)", "(a|$)", "a*", "b+?", "\\d", "\\w"]
PIECES += ["\\Z", "(?=a)", "[[a]", "é", "+", "{1,2}", "\\<", "\\b"]


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")  # what Python says of [[a]
@given(st.lists(st.sampled_from(PIECES), max_size=4), st.lists(st.text("ab1é\n$[ ", max_size=4), min_size=1))
def test_a_regex_finds_what_python_finds(pieces, texts):
    regex = "".join(pieces)
    try:
        search = re.compile(regex).search
    except re.error:
        return
    found = pl.DataFrame({"t": texts}).select(contains(pl.col("t"), regex).alias("found"))["found"]
    assert found.to_list() == [search(text) is not None for text in texts]


def test_escaped_angle_brackets_are_no_ends_of_words():
    found = pl.DataFrame({"t": ["<a>", "a", " a "]}).select(contains(pl.col("t"), r"\<a\>"))
    assert found["t"].to_list() == [True, False, False]


@pytest.mark.parametrize("regex", ["(?i)a", "a(?=b)", r"(a)\1", "[[a]", "a$b", r"a\z", "a++a", "a?+a", r"\b{start}"])
def test_what_the_two_engines_read_otherwise_is_left_to_python(regex):
    assert to_rust(regex) is None


@given(st.text("ab%_.*\\[", max_size=5), st.text("ab.*\\[\n", max_size=4))
def test_a_like_pattern_matches_as_sql_does(pattern, text):
    by_hand = "".join({"%": "(?s:.*)", "_": "(?s:.)"}.get(each, re.escape(each)) for each in pattern)
    found = pl.select(pl.lit(text).str.contains(like_to_regex(pattern))).item()
    assert found == (re.fullmatch(by_hand, text) is not None)


def test_row_rules_need_no_great_expectations():
    code = (
        "import sys, slipway.gx_polars.splitting; sys.exit(bool({'great_expectations', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
