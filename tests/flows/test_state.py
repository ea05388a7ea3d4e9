"""How many rows were set aside, and where to read them, is said after validate and by `slipway status`."""

import logging
from pathlib import Path

import pytest

from flows import steps
from flows.bridge import Node
from flows.state import quarantine_line, validation_of
from slipway.files import write_json

FOUND = {"rows": 1200, "quarantined": 75, "quarantined_pct": 6.25}


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "toy" / "validate").mkdir(parents=True)
    return Path("data", "toy")


def test_the_line_names_rows_share_file_and_page(data):
    write_json(data / "validate" / "validation.json", FOUND)
    line = quarantine_line(data)
    assert (
        line == "75 of 1,200 rows (6.25 %) in data/toy/validate/quarantine.parquet, shown in data/toy/docs/index.html"
    )


def test_without_bad_rows_and_before_validate_there_is_no_line(data):
    assert quarantine_line(data) is None
    assert validation_of(data) is None
    write_json(data / "validate" / "validation.json", FOUND | {"quarantined": 0})
    assert quarantine_line(data) is None


@pytest.mark.parametrize("stage", ["validate", "train"])
def test_a_run_says_it_after_validate_alone(data, tmp_path, caplog, stage):
    write_json(data / "validate" / "validation.json", FOUND)
    node = Node(f"{stage}@toy", [], [], {}, "")
    run = steps.Run(tmp_path, "toy", None, False, None)
    with caplog.at_level(logging.INFO, "slipway"):
        assert steps.bring(run, node, alone=True) == "unchanged"
    said = [line for line in caplog.messages if line.startswith("quarantine")]
    assert len(said) == (stage == "validate")
