"""What opening a source works with: folders and limits going in, rows and a report of what was read coming out."""

import atexit
import itertools
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import polars as pl

from slipway.errors import DataError
from slipway.product.ingest import Download, Read, Unpack

MANY = 10_000


class Broken(NamedTuple):
    """A line or image that holds no row."""

    source: str
    """The file's name, as params.yaml or the archive gives it."""

    line: int | None
    """Its first line, counted from 1; None for an image."""

    text: str
    """The line as it stands there; bytes that are no text as `\\xff`."""

    reason: str
    """Why it is broken."""


class File(NamedTuple):
    """A file on this disk, and the name it has where it comes from."""

    name: str
    path: Path


@dataclass(frozen=True)
class Opened:
    """Rows that are not read yet, and what was found on the way to them."""

    frame: pl.LazyFrame
    """The rows, in the source's order."""

    image_shape: tuple[int, int, int] | None = None
    """Height, width and channels of the Binary column `image`, if there is one."""

    broken: list[Broken] = field(default_factory=list)
    """What was put aside."""

    blank_lines: int = 0
    """Empty lines, which hold nothing."""

    origin: dict[str, str | int | None] = field(default_factory=dict)
    """What sources.json says of where the rows come from."""


@dataclass(frozen=True)
class Workplace:
    """Where files stand, where unpacked ones may be put, and how much of them."""

    folder: Path
    """products/<name>/source."""

    scratch: Path
    """A folder for unpacked and re-coded files, which the rows are read from: it must outlive them."""

    unpack: Unpack = field(default_factory=Unpack)
    download: Download = field(default_factory=Download)

    requires_pins: bool = True
    """Whether what is downloaded must be pinned, so that the same product gives the same table tomorrow."""

    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Work in a temporary folder that is removed when this process ends, with files that are not pinned yet."""
        scratch = Path(tempfile.mkdtemp(prefix="slipway-"))
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        return cls(folder, scratch, requires_pins=False)

    def new_path(self, suffix: str = "") -> Path:
        """Return a path in `scratch` that nothing stands at yet; names from outside are never used as paths."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self.scratch / f"{next(self._numbers):07d}{suffix}"


def require_sound(broken: list[Broken], num_good: int, read: Read, name: str, *, is_end: bool) -> None:
    """Refuse the first broken line unless `read` has them put aside; then refuse too many of them.

    Args:
        broken: The broken lines so far.
        num_good: The good ones so far.
        read: Read options.
        name: The file's.
        is_end: Whether the file was read to its end; before it, only very many are too many.
    """
    if not broken:
        return
    first = broken[0]
    if read.broken == "fail":
        raise DataError(
            f"{name}, line {first.line}: {first.reason}: {first.text[:80]!r}.\n"
            "Correct the line or the read options, or set read.broken: quarantine to go on without broken lines."
        )
    if is_end or len(broken) > MANY:
        require_few(broken, num_good, read.max_broken_pct, name)


def require_few(broken: list[Broken], num_good: int, max_broken_pct: float, name: str) -> None:
    """Refuse a source of which more than the allowed share is broken: it is read wrongly, or is not what it says."""
    num_all = len(broken) + num_good
    if len(broken) * 100 > max_broken_pct * num_all:
        first = broken[0]
        at = f"line {first.line}" if first.line is not None else first.source
        raise DataError(
            f"{name}: {len(broken):,} of {num_all:,} are broken, more than max_broken_pct = {max_broken_pct:g} allows; "
            f"the first, {at}: {first.reason}.\nCorrect the read options or the file, or raise max_broken_pct."
        )
