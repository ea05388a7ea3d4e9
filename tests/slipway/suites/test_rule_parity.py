"""A record is judged as Great Expectations and validate judge its row, and a pattern of LIKE as SQL matches it."""

import sqlite3
from datetime import datetime

import polars as pl
import pytest
from drawn_rules import ARGUMENTS, MORE, any_records, expectations, records
from gx_oracle import broken_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from written_rules import KINDS, broken, column

from slipway.gx_polars.row_rules import row_rule
from slipway.suites.checks import Matches
from slipway.suites.compiling import PROMISES, compile_rule
from slipway.suites.rules import Rule

# On a row_condition of these the pandas engine contradicts itself: it counts rows that it does not look at.
NO_CONDITION = ("column_pair_values_to_be_in_set",)
LIKE = {name for name in PROMISES if "like_pattern" in name}
DTYPES = {"number": pl.Float64, "text": pl.String, "date": pl.Datetime("us"), "bytes": pl.Binary}
SCHEMA = {name: DTYPES[kind] for name, kind in KINDS.items()} | {"c": pl.Int64, "e": pl.Date}


def test_every_rule_has_a_random_counterpart_here():
    assert {f"expect_{name}" for name in ARGUMENTS} | LIKE == set(PROMISES)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(expectations(no_condition=NO_CONDITION), min_size=1, max_size=6), st.lists(records, min_size=1, max_size=6)
)
def test_a_record_is_judged_as_great_expectations_judges_its_row(suite, rows):
    for each, expected in zip(suite, broken_rows(suite, rows, KINDS), strict=True):
        rule = compile_rule(each, KINDS)
        assert isinstance(rule, Rule), rule
        mine = [position for position, record in enumerate(rows) if broken([rule], record)]
        if isinstance(expected, str):
            assert each.type == "expect_column_values_to_match_json_schema", expected
        else:
            assert mine == expected, each


def cell(value, dtype):
    if value is None or dtype not in (pl.Date, pl.Datetime("us")):
        return value
    return datetime.fromisoformat(value).date() if dtype == pl.Date else datetime.fromisoformat(value)


@settings(max_examples=400, deadline=None)
@given(expectations(MORE), st.lists(any_records, min_size=1, max_size=6))
def test_a_record_is_judged_as_validate_judges_its_row(each, rows):
    rows = [{**row, "e": row["e"] and row["e"][:10]} for row in rows]
    if each.type == "expect_column_values_to_match_json_schema":  # of a text that is no JSON validate can say nothing
        rows = [{**row, each.kwargs["column"]: '{"a": 1}'} for row in rows]
    cells = [{name: cell(row[name], dtype) for name, dtype in SCHEMA.items()} for row in rows]
    table = pl.DataFrame(cells, schema=SCHEMA)
    rule = compile_rule(each, KINDS)
    assert isinstance(rule, Rule), rule
    mine = [position for position, row in enumerate(rows) if broken([rule], row)]
    bad = table.select(row_rule(each.type, each.kwargs, table.schema)).to_series()
    assert mine == bad.arg_true().to_list(), (each, rows)


LIKE_ALPHABET = "ab%_!\\.é\n"


@settings(max_examples=200, deadline=None)
@given(st.text(LIKE_ALPHABET, max_size=5), st.text(LIKE_ALPHABET, max_size=5), st.none() | st.sampled_from("!\\"))
def test_like_patterns_match_as_they_do_in_sql(value, pattern, escape):
    if escape and (pattern.replace(escape * 2, "").endswith(escape)):
        return  # SQLite matches nothing, other databases refuse it, and so does compiling
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = ON")
        clause = "? LIKE ? ESCAPE ?" if escape else "? LIKE ?"
        [(expected,)] = database.execute(f"SELECT {clause}", [value, pattern, *([escape] if escape else [])])
    check = Matches(name="matches", patterns=[pattern], like=True, escape=escape)
    assert check.compiled()(value) == bool(expected)


@pytest.mark.parametrize(
    ("kwargs", "match", "held"),
    [
        ({"like_pattern": "A-%"}, "to_match_like_pattern", ["A-1"]),
        ({"like_pattern": "A!-%", "escape": "!"}, "to_match_like_pattern", ["A-1"]),
        ({"like_pattern": "A-%"}, "to_not_match_like_pattern", ["B-1", "a-1", "xA-1"]),
        ({"like_pattern_list": ["A-%", "%1"]}, "to_match_like_pattern_list", ["A-1", "B-1", "a-1", "xA-1"]),
        ({"like_pattern_list": ["A-%", "%1"], "match_on": "all"}, "to_match_like_pattern_list", ["A-1"]),
        ({"like_pattern_list": ["A-%", "B%"]}, "to_not_match_like_pattern_list", ["a-1", "xA-1"]),
    ],
)
def test_lists_of_like_patterns(kwargs, match, held):
    rule = compile_rule(column(f"values_{match}", "t", **kwargs), KINDS)
    assert [text for text in ["A-1", "B-1", "a-1", "xA-1"] if not broken([rule], {"t": text})] == held
