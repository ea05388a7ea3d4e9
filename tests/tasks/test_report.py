"""The report is written whole, beside the stages."""

import re
from pathlib import Path

import pytest

from slipway.errors import DataError
from slipway.files import write_json
from tasks.report import report


def test_the_report_is_written_beside_the_stages(tmp_path: Path) -> None:
    data = tmp_path / "toy"
    (data / "train").mkdir(parents=True)
    write_json(data / "train" / "receipt.json", {"private": False})
    page = report(data, tmp_path / "releases")
    assert page == data / "report.html"
    assert page.read_text().startswith("<!doctype html>")
    assert page.read_bytes() == report(data, tmp_path / "releases").read_bytes()
    assert [path.name for path in data.iterdir() if path.is_file()] == ["report.html"]


def test_the_data_docs_stand_beside_it_and_are_linked(tmp_path: Path) -> None:
    data = tmp_path / "toy"
    (data / "validate").mkdir(parents=True)
    result = {"statistics": {"evaluated_expectations": 0, "successful_expectations": 0}, "results": []}
    verdict = {"passed": True, "reasons": [], "rows": 3, "quarantined": 0, "quarantined_pct": 0.0, "result": result}
    write_json(data / "validate" / "validation.json", verdict)
    page = report(data, tmp_path / "releases")
    assert re.findall('href="([^#].*?)"', page.read_text()) == ["docs/index.html"]
    assert "Counts alone" in (data / "docs" / "index.html").read_text()
    report(data, tmp_path / "releases", private=False)
    assert "Counts alone" not in (data / "docs" / "index.html").read_text()


def test_damaged_json_is_named_and_the_last_report_stays(tmp_path: Path) -> None:
    data = tmp_path / "toy"
    (data / "evaluate").mkdir(parents=True)
    page = report(data, tmp_path / "releases")
    before = page.read_bytes()
    (data / "evaluate" / "metrics.json").write_text("{")
    with pytest.raises(DataError, match=r"metrics\.json is no JSON"):
        report(data, tmp_path / "releases")
    assert page.read_bytes() == before
