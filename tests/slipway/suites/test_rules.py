"""Row rules: equal to Great Expectations, value by value, and never silent about what they cannot check."""

import json
import math
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import BundleError
from slipway.suites.checking import check, row_rules
from slipway.suites.compiling import compile_rule, write_rules
from slipway.suites.rules import NotServed, Rule, broken, parse_rules
from slipway.suites.suite import Expectation, Suite

KINDS = {"n": "number", "t": "text", "image": "bytes"}

EXPRESSIBLE = [
    ("values_to_not_be_null", "n", {}),
    ("values_to_not_be_null", "t", {}),
    ("values_to_be_between", "n", {"min_value": -1, "max_value": 2}),
    ("values_to_be_between", "n", {"min_value": 0, "strict_min": True}),
    ("values_to_be_between", "n", {"max_value": 1.5, "strict_max": True}),
    ("values_to_be_in_set", "n", {"value_set": [0, 1, 2.5]}),
    ("values_to_be_in_set", "t", {"value_set": ["a", "b", "1"]}),
    ("values_to_not_be_in_set", "n", {"value_set": [1]}),
    ("values_to_not_be_in_set", "t", {"value_set": ["a", ""]}),
    ("values_to_match_regex", "t", {"regex": "^[ab]+$"}),
    ("values_to_match_regex", "t", {"regex": "b"}),
    ("value_lengths_to_equal", "t", {"value": 1}),
    ("value_lengths_to_be_between", "t", {"min_value": 1, "max_value": 2, "strict_max": True}),
    ("value_lengths_to_equal", "image", {"value": 2}),
    ("values_to_not_be_null", "image", {}),
]


def expectation(name, column, kwargs, severity="warning"):
    return Expectation(type=f"expect_column_{name}", kwargs={"column": column, **kwargs}, severity=severity)


numbers = st.none() | st.integers(-3, 3) | st.floats(-3, 3) | st.just(float("nan"))
texts = st.none() | st.text("ab1é \n", max_size=3)
images = st.none() | st.binary(max_size=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(numbers, texts, images), min_size=1, max_size=8))
def test_a_record_is_judged_as_great_expectations_judges_its_row(rows):
    schema = {"n": pl.Float64, "t": pl.String, "image": pl.Binary}
    table = pl.DataFrame(rows, schema=schema, orient="row", strict=False)
    expectations = [expectation(*each) for each in EXPRESSIBLE]
    suite = Suite(name="random", expectations=expectations)
    report = check(table, suite, where=Path("random.yaml"))
    rules = row_rules(suite, table.schema, where=Path("random.yaml"))
    for each, finding, row_rule in zip(expectations, report.findings, rules, strict=True):
        rule = compile_rule(each, KINDS)
        assert isinstance(rule, Rule)
        records = [dict(zip(schema, row, strict=True)) for row in rows]
        mine = [position for position, record in enumerate(records) if broken([rule], record)]
        assert mine == table.select(row_rule.bad).to_series().arg_true().to_list(), each.title
        assert len(mine) == finding.num_rows, each.title


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (expectation("values_to_be_unique", "n", {}), "no rule"),
        (expectation("mean_to_be_between", "n", {"min_value": 0}), "no rule"),
        (expectation("values_to_be_between", "n", {"min_value": 0, "mostly": 0.9}), "mostly"),
        (expectation("values_to_be_between", "n", {"min_value": 0, "row_condition": "n > 1"}), "row_condition"),
        (expectation("values_to_be_between", "n", {"min_value": 0}, severity="info"), "logged"),
        (expectation("values_to_be_between", "t", {"min_value": "a"}), "no numbers"),
        (expectation("values_to_be_between", "n", {"min_value": 0, "max_value": math.inf}), "no infinity"),
        (expectation("values_to_be_in_set", "n", {"value_set": [1, math.nan]}), "no NaN"),
        (expectation("values_to_not_be_null", "target", {}), "is no number, text or image"),
        (expectation("values_to_match_regex", "image", {"regex": "x"}), "of bytes"),
        (expectation("value_lengths_to_equal", "n", {"value": 1}), "texts"),
    ],
)
def test_what_no_rule_expresses_is_listed_with_the_reason(each, reason):
    compiled = compile_rule(each, KINDS)
    assert isinstance(compiled, NotServed)
    assert reason in compiled.reason


def test_rules_survive_their_file(tmp_path):
    expectations = [expectation(*each) for each in EXPRESSIBLE] + [expectation("values_to_be_unique", "n", {})]
    written = write_rules(tmp_path / "rules.json", expectations, KINDS)
    assert parse_rules((tmp_path / "rules.json").read_bytes(), where="rules.json") == written.rules
    content = json.loads((tmp_path / "rules.json").read_text())
    assert [each["expectation"] for each in content["not_served"]] == ["n: values_to_be_unique()"]


def test_the_reason_says_what_the_value_must_be():
    rules = [compile_rule(expectation(*each), KINDS) for each in EXPRESSIBLE]
    assert broken(rules, {"n": 7, "t": "a", "image": b"12"}) == [
        ("n", "must be at least -1 and at most 2"),
        ("n", "must be below 1.5"),
        ("n", "must be one of [0, 1, 2.5]"),
        ("t", "must be none of ['a', '']"),
        ("t", "must match b"),
    ]


def test_an_absent_key_is_a_missing_value():
    rules = [compile_rule(expectation(*each), KINDS) for each in EXPRESSIBLE]
    assert [column for column, _ in broken(rules, {})] == ["n", "t", "image"]


def test_a_number_sent_for_a_column_of_texts_is_judged_as_its_text():
    rule = compile_rule(expectation("values_to_be_in_set", "t", {"value_set": ["1", "2"]}), KINDS)
    assert broken([rule], {"t": 1}) == []
    assert broken([rule], {"t": 2.0}) == []
    assert broken([rule], {"t": 3}) != []


def test_a_text_sent_for_a_column_of_numbers_is_judged_as_its_number():
    rule = compile_rule(expectation("values_to_be_between", "n", {"max_value": 2}), KINDS)
    assert broken([rule], {"n": "1.5"}) == []
    assert broken([rule], {"n": "3"}) == [("n", "must be at most 2")]
    assert broken([rule], {"n": "?"}) == []


def test_damaged_rules_are_refused():
    with pytest.raises(BundleError, match=r"here/rules\.json"):
        parse_rules(b'{"rules": [{}]}', where="here/rules.json")


def test_a_server_can_import_the_rules_without_great_expectations_and_polars():
    heavy = ("great_expectations", "polars", "pandas", "numpy", "prefect", "dvc", "torch")
    code = f"import sys, slipway.suites.rules; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
