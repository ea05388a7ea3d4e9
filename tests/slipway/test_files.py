"""Folders and files appear whole or not at all, and evidence of a failure is kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.errors import DataError
from slipway.files import dump_json, read_json, sha256_of, whole_folder, write_text, write_text_whole


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "train"
    with whole_folder(out) as folder:
        write_text(folder / "a", "1")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["a"]


def test_a_crash_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "train"
    with whole_folder(out) as folder:
        write_text(folder / "a", "old")
    with pytest.raises(OSError, match="disk full"), whole_folder(out) as folder:
        write_text(folder / "a", "new")
        raise OSError("disk full")
    assert (out / "a").read_text() == "old"


def test_the_evidence_of_an_error_is_kept_until_the_stage_succeeds(tmp_path: Path) -> None:
    out, failed = tmp_path / "train", tmp_path / "failed" / "train"
    with pytest.raises(DataError), whole_folder(out) as folder:
        write_text(folder / "checks.json", "{}")
        raise DataError("column 'x' is gone")
    assert not out.exists()
    assert (failed / "error.txt").read_text() == "column 'x' is gone\n"
    assert (failed / "checks.json").exists()
    with whole_folder(out):
        pass
    assert not failed.exists()


def test_what_a_killed_run_left_behind_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / "work" / "train" / f"out.{ended.pid}.x"
    left.mkdir(parents=True)
    write_text(left / "half", "")
    with whole_folder(tmp_path / "train") as folder:
        assert not list(folder.iterdir())
    assert not left.exists()


def test_two_runs_at_once_do_not_mix_their_files(tmp_path: Path) -> None:
    out = tmp_path / "train"
    with whole_folder(out) as first:
        write_text(first / "model", "first")
        with whole_folder(out) as second:
            write_text(second / "model", "second")
            write_text(second / "history", "second")
        write_text(first / "history", "first")
    assert {path.name: path.read_text() for path in out.iterdir()} == {"model": "first", "history": "first"}
    assert not list((tmp_path / "work" / "train").iterdir())


def test_json_that_no_reader_could_take_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        dump_json({"x": float("nan")})


def test_json_that_is_absent_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a.json does not exist"):
        read_json(tmp_path / "a.json")
    write_text(tmp_path / "a.json", "{")
    with pytest.raises(DataError, match=r"a.json is no JSON"):
        read_json(tmp_path / "a.json")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_text_whole(tmp_path / "new" / "pointer.json", json.dumps(1))
    write_text_whole(tmp_path / "new" / "pointer.json", json.dumps(2))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["pointer.json"]
    assert read_json(tmp_path / "new" / "pointer.json") == 2


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
