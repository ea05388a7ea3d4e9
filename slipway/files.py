"""Files that appear whole or not at all, and JSON that is the same bytes for the same content."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from slipway.errors import DataError, SlipwayError


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends, and never does if it fails.

    It is written beside `out` (in work/), synced to the disk and renamed, so a reader, a killed
    process or a full disk never leaves half of it. What a block that raises a `SlipwayError` had
    written is kept as evidence in failed/, with the message in error.txt.
    """
    failed = out.parent / "failed" / out.name
    work = _work_folder(out.parent / "work" / out.name)
    try:
        yield work
    except SlipwayError as error:
        write_text(work / "error.txt", f"{error}\n")
        replace_folder(work, failed)
        raise
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    sync_tree(work)
    replace_folder(work, out)
    shutil.rmtree(failed, ignore_errors=True)


def _work_folder(parent: Path) -> Path:
    """Make an empty folder for this run, named by its process; remove what killed runs left behind.

    Two runs of a stage at once, one by hand beside a flow, must not write into the same folder.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("out.*.*"):
        if not psutil.pid_exists(int(left.name.split(".")[1])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"out.{os.getpid()}.", dir=parent))


def replace_folder(new: Path, out: Path) -> None:
    """Rename `new` to `out`; an old `out` is moved away first and then deleted."""
    out.parent.mkdir(parents=True, exist_ok=True)
    new.chmod(0o755)  # a temporary folder is its maker's alone
    old = new.with_name(f"{new.name}.old")
    if out.exists():
        out.rename(old)
    new.rename(out)
    sync(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    """Sync every file and folder below `folder`, and `folder`, to the disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Sync one file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_text_whole(path: Path, text: str) -> None:
    """Replace one file whole: written beside it, synced, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    write_text(new, text)
    sync(new)
    new.replace(path)
    sync(path.parent)


def dump_json(content: Any) -> str:
    """Return JSON that people can read and diff; NaN and infinity are refused."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write `content` as by `dump_json`."""
    write_text(path, dump_json(content))


def read_json(path: Path) -> Any:
    """Read JSON that a stage wrote.

    Raises:
        DataError: the file is absent or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: run the stage that writes it first") from None
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}): delete its folder and run its stage again") from None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
