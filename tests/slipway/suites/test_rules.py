"""Row rules: what they say, the file that they stand in, and values that are no plain ones of their column."""

import json
import subprocess
import sys
from datetime import date, datetime

import pytest
from written_rules import KINDS, broken, column, expectation, where

from slipway.errors import BundleError
from slipway.suites.compiling import compile_rule, write_rules
from slipway.suites.rules import parse_rules

SUITE = [
    column("values_to_not_be_null", "a"),
    column("values_to_be_between", "a", min_value=-1, max_value=2, strict_max=True),
    column("values_to_be_in_set", "a", value_set=[0, 1, 2.5]),
    column("values_to_not_be_in_set", "t", value_set=["a", ""]),
    column("values_to_match_regex", "t", regex="b"),
    column("value_lengths_to_equal", "image", value=2),
    column("values_to_be_between", "d", min_value=date(2020, 1, 1), max_value=datetime(2021, 1, 1, 12)),
    expectation("column_pair_values_a_to_be_greater_than_b", {"column_A": "b", "column_B": "c", "or_equal": True}),
    expectation("multicolumn_sum_to_equal", {"column_list": ["b", "c"], "sum_total": 10}),
    column("values_to_be_between", "c", min_value=5, **where()),
    column("values_to_be_between", "c", min_value=5, **where(column={"name": "d"}, parameter="2020-06-01")),
]


def test_the_reason_says_what_must_be():
    rules = [compile_rule(each, KINDS) for each in SUITE]
    assert broken(rules, {"a": 7, "b": 2, "c": 3, "t": "a", "image": b"123", "d": "2021-01-02"}) == [
        ("a", "must be at least -1 and below 2"),
        ("a", "must be one of [0, 1, 2.5]"),
        ("t", "must be none of ['a', '']"),
        ("t", "must match b"),
        ("image", "must have length 2"),
        ("d", "must be at least 2020-01-01 and at most 2021-01-01 12:00:00"),
        ("b", "must be at least c"),
        ("b", "must add up with c to 10"),
        ("c", "must be at least 5 where b > 1"),
        ("c", "must be at least 5 where d > '2020-06-01T00:00:00'"),
    ]


def test_rules_survive_their_file(tmp_path):
    written = write_rules(tmp_path / "rules.json", [*SUITE, column("values_to_be_unique", "a")], KINDS)
    assert parse_rules((tmp_path / "rules.json").read_bytes(), where="rules.json") == written
    content = json.loads((tmp_path / "rules.json").read_text())
    assert [each["expectation"] for each in content["not_served"]] == ["a: values_to_be_unique()"]
    record = {"a": 7, "b": 2, "c": 3, "t": "a", "image": b"123", "d": "2021-01-02"}
    read = parse_rules((tmp_path / "rules.json").read_bytes(), where="rules.json")
    assert broken(read.rules, record) == broken(written.rules, record)


def test_a_rule_about_a_column_that_the_model_does_not_take_is_listed(tmp_path):
    written = write_rules(tmp_path / "rules.json", SUITE, KINDS)
    served = written.for_inputs(["a", "c", "t", "image"])
    assert len(served.rules) == 6
    assert [each.reason for each in served.not_served] == [
        "d: no input of the model",
        "b: no input of the model",
        "b: no input of the model",
        "b: no input of the model",
        "d: no input of the model",
    ]
    assert written.for_inputs(KINDS) == written


def test_an_absent_key_is_a_missing_value():
    rules = [compile_rule(column("values_to_not_be_null", name), KINDS) for name in KINDS]
    assert [name for name, _ in broken(rules, {})] == list(KINDS)


def test_a_number_sent_for_a_column_of_texts_is_judged_as_its_text():
    rule = compile_rule(column("values_to_be_in_set", "t", value_set=["1", "2"]), KINDS)
    assert broken([rule], {"t": 1}) == []
    assert broken([rule], {"t": 2.0}) == []
    assert broken([rule], {"t": 3}) != []


def test_a_text_sent_for_a_column_of_numbers_is_judged_as_its_number():
    rule = compile_rule(column("values_to_be_between", "a", max_value=2), KINDS)
    assert broken([rule], {"a": "1.5"}) == []
    assert broken([rule], {"a": "3"}) == [("a", "must be at most 2")]
    assert broken([rule], {"a": "nan"}) == []


@pytest.mark.parametrize(("name", "value"), [("a", "?"), ("d", "soon"), ("d", 7), ("d", "2020-01-01T00:00:00Z")])
def test_what_is_none_of_its_columns_kind_is_left_to_the_reader_of_records(name, value):
    ends = {"number": 0, "date": "2021-01-01"}
    single = column("values_to_be_between", name, min_value=ends[KINDS[name]])
    pair = {"column_A": name, "column_B": {"a": "b", "d": "e"}[name]}
    conditional = column("values_to_not_be_null", "t", **where(column={"name": name}, parameter=ends[KINDS[name]]))
    rules = [
        compile_rule(each, KINDS)
        for each in (single, conditional, expectation("column_pair_values_a_to_be_greater_than_b", pair))
    ]
    assert broken(rules, {name: value, "b": 1, "e": "2020-01-01"}) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": 2, "rules": [{}], "not_served": []}', r"here/rules\.json: rules\.0"),
        (b'{"rules": [{"column": "a"}], "not_served": []}', "is of format 1, this slipway reads 2: run validate"),
        (b'{"format": 3, "rules": []}', "is of format 3"),
        (b"[]", r"here/rules\.json"),
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
    ],
)
def test_damaged_and_older_rules_are_refused(content, message):
    with pytest.raises(BundleError, match=message):
        parse_rules(content, where="here/rules.json")


def test_a_server_can_use_the_rules_without_great_expectations_and_polars():
    heavy = ("great_expectations", "polars", "pandas", "numpy", "prefect", "dvc", "torch", "jsonschema", "dateutil")
    code = f"import sys, slipway.suites.rules; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
