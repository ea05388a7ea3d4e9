"""The tables that a flow run publishes hold counts and reasons, and no value of a row."""

import polars as pl
import pytest

from flows import artifacts
from slipway.files import write_json

IN_SET = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "town", "value_set": ["Bonn"]},
    "severity": "warning",
}
TOTAL = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}, "severity": "critical"}


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Publish the evidence of a product without a server; return the tables and the links by key."""
    data = tmp_path / "data" / "big_shop"
    (data / "validate").mkdir(parents=True)
    (data / "ingest").mkdir()
    found = {"unexpected_count": 2, "partial_unexpected_list": ["Atlantis", "Bon"]}
    results = [
        {"success": True, "expectation_config": TOTAL, "result": {"observed_value": 3}},
        {"success": False, "expectation_config": IN_SET, "result": found},
    ]
    write_json(data / "validate" / "validation.json", {"passed": True, "reasons": [], "result": {"results": results}})
    pl.DataFrame(
        {"town": ["Atlantis", "Bon"], "_reasons": [["town: in set"], ["town: in set", "town: length"]]}
    ).write_parquet(data / "validate" / "quarantine.parquet")
    broken = {"source": ["a.csv"], "line": [7], "text": ["secret,1,2"], "reason": ["'secret' is no number"]}
    pl.DataFrame(broken).write_parquet(data / "ingest" / "broken.parquet")
    (data / "report.html").write_text("page")
    made = {}
    monkeypatch.setattr(
        artifacts, "create_table_artifact", lambda table, key, description: made.update({key: (table, description)})
    )
    monkeypatch.setattr(artifacts, "create_link_artifact", lambda link, link_text, key: made.update({key: link}))
    artifacts.publish_evidence(tmp_path, "big_shop")
    return made


def test_the_validation_is_a_table_with_what_is_broken_first(published):
    table, description = published["big-shop-validation"]
    assert table == [
        {
            "result": "broken",
            "expectation": "town column values to be in set value_set Bonn",
            "severity": "warning",
            "rows": 2,
        },
        {"result": "met", "expectation": "table row count to equal value 3", "severity": "critical", "rows": ""},
    ]
    assert description == "Validation of big_shop's raw rows: passed"


def test_the_quarantines_are_counted_by_reason(published):
    table, description = published["big-shop-quarantine"]
    assert table == [
        {"file": "ingest/broken.parquet", "reason": "Lines and files that could not be read", "rows": 1},
        {"file": "validate/quarantine.parquet", "reason": "town: in set", "rows": 2},
        {"file": "validate/quarantine.parquet", "reason": "town: length", "rows": 1},
    ]
    assert description == "What was set aside of big_shop, by reason"


def test_no_value_of_a_row_is_published(published):
    assert not {part for part in ("Atlantis", "secret", "Bon'") if part in str(published)}
    assert published["big-shop-report"].endswith("report.html")
