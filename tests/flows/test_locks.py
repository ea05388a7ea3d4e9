import json
import os
import subprocess
import sys
import time

import pytest

from flows.locks import drop_stale_locks, stale_holders

COMMAND = " ".join(sys.argv)


@pytest.fixture
def book(tmp_path):
    def write(*holders, path=tmp_path / "rwlock"):
        writer, *readers = holders
        path.write_text(json.dumps({"write": {"/a": writer}, "read": {"/b": readers}}))
        return tmp_path

    return write


def holder(pid, command=COMMAND):
    return {"pid": pid, "cmd": command}


def test_a_process_that_lives_and_runs_the_noted_command_holds_its_locks(book):
    assert stale_holders(book(holder(os.getpid()))) == []


def test_a_process_that_runs_another_command_has_a_number_that_was_used_again(book):
    assert stale_holders(book(holder(os.getpid(), "/bin/slipway run nobody"))) == [os.getpid()]


def test_a_process_that_started_after_the_book_was_written_has_a_number_that_was_used_again(book):
    folder = book(holder(os.getpid()))
    os.utime(folder / "rwlock", (0, time.time() - 10**6))
    assert stale_holders(folder) == [os.getpid()]


def test_a_process_that_ended_but_was_not_yet_collected_holds_nothing(book):
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert stale_holders(book(holder(child.pid, "python"))) == [child.pid]
    child.wait()


def test_only_stale_locks_are_dropped(book):
    folder = book(holder(os.getpid()), holder(os.getpid()), holder(2**22 + 1))
    drop_stale_locks(folder)
    kept = json.loads((folder / "rwlock").read_text())
    assert kept == {"write": {"/a": holder(os.getpid())}, "read": {"/b": [holder(os.getpid())]}}


def test_a_book_that_was_cut_short_is_removed_and_no_book_is_fine(tmp_path):
    (tmp_path / "rwlock").write_text('{"write": {"/a"')
    drop_stale_locks(tmp_path)
    drop_stale_locks(tmp_path)
    assert not (tmp_path / "rwlock").exists()
