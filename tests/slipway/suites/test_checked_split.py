"""Checking while parting rows: one pass where what a row breaks is known as it is read, one more where it is not."""

from pathlib import Path

import polars as pl
import pytest

from slipway.errors import ParamsError
from slipway.gx_polars.rounds import Round
from slipway.gx_polars.splitting import Split
from slipway.suites.checking import row_rules
from slipway.suites.splitting import check_and_split
from slipway.suites.suite import Suite

ROWS = pl.DataFrame({"_id": [0, 1, 2], "age": [1, 200, None], "name": ["a", "b", "b"]})
AGE = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "max_value": 120}}
THERE = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "age", "mostly": 0.9}}
UNIQUE = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "name"}}
COLUMNS = {"type": "expect_table_column_count_to_equal", "kwargs": {"value": 2}}


def suite(*expectations, severity="warning"):
    return Suite.model_validate(
        {"name": "s", "expectations": [{"severity": severity, **each} for each in expectations]}
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a suite, and says which rows were bad and how often rows were written."""
    writes = []
    write = Split.write

    def noted(split, good, bad, *tally):
        writes.append(good)
        write(split, good, bad, *tally)

    monkeypatch.setattr(Split, "write", noted)

    def run(*expectations, **options):
        writes.clear()
        good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
        expected = suite(*expectations, **options)
        report = check_and_split(ROWS.lazy(), expected, good=good, bad=bad, where=Path("s.yaml"), hidden=("_id",))
        assert sorted([*pl.read_parquet(good)["_id"], *pl.read_parquet(bad)["_id"]]) == [0, 1, 2]
        return report, pl.read_parquet(bad)["_id"].to_list(), len(writes)

    return run


def test_rules_that_a_row_breaks_by_itself_are_written_once(run):
    report, bad, writes = run(AGE, COLUMNS)
    assert [finding.success for finding in report.findings] == [False, True]
    assert (bad, writes) == ([1], 1)


def test_rows_and_missing_values_are_counted_as_the_rows_are_written(run, monkeypatch):
    asked = []
    run_with_sinks = Round._run_with_sinks
    monkeypatch.setattr(
        Round, "_run_with_sinks", lambda self, group: (asked.extend(group.values()), run_with_sinks(self, group))
    )
    some, none = ({"type": THERE["type"], "kwargs": {"column": name}} for name in ("age", "name"))
    length = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}}
    report, _, writes = run(some, none, length)
    assert [finding.num_rows for finding in report.findings] == [ROWS["age"].null_count(), 0, None]
    assert [finding.success for finding in report.findings] == [False, True, True]
    assert (asked, writes) == ([], 1)


def test_a_failed_mostly_and_a_value_that_is_not_unique_are_written_once_more(run):
    assert run(AGE, THERE, UNIQUE)[1:] == ([1, 2], 2)


def test_what_is_only_logged_sends_no_row_away(run):
    report, bad, writes = run(AGE, THERE, UNIQUE, severity="info")
    assert not any(finding.success for finding in report.findings)
    assert (bad, writes) == ([], 1)


def test_a_critical_rule_sends_its_rows_away_as_evidence(run):
    assert run(AGE, severity="critical")[1] == [1]


def test_a_date_format_that_python_does_not_read_back_is_refused_before_all_rows_are_bad(run):
    rule = {"type": "expect_column_values_to_match_strftime_format", "kwargs": {"column": "name"}}
    with pytest.raises(ParamsError, match=r"expectation 1 \(expect_column_values_to_match.*'D' is a bad directive"):
        run({**rule, "kwargs": {"column": "name", "strftime_format": "%D"}})


def test_a_suite_about_the_schema_alone_still_writes_the_rows(run):
    assert run(COLUMNS)[1] == []


def test_the_number_of_bad_rows_is_counted_where_they_are_written(run):
    report, bad, _ = run({**AGE, "kwargs": {"column": "age", "max_value": 0, "min_value": -1}})
    assert (report.findings[0].num_rows, bad) == (2, [0, 1])


def test_row_rules_are_the_suites_row_level_expectations_in_order():
    found = row_rules(suite(COLUMNS, AGE, UNIQUE, THERE), ROWS.schema, where=Path("s.yaml"))
    assert [rule.title for rule in found] == [
        "age: values_to_be_between(max_value=120)",
        "age: values_to_not_be_null(mostly=0.9)",
    ]
    assert [rule.is_strict for rule in found] == [True, False]
    assert ROWS.select(found[0].bad).to_series().to_list() == [False, True, False]


def test_arguments_that_make_no_sense_are_named_with_the_file():
    wrong = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age"}}
    with pytest.raises(ParamsError, match=r"s\.yaml, expectation 1 .*cannot both be None"):
        row_rules(suite(wrong), ROWS.schema, where=Path("s.yaml"))
