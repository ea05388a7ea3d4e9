"""Locks: free those that a dead process left in DVC's book, and let one flow of a product run at a time."""

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

BOOK = "rwlock"

logger = logging.getLogger("slipway")


def stale_holders(tmp: Path) -> list[int]:
    """Return the ids of processes that hold files in DVC's book, but are gone.

    DVC itself sees those whose id no process has. After a restart of a container or a computer another
    process may have it: one that started after the book was last written, or is another command.
    """
    book, written = _read(tmp / BOOK)
    holders = [*book["write"].values(), *(one for readers in book["read"].values() for one in readers)]
    return sorted({one["pid"] for one in holders if not _holds(one["pid"], one["cmd"], written)})


def drop_stale_locks(tmp: Path) -> None:
    """Free what `stale_holders` hold, and remove a book that a kill cut short, which DVC would stop at.

    The caller holds DVC's repository lock, so nobody writes the book meanwhile.
    """
    gone = stale_holders(tmp)
    book, written = _read(tmp / BOOK)
    if not written:
        (tmp / BOOK).unlink(missing_ok=True)
    elif gone:
        write = {file: one for file, one in book["write"].items() if one["pid"] not in gone}
        read = {file: [one for one in readers if one["pid"] not in gone] for file, readers in book["read"].items()}
        new = tmp / f"{BOOK}.new"
        new.write_text(json.dumps({"write": write, "read": read}), encoding="utf-8")
        new.replace(tmp / BOOK)


def _read(path: Path) -> tuple[dict[str, Any], float]:
    """Return the book and the time it was written; empty and 0 where it is absent or was cut short by a kill."""
    empty: dict[str, Any] = {"read": {}, "write": {}}
    try:
        return {**empty, **json.loads(path.read_bytes())}, path.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return empty, 0


def _holds(pid: int, command: str, written: float) -> bool:
    """Say whether this process, alive and as old as the book, was started with the words that the book notes."""
    words = command.split()[1:]  # the first is a file where the process was started with `python -m`
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.create_time() > written:
            return False
        return set(words) <= set(" ".join(process.cmdline()).split())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's: it lives, and we can't see what it is
        return True


@contextmanager
def turn(root: Path, product: str) -> Iterator[None]:
    """Wait until no other flow of this product runs; the kernel frees the lock when its process ends.

    DVC's own locks are per file: without this, two flows would take turns at each stage, and both deploy.
    """
    path = root / ".dvc" / "tmp" / f"{product}.flow"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("another run of %s is going on: waiting for it to end", product)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
