"""The stage contract: a function's annotations are its command line, and each run leaves a line of what it cost."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.errors import DataError, ParamsError
from slipway.files import whole_folder, write_text
from slipway.product.evaluate import Evaluate
from slipway.product.train import Train
from slipway.stage import main, parse, run

ROOT = Path(__file__).parents[2]


def train(source: Path, out: Path, params: Train, evaluate: Evaluate) -> Path:
    """Pretend."""
    if params.epochs == 13:
        raise DataError("thirteen epochs: choose another number")
    with whole_folder(out) as folder:
        write_text(folder / "a", f"{params.epochs} {evaluate.bootstrap_samples}")
    return out


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    write_text(tmp_path / "params.yaml", "train: {epochs: 3}\nevaluate: {}\n")
    return ["in", str(tmp_path / "train"), "--params", str(tmp_path / "params.yaml")]


def test_folders_stand_in_order_and_sections_come_from_params(words: list[str], tmp_path: Path) -> None:
    assert parse(train, words) == {
        "source": Path("in"),
        "out": tmp_path / "train",
        "params": Train(epochs=3),
        "evaluate": Evaluate(),
    }


def test_a_switch_is_off_unless_it_is_given(words: list[str]) -> None:
    def watched(source: Path, out: Path, params: Train, *, slowly: bool = False) -> Path:
        """Pretend."""
        return out

    watched.__name__ = "train"
    assert parse(watched, words)["slowly"] is False
    assert parse(watched, [*words, "--slowly"])["slowly"] is True


def test_a_run_appends_what_it_cost(words: list[str], tmp_path: Path) -> None:
    run(train, words)
    run(train, words)
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["ran", "ran"]
    assert lines[0]["stage"] == "train"
    assert lines[0]["seconds"] >= 0
    assert lines[0]["peak_memory_mib"] > 1
    assert (tmp_path / "train" / "a").read_text() == "3 1000"


def test_a_failed_run_is_a_line_too(words: list[str], tmp_path: Path) -> None:
    write_text(tmp_path / "params.yaml", "train: {epochs: 13}\nevaluate: {}\n")
    with pytest.raises(DataError):
        run(train, words)
    assert json.loads((tmp_path / "runs.jsonl").read_text())["outcome"] == "DataError"


def test_a_wrong_parameter_is_told_before_anything_is_written(words: list[str], tmp_path: Path) -> None:
    write_text(tmp_path / "params.yaml", "train: {epoch: 3}\nevaluate: {}\n")
    with pytest.raises(ParamsError):
        run(train, words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml"]


def test_a_users_mistake_is_a_line_and_not_a_traceback(words: list[str], monkeypatch, tmp_path: Path) -> None:
    write_text(tmp_path / "params.yaml", "train: {epochs: 13}\nevaluate: {}\n")
    monkeypatch.setattr(sys, "argv", ["train", *words])
    with pytest.raises(SystemExit) as exit_status:
        main(train)
    assert exit_status.value.code == "train: thirteen epochs: choose another number"


@pytest.mark.parametrize(("relay", "line"), [(None, "half way\n"), ("1", "[slipway:20:] half way\n")])
def test_what_a_stage_logs_is_printed_to_stderr(words, monkeypatch, capsys, relay, line) -> None:
    def train(source: Path, out: Path, params: Train) -> Path:
        logging.getLogger("slipway").info("half way")
        with whole_folder(out):
            return out

    monkeypatch.setattr(sys, "argv", ["train", *words])
    if relay:
        monkeypatch.setenv("SLIPWAY_RELAY", relay)
    with pytest.raises(SystemExit) as exit_status:
        main(train)
    assert exit_status.value.code == 0
    assert capsys.readouterr().err == line


def test_a_full_disk_is_a_line_too_and_what_nobody_foresaw_a_traceback(words, monkeypatch) -> None:
    def fails(error: Exception):
        def train(source: Path, out: Path, params: Train) -> Path:
            raise error

        return train

    monkeypatch.setattr(sys, "argv", ["train", *words])
    with pytest.raises(SystemExit) as exit_status:
        main(fails(OSError(28, "No space left on device", "data/x")))
    assert str(exit_status.value.code).startswith("train: the disk is full. Free some space")
    with pytest.raises(OSError, match="gone"):
        main(fails(OSError(5, "gone")))


@pytest.mark.parametrize("stage", sorted(path.stem for path in (ROOT / "tasks").glob("[a-z]*.py")))
def test_each_module_of_tasks_holds_the_function_of_its_name(stage: str) -> None:
    code = f"from tasks import {stage}; assert callable({stage}.{stage})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
