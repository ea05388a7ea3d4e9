"""Data Docs say what each expectation found and which rows were set aside, load nothing, and keep private rows in."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from slipway.files import write_json
from slipway.report.data_docs import gather_docs, render_docs
from slipway.report.quarantine import MAX_COLUMNS, MAX_ROWS, set_aside

NAUGHTY = "<script>alert(1)</script>"


def result(name: str, kwargs: dict[str, Any], *, success: bool, severity: str = "warning", **found: Any) -> dict:
    config = {"type": f"expect_{name}", "kwargs": kwargs, "severity": severity, "meta": {}}
    return {"success": success, "expectation_config": config, "result": found}


def checked(*results: dict, **more: Any) -> dict[str, Any]:
    met = sum(one["success"] for one in results)
    statistics = {"evaluated_expectations": len(results), "successful_expectations": met}
    return {"reasons": [], **more, "result": {"statistics": statistics, "results": list(results)}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data" / "toy"
    for stage in ("validate", "preprocess"):
        (data / stage).mkdir(parents=True)
    older = {"type": "comparison", "column": {"name": "age"}, "operator": ">", "parameter": 17}
    counts = [{"value": NAUGHTY, "count": 2}, {"value": "Atlantis", "count": 1}]
    write_json(
        data / "validate" / "validation.json",
        checked(
            result("column_max_to_be_between", {"column": "age", "max_value": 99}, success=True, observed_value=97),
            result(
                "column_values_to_be_in_set",
                {"column": "town", "value_set": ["Bonn"], "row_condition": older},
                success=False,
                unexpected_count=3,
                unexpected_percent=0.5,
                partial_unexpected_counts=counts,
            ),
            result(
                "column_pair_values_to_be_equal",
                {"column_A": "age", "column_B": "years"},
                success=False,
                severity="info",
                unexpected_count=1,
                partial_unexpected_list=[[31, 32]],
            ),
            passed=True,
            rows=600,
            quarantined=3,
            quarantined_pct=0.5,
        ),
    )
    write_json(
        data / "preprocess" / "checks.json",
        checked(
            result("column_values_to_not_be_null", {"column": "age"}, success=True, unexpected_count=0), passed=True
        ),
    )
    rules = [{"columns": ["town"]}]
    unserved = [{"expectation": "age: max_to_be_between(max_value=99)", "reason": "it is about the whole table"}]
    write_json(data / "validate" / "rules.json", {"format": 2, "rules": rules, "not_served": unserved})
    frame = pl.DataFrame({"_id": [4, 5, 6], "age": [31, 32, 33], "town": [NAUGHTY, NAUGHTY, "Atlantis"]})
    reasons = pl.Series("_reasons", [["town: in set"], ["town: in set"], ["town: in set", "town: length"]])
    frame.with_columns(reasons).write_parquet(data / "validate" / "quarantine.parquet")
    return data


def text_of(data: Path, *, private: bool = False) -> str:
    return render_docs(gather_docs(data, private=private))


def test_both_suites_and_the_quarantine_are_shown(data):
    text = text_of(data)
    for part in (
        "1 / 3",
        "What came in",
        "What cleaning left",
        "column values to be in set",
        "where age &gt; 17",
        "600 rows came in, 3 (0.5 %) went to quarantine.",
        "The first 3 of 3 rows",
        "town: length",
        "✗ noted",
        "31, 32",
        "97",
        "1 rule travels in the bundle",
        "it is about the whole table",
        "<code>Atlantis</code>",
    ):
        assert part in text, part


def test_what_is_broken_comes_first(data):
    text = text_of(data)
    assert text.index("values to be in set") < text.index("max to be between")


def test_the_page_loads_nothing_and_trusts_nothing(data):
    text = text_of(data)
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?://", text)
    assert NAUGHTY not in text
    assert "&lt;script&gt;" in text


def test_of_private_rows_counts_alone_are_shown_and_why(data):
    reason = {"source": ["a.csv"], "line": [1], "text": ["Mallory,1"], "reason": ["'Mallory' is no number"]}
    (data / "ingest").mkdir()
    pl.DataFrame(reason).write_parquet(data / "ingest" / "broken.parquet")
    text = text_of(data, private=True)
    assert not {part for part in ("Atlantis", "alert", "31, 32", ">97<", "The first", "Mallory") if part in text}
    assert "Counts alone" in text
    assert "privatize.mechanism" in text
    assert "town: in set" in text
    assert "Mallory" in text_of(data)


def test_reasons_of_a_failed_table_quote_nothing_observed_of_private_rows(data):
    failed = checked(
        result("column_max_to_be_between", {"column": "age", "max_value": 99}, success=False, observed_value=123),
        passed=False,
        rows=1,
        quarantined=0,
        quarantined_pct=0.0,
    )
    failed["reasons"] = ["age: max_to_be_between(max_value=99): observed 123"]
    write_json(data / "validate" / "validation.json", failed)
    assert "observed 123" in text_of(data)
    assert "123" not in text_of(data, private=True)
    assert "did not pass" in text_of(data, private=True)


def test_whatever_has_not_run_is_left_out(tmp_path):
    text = text_of(tmp_path / "toy")
    assert "Not validated yet" in text


def test_the_clean_suite_that_stopped_the_line_is_shown(data):
    failed = data / "failed" / "preprocess"
    failed.mkdir(parents=True)
    broken = result("column_values_to_not_be_null", {"column": "size"}, success=False, unexpected_count=8)
    write_json(failed / "checks.json", checked(broken, passed=False))
    assert ">size<" in text_of(data)


def test_a_wide_and_long_quarantine_is_capped(tmp_path):
    path = tmp_path / "quarantine.parquet"
    rows = {f"column {n}": ["x" * 500] * 300 for n in range(60)} | {"_reasons": [["broken"]] * 300}
    pl.DataFrame({"_id": range(300), **rows}).write_parquet(path)
    found = set_aside("Rows", path, first=["column 59"], with_values=True)
    assert found is not None
    assert (found.rows, len(found.sample), len(found.columns)) == (300, MAX_ROWS, MAX_COLUMNS + 1)
    assert found.columns[:3] == ["_id", "why", "column 59"]
    assert len(found.sample[0][2]) < 60


def test_an_empty_quarantine_is_not_shown(tmp_path):
    path = tmp_path / "quarantine.parquet"
    pl.DataFrame({"_id": [], "_reasons": []}, schema={"_id": pl.UInt64, "_reasons": pl.List(pl.String)}).write_parquet(
        path
    )
    assert set_aside("Rows", path, with_values=True) is None
    assert set_aside("Rows", tmp_path / "absent.parquet", with_values=True) is None
