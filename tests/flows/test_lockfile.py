"""dvc.lock is whole after a failed write, and after a kill in the middle of one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.utils.serialize import _yaml

from flows.bridge import reproduce
from flows.code import CodeSnapshot
from flows.lockfile import Lockfile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dvc.lock").write_text("whole")
    return tmp_path


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_failed_write_is_undone(root: Path) -> None:
    lockfile = Lockfile(root)
    lockfile.begin()
    (root / "dvc.lock").write_text("wh")
    lockfile.undo()
    assert (root / "dvc.lock").read_text() == "whole"
    assert not list((root / ".dvc" / "tmp").iterdir())


def test_a_first_dvc_lock_that_was_cut_short_is_removed(tmp_path: Path) -> None:
    lockfile = Lockfile(tmp_path)
    lockfile.begin()
    (tmp_path / "dvc.lock").write_text("sch")
    lockfile.undo()
    assert not (tmp_path / "dvc.lock").exists()


def test_a_write_that_succeeded_stays(root: Path) -> None:
    lockfile = Lockfile(root)
    lockfile.begin()
    (root / "dvc.lock").write_text("new")
    lockfile.end()
    lockfile.undo()
    lockfile.mend()
    assert (root / "dvc.lock").read_text() == "new"


def test_what_a_killed_run_left_is_put_back_and_what_a_living_one_needs_is_not(root: Path) -> None:
    Lockfile(root).begin()
    copy = root / ".dvc" / "tmp" / f"dvc.lock.before.{os.getpid()}"
    (root / "dvc.lock").write_text("wh")
    Lockfile(root).mend()
    assert (root / "dvc.lock").read_text() == "wh"
    copy.rename(copy.with_suffix(f".{ended_process()}"))
    Lockfile(root).mend()
    assert (root / "dvc.lock").read_text() == "whole"


def test_a_disk_that_is_full_when_dvc_writes_leaves_the_old_dvc_lock(toy, monkeypatch) -> None:
    monkeypatch.chdir(toy.root)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    reproduce(toy.root, "ingest@toy", snapshot=CodeSnapshot(toy.root))
    before = toy.read("dvc.lock")

    def cut_short(data: object, stream) -> None:
        stream.write("schema: ")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_yaml, "_dump", cut_short)
        with pytest.raises(OSError, match="No space left"):
            reproduce(toy.root, "augment@toy", snapshot=CodeSnapshot(toy.root))
    assert toy.read("dvc.lock") == before
    assert reproduce(toy.root, "augment@toy", snapshot=CodeSnapshot(toy.root)) in {"ran", "restored"}
