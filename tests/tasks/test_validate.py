"""The validate stage: good and bad rows are all rows, and a fail is a verdict."""

import json

import polars as pl
import pytest

from slipway.product.ingest import Ingest
from slipway.product.product import Product
from slipway.product.validate import Validate
from slipway.suites.rules import parse_rules
from tasks.ingest import ingest
from tasks.validate import validate

CSV = "age,name,y\n" + "\n".join(f"{age},n{age},{'a' if age % 2 else 'b'}" for age in range(18)) + "\n-1,x,a\n200,,b\n"

AGE = (
    "{type: expect_column_values_to_be_between, kwargs: {column: age, min_value: 0, max_value: 120}, severity: warning}"
)
NAME = "{type: expect_column_values_to_not_be_null, kwargs: {column: name}, severity: warning}"
ROWS = "{type: expect_table_row_count_to_be_between, kwargs: {min_value: 100}, severity: warning}"


@pytest.fixture
def run(tmp_path):
    """Return a function that validates the table by a suite of these lines."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "rows.csv").write_text(CSV)
    product = Product(kind="tabular", target="y")
    table = ingest(tmp_path / "source", tmp_path / "data" / "ingest", Ingest(source="rows.csv"), product)

    def run(*lines, **params):
        suite = tmp_path / "raw.suite.yaml"
        suite.write_text("name: raw\nexpectations:\n" + "".join(f"  - {line}\n" for line in lines))
        return validate(table, suite, tmp_path / "data" / "validate", Validate(**params))

    return run


def verdict(out):
    return json.loads((out / "validation.json").read_text())


def test_bad_rows_go_to_quarantine_with_all_their_reasons(run):
    out = run(AGE, NAME, max_quarantine_pct=10)
    bad = pl.read_parquet(out / "quarantine.parquet")
    assert bad["_id"].to_list() == [18, 19]
    age = "age: values_to_be_between(min_value=0, max_value=120)"
    assert bad["_reasons"].to_list() == [[age], [age, "name: values_to_not_be_null()"]]
    assert verdict(out)["passed"] is True
    assert verdict(out)["quarantined_pct"] == 10


def test_good_and_bad_rows_are_all_rows(run):
    out = run(AGE, NAME)
    good, bad = (pl.read_parquet(out / name) for name in ("table.parquet", "quarantine.parquet"))
    assert sorted([*good["_id"], *bad["_id"]]) == list(range(20))
    assert good["_id"].is_sorted()


def test_too_many_bad_rows_fail_the_table_with_both_numbers(run):
    out = run(AGE, max_quarantine_pct=5)
    assert verdict(out)["passed"] is False
    assert "10 %" in verdict(out)["reasons"][0]
    assert "allows 5 %" in verdict(out)["reasons"][0]


def test_a_failure_of_the_whole_table_fails_it_whatever_its_budget(run):
    out = run(ROWS, max_quarantine_pct=100)
    assert verdict(out)["reasons"] == ["table_row_count_to_be_between(min_value=100): observed 20"]
    assert pl.read_parquet(out / "table.parquet").height == 20


def test_a_critical_rule_that_one_row_breaks_fails_the_table(run):
    out = run(NAME.replace("warning", "critical"), max_quarantine_pct=100)
    assert verdict(out)["reasons"] == ["name: values_to_not_be_null(): 1 row broke it"]


def test_info_is_logged_only(run):
    out = run(AGE.replace("warning", "info"), ROWS.replace("warning", "info"))
    assert verdict(out)["passed"] is True
    assert verdict(out)["quarantined"] == 0
    assert [each["success"] for each in verdict(out)["result"]["results"]] == [False, False]


def test_an_empty_quarantine_has_its_columns(run):
    bad = pl.read_parquet(run(NAME.replace("name}", "age}")) / "quarantine.parquet")
    assert bad.height == 0
    assert bad.schema["_reasons"] == pl.List(pl.String)


def test_the_rules_for_serving_are_those_of_the_features(run):
    path = run(AGE, NAME, NAME.replace("name}", "y}")) / "rules.json"
    rules = parse_rules(path.read_bytes(), where=str(path))
    assert [rule.columns for rule in rules.rules] == [["age"], ["name"]]


def test_the_same_table_gives_the_same_bytes(run):
    first = {path.name: path.read_bytes() for path in run(AGE, NAME).iterdir()}
    assert first == {path.name: path.read_bytes() for path in run(AGE, NAME).iterdir()}
