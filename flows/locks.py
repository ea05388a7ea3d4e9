"""Locks: free those that a dead process left in DVC's book, and let one flow of a product run at a time."""

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

logger = logging.getLogger("slipway")


def drop_stale_locks(tmp: Path) -> list[int]:
    """Free the file locks of processes that are gone from DVC's book `rwlock`; return their ids.

    DVC frees those whose id no process has. After a restart of a container or a computer another
    process may have it: the one that took the lock had started before the book was last written. The
    caller holds DVC's repository lock, so nobody writes the book meanwhile.
    """
    path = tmp / "rwlock"
    try:
        book, written = json.loads(path.read_text(encoding="utf-8")), path.stat().st_mtime
    except FileNotFoundError:
        return []
    except ValueError:  # half-written by a process that was killed: it holds nothing now
        path.unlink()
        return []
    read, write = book.get("read", {}), book.get("write", {})
    holders = [*write.values(), *(one for readers in read.values() for one in readers)]
    gone = {one["pid"] for one in holders if not _holds(one, written)}
    if gone:
        read = {file: [one for one in readers if one["pid"] not in gone] for file, readers in read.items()}
        write = {file: one for file, one in write.items() if one["pid"] not in gone}
        new = path.with_suffix(".new")
        new.write_text(
            json.dumps({"write": write, "read": {file: readers for file, readers in read.items() if readers}})
        )
        new.replace(path)
    return sorted(gone)


def _holds(holder: dict[str, Any], written: float) -> bool:
    try:
        return psutil.Process(holder["pid"]).create_time() <= written
    except psutil.NoSuchProcess:
        return False


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
