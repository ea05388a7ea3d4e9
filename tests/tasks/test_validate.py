"""The validate stage: good and bad rows are all rows, and a fail is a verdict."""

import json

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from slipway.product.validate import Validate
from slipway.suites.rules import parse_rules
from slipway.tables.schema import ROW_ID, Column, Schema
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


UNIQUE = "{type: expect_column_values_to_be_unique, kwargs: {column: name}, severity: warning}"
RISING = "{type: expect_column_values_to_be_increasing, kwargs: {column: age}, severity: warning}"
Z_SCORE = "{column: age, threshold: 3, double_sided: true}"
OUTLIERS = f"{{type: expect_column_value_z_scores_to_be_less_than, kwargs: {Z_SCORE}, severity: warning}}"


def write_rows(folder, rows):
    """Write what ingest writes, without ingest."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in rows.schema.items()]
    rows.with_row_index(ROW_ID).with_columns(pl.col(ROW_ID).cast(pl.Int64)).write_parquet(folder / "table.parquet")
    Schema(product=Product(kind="tabular", target=None), columns=columns, classes=None).write(folder)
    return folder


@pytest.fixture
def run_rows(tmp_path):
    """Return a function that validates rows of one's own."""

    def run(rows, *lines, **params):
        suite = tmp_path / "raw.suite.yaml"
        suite.write_text("name: raw\nexpectations:\n" + "".join(f"  - {line}\n" for line in lines))
        return validate(write_rows(tmp_path / "in", rows), suite, tmp_path / "data" / "validate", Validate(**params))

    return run


def bad_ids(out):
    return pl.read_parquet(out / "quarantine.parquet")["_id"].to_list()


def test_what_depends_on_other_rows_goes_to_quarantine_too(run_rows):
    rows = pl.DataFrame({"age": [*range(20), 5, 2000], "name": [f"n{place}" for place in range(21)] + ["n3"]})
    out = run_rows(rows, AGE, UNIQUE, RISING, OUTLIERS, max_quarantine_pct=50)
    bad = pl.read_parquet(out / "quarantine.parquet")
    assert bad["_id"].to_list() == [3, 20, 21]
    assert [[reason.split("(")[0] for reason in reasons] for reasons in bad["_reasons"]] == [
        ["name: values_to_be_unique"],
        ["age: values_to_be_increasing"],
        ["age: values_to_be_between", "name: values_to_be_unique", "age: value_z_scores_to_be_less_than"],
    ]
    assert verdict(out)["passed"]
    assert pl.read_parquet(out / "table.parquet").height == 19


def test_a_mostly_that_is_kept_sends_no_row_away_and_one_that_fails_does(run):
    mostly = NAME.replace("name}", "name, mostly: MOSTLY}")
    assert bad_ids(run(mostly.replace("MOSTLY", "0.9"))) == []
    assert bad_ids(run(mostly.replace("MOSTLY", "0.99"), AGE, max_quarantine_pct=50)) == [18, 19]


def test_a_rule_with_a_condition_sends_away_the_rows_that_it_looks_at(run):
    condition = "{type: comparison, column: {name: y}, operator: '==', parameter: b}"
    assert bad_ids(run(AGE.replace("max_value: 120", f"max_value: 120, row_condition: {condition}"))) == [19]


def test_a_suite_that_names_a_column_that_is_gone_says_so_and_leaves_no_output(run, tmp_path):
    with pytest.raises(
        DataError, match=r"raw\.suite\.yaml, expectation 1 .*no column 'nmae'; did you mean 'name'"
    ) as error:
        run(NAME.replace("name}", "nmae}"))
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "data" / "validate").exists()
    assert "nmae" in (tmp_path / "data" / "failed" / "validate" / "error.txt").read_text()


def test_a_condition_on_a_column_that_is_gone_says_so(run):
    condition = "{type: comparison, column: {name: yy}, operator: '==', parameter: b}"
    with pytest.raises(DataError, match="no column 'yy'"):
        run(AGE.replace("max_value: 120", f"max_value: 120, row_condition: {condition}"))


def test_a_column_of_mixed_types_is_text_and_a_rule_on_numbers_says_so(run_rows):
    rows = pl.DataFrame({"age": ["36", "old", "n/a"]})
    with pytest.raises(DataError, match=r"age: values_to_be_between\(.*cannot be computed: cannot compare string"):
        run_rows(rows, AGE)


def test_10_000_columns_are_validated_with_a_rule_on_each(run_rows):
    rows = pl.DataFrame({f"c{place}": [1.0, None] for place in range(10_000)})
    lines = [NAME.replace("name}", f"c{place}}}") for place in range(0, 10_000, 100)]
    out = run_rows(rows, *lines, max_quarantine_pct=50)
    assert bad_ids(out) == [1]
    assert pl.read_parquet(out / "quarantine.parquet")["_reasons"].list.len().item() == 100


def test_zero_rows_are_a_verdict(run_rows):
    rows = pl.DataFrame(schema={"age": pl.Int64, "name": pl.String})
    out = run_rows(rows, AGE, UNIQUE, OUTLIERS, ROWS)
    assert verdict(out)["reasons"] == ["table_row_count_to_be_between(min_value=100): observed 0"]
    assert verdict(out)["quarantined_pct"] == 0
    assert pl.read_parquet(out / "quarantine.parquet").schema["_reasons"] == pl.List(pl.String)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Null])
def test_an_all_null_column_breaks_nothing_but_the_rule_that_it_is_there(run_rows, dtype):
    rows = pl.DataFrame({"age": pl.Series([None] * 3, dtype=dtype), "name": ["a", "b", "c"]})
    assert bad_ids(run_rows(rows, AGE, OUTLIERS, UNIQUE)) == []
    assert bad_ids(run_rows(rows, NAME.replace("name}", "age}"))) == [0, 1, 2]


def test_the_rows_stay_in_order_and_in_the_same_bytes_however_many_there_are(run_rows):
    rows = pl.DataFrame(
        {"age": [place % 130 for place in range(300_000)], "x": [place / 7 for place in range(300_000)]}
    )
    mean = "{type: expect_column_mean_to_be_between, kwargs: {column: x, min_value: 0}, severity: warning}"
    out = run_rows(rows, AGE, mean, max_quarantine_pct=50)
    good = pl.read_parquet(out / "table.parquet")
    assert good["_id"].is_sorted()
    assert bad_ids(out) == [place for place in range(300_000) if place % 130 > 120]
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert first == {
        path.name: path.read_bytes() for path in run_rows(rows, AGE, mean, max_quarantine_pct=50).iterdir()
    }


def test_a_nan_is_missing_to_a_rule_and_is_written_as_it_came(run_rows):
    rows = pl.DataFrame({"age": [1.0, float("nan"), 2.0]})
    out = run_rows(rows, AGE, NAME.replace("name}", "age}"), max_quarantine_pct=50)
    assert bad_ids(out) == [1]
    assert pl.read_parquet(out / "quarantine.parquet")["age"].is_nan().all()


def test_the_same_table_gives_the_same_bytes(run):
    first = {path.name: path.read_bytes() for path in run(AGE, NAME).iterdir()}
    assert first == {path.name: path.read_bytes() for path in run(AGE, NAME).iterdir()}
