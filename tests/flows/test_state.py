"""How many rows were set aside or dropped, why, and where to read them, is said after a stage."""

import logging
from pathlib import Path

import pytest

from flows import steps
from flows.bridge import Node
from flows.state import set_aside, validation_of
from slipway.files import write_json

FOUND = {"rows": 1200, "quarantined": 75, "quarantined_pct": 6.25}


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "toy" / "validate").mkdir(parents=True)
    return Path("data", "toy")


def test_the_line_names_rows_share_file_and_page(data):
    write_json(data / "validate" / "validation.json", FOUND)
    [line] = set_aside(data, "validate")
    assert line.endswith(
        " 75 of 1,200 rows (6.25 %) in data/toy/validate/quarantine.parquet, shown in data/toy/docs/index.html"
    )


def test_without_bad_rows_and_before_validate_there_is_no_line(data):
    assert set_aside(data, "validate") == []
    assert validation_of(data) is None
    write_json(data / "validate" / "validation.json", FOUND | {"quarantined": 0})
    assert set_aside(data, "validate") == []


def test_what_cleaning_drops_is_said_with_its_reason(data):
    rows = {"in": 1000, "without_target": 0, "without_required": 3, "duplicates": 790, "repeated_keys": 0}
    (data / "preprocess").mkdir()
    write_json(data / "preprocess" / "cleaning.json", {"rows": rows | {"quarantine": 2}})
    assert set_aside(data, "preprocess") == [
        "dropped      3 of 1,000 rows: a value that preprocess.require names is missing",
        "dropped      790 of 1,000 rows: exact copies of others (preprocess.duplicates: keep keeps them)",
        "quarantine   2 of 1,000 rows in data/toy/preprocess/quarantine.parquet",
    ]


def test_outliers_that_fitting_set_aside_are_said(data):
    (data / "privatize").mkdir()
    write_json(data / "privatize" / "fitting.json", {"rows": {"train": 60, "quarantine": 4}})
    [line] = set_aside(data, "privatize")
    assert line == "quarantine   4 outliers among the training rows in data/toy/privatize/quarantine.parquet"


@pytest.mark.parametrize("stage", ["validate", "train"])
def test_a_run_says_it_after_validate_alone(data, tmp_path, caplog, stage):
    write_json(data / "validate" / "validation.json", FOUND)
    node = Node(f"{stage}@toy", [], [], {}, "")
    run = steps.Run(tmp_path, "toy", None, False, None)
    with caplog.at_level(logging.INFO, "slipway"):
        assert steps.bring(run, node, alone=True) == "unchanged"
    said = [line for line in caplog.messages if line.startswith("quarantine")]
    assert len(said) == (stage == "validate")
