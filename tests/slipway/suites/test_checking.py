"""Running a suite: findings, a stable result, and errors that name the expectation."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from slipway.errors import DataError, ParamsError
from slipway.files import dump_json
from slipway.suites.checking import check
from slipway.suites.suite import Suite

TABLE = pl.DataFrame(
    {
        "age": [36, None, -1, 200],
        "name": ["Ada", "Bob", None, "Cyd"],
        "score": [0.5, float("nan"), 1.0, 2.0],
        "image": [b"12", b"\xff\x00", b"1", None],
        "other": [1, 2, 3, 4],
    }
)


def run(*expectations, table=TABLE):
    suite = {"name": "s", "expectations": [{"severity": "warning", **each} for each in expectations]}
    return check(table, Suite.model_validate(suite), where=Path("raw.suite.yaml"))


def column(name, column, **kwargs):
    return {"type": f"expect_column_{name}", "kwargs": {"column": column, **kwargs}}


def test_findings_come_in_the_suites_order_with_the_number_of_rows_that_break():
    report = run(
        column("values_to_not_be_null", "score"),
        column("values_to_be_between", "age", min_value=0, max_value=120),
        {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}},
        column("value_lengths_to_equal", "image", value=2),
    )
    assert [(each.success, each.num_rows) for each in report.findings] == [
        (False, 1),
        (False, 2),
        (True, None),
        (False, 1),
    ]
    assert report.result["statistics"]["successful_expectations"] == 1


def test_failures_of_severity_info_are_no_failures():
    report = run(column("values_to_not_be_null", "age") | {"severity": "info"})
    assert report.failed() == []
    assert not report.findings[0].success


def test_a_mostly_that_is_kept_is_a_success():
    assert run(column("values_to_not_be_null", "age", mostly=0.7)).failed() == []


def test_all_columns_count():
    report = run({"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": TABLE.columns}})
    assert report.findings[0].success


def test_a_condition_on_rows_sees_its_column():
    condition = {"type": "comparison", "column": {"name": "other"}, "operator": ">", "parameter": 3}
    report = run(column("values_to_be_between", "age", max_value=120, row_condition=condition))
    assert report.findings[0].num_rows == 1
    assert report.result["results"][0]["result"]["partial_unexpected_list"] == [200]


def test_dates_are_compared_as_dates():
    table = pl.DataFrame({"day": ["2026-01-02", "2020-01-01"]}).select(pl.col("day").str.to_date())
    table = table.with_columns(pl.col("day").cast(pl.Datetime).alias("time"))
    expected = column("values_to_be_between", "day", min_value="2025-01-01")
    with_time = column("values_to_be_between", "time", min_value="2025-01-01 12:00:00")
    found = run(expected, with_time, table=table).result["results"]
    assert [each["result"]["partial_unexpected_list"] for each in found] == [["2020-01-01"], ["2020-01-01T00:00:00"]]


def test_the_result_holds_no_ids_no_times_and_no_lists_as_long_as_the_table():
    report = run(column("values_to_not_be_null", "age"), column("values_to_be_in_set", "name", value_set=["x" * 500]))
    text = dump_json(report.result)
    assert "run_id" not in text
    assert "batch_id" not in text
    assert "time" not in text
    assert '"unexpected_index_list"' not in text
    assert "x" * 201 not in text


@pytest.mark.parametrize(
    ("each", "error", "message"),
    [
        (column("values_to_be_betwen", "age"), ParamsError, "did you mean expect_column_values_to_be_between"),
        (
            column("values_to_be_between", "age", minimum=0),
            ParamsError,
            r"\(expect_column_values_to_be_between\): .*minimum = 0: extra",
        ),
        (
            column("values_to_be_between", "age", max_value="x"),
            ParamsError,
            "max_value = 'x': value is not a valid float",
        ),
        (column("values_to_be_between", "age"), ParamsError, "min_value"),
        (column("values_to_be_between", "aeg", min_value=0), DataError, "no column 'aeg'; did you mean 'age'"),
        (column("values_to_be_between", "name", min_value=0), DataError, "name: values_to_be_between.* cannot be"),
    ],
)
def test_a_wrong_expectation_is_named_with_its_file(each, error, message):
    with pytest.raises(error, match=message) as raised:
        run(each)
    assert "raw.suite.yaml" in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3


@pytest.mark.slow
def test_the_result_is_the_same_in_every_process():
    code = (
        "import polars as pl; from pathlib import Path; from slipway.suites.checking import check\n"
        "from slipway.suites.suite import Suite; from slipway.files import dump_json\n"
        "kwargs = {'column': 'x', 'value_set': ['a']}\n"
        "each = {'type': 'expect_column_values_to_be_in_set', 'kwargs': kwargs, 'severity': 'warning'}\n"
        "suite = Suite.model_validate({'name': 's', 'expectations': [each]})\n"
        "table = pl.DataFrame({'x': ['d', 'c', 'b', 'e', 'c', 'b', 'f']})\n"
        "print(dump_json(check(table, suite, where=Path('s')).result))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_importing_the_module_does_not_import_great_expectations():
    code = (
        "import sys, slipway.suites.checking; sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_needs_python_is_computed_beside_the_rest():
    there = {"type": "nullity", "column": {"name": "t"}, "is_null": False}
    table = pl.DataFrame({"t": ["a b", "e\u0301", "2026-01-02", None, "x\x1c"]})
    report = run(
        column("values_to_match_regex", "t", regex=r"^[^\s]+$"),
        column("values_to_match_regex", "t", regex=r"^[^\s]+$", row_condition=there),
        column("values_to_match_regex", "t", regex=r"(?i)^A"),
        column("values_to_match_strftime_format", "t", strftime_format="%Y-%m-%d"),
        column("values_to_not_be_null", "t"),
        table=table,
    )
    assert [each.num_rows for each in report.findings] == [2, 2, 3, 3, 1]
