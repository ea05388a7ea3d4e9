"""What a file is, told from its first bytes and never from its name alone.

A name may lie, be missing its suffix or say `.data`; the first bytes are what a reader will meet.
"""

import bz2
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Literal

from slipway.errors import DataError

Form = Literal["delimited", "parquet", "arrow", "ndjson", "excel", "sqlite", "idx", "image"]

HEAD_BYTES = 1 << 20
START_BYTES = 4096
MAX_MEMBERS = 100_000
DOCUMENTS = ("readme*", "licen[cs]e*", "*.md", "*.names", "*.pdf", "*.html", "info.txt", "*.doc*", "__macosx*", ".*")

MAGIC: tuple[tuple[bytes, Form], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"\x00\x00\x08\x01", "idx"),
    (b"\x00\x00\x08\x03", "idx"),
    (b"\x00\x00\x08\x04", "idx"),
)


@dataclass(frozen=True)
class Peeled:
    """A file without what is wrapped around it.

    Attributes:
        wraps: gzip, zip, tar, from outside in; empty where it lies open.
        inside: The member of an archive that was looked at; None outside of one.
        alike: It and the members of the archive that look like it, sorted.
        head: The first bytes of what is inside.
        whole: Whether they are all of it.
    """

    wraps: tuple[str, ...]
    inside: str | None
    alike: tuple[str, ...]
    head: bytes
    whole: bool


def peel(path: Path) -> Peeled:
    """Read the first bytes of a file through gzip, zip and tar.

    Raises:
        DataError: the file is empty, damaged, locked by a password, or an archive without data.
    """
    with path.open("rb") as file:
        start = file.read(HEAD_BYTES + 1)
    if not start:
        raise DataError(f"{path} is empty: there is nothing to draft from")
    try:
        if start.startswith(b"PK\x03\x04"):
            return _peel_zip(path)
        if start.startswith(b"\x1f\x8b"):
            head = zlib.decompressobj(31).decompress(start, HEAD_BYTES + 1)
            return _peel_tar(path, ("gzip", "tar")) if _is_tar(head) else _peeled(("gzip",), head)
        if _is_tar(start):
            return _peel_tar(path, ("tar",))
        for magic, wrap, opened in ((b"BZh", "bzip2", bz2.open), (b"\xfd7zXZ\x00", "xz", lzma.open)):
            if start.startswith(magic):
                with opened(path) as file:
                    head = file.read(HEAD_BYTES + 1)
                return _peel_tar(path, (wrap, "tar")) if _is_tar(head) else _peeled((wrap,), head)
    except (zlib.error, lzma.LZMAError, OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}): fetch it again") from None
    return _peeled((), start)


def form_of(head: bytes) -> Form:
    """Say what the bytes are the beginning of; a text that is nothing else is `delimited`."""
    for magic, form in MAGIC:
        if head.startswith(magic) and not (magic == b"BM" and _is_text(head)):
            return form
    return "ndjson" if _is_ndjson(head) else "delimited"


def _peeled(wraps: tuple[str, ...], head: bytes, inside: str | None = None, alike: tuple[str, ...] = ()) -> Peeled:
    return Peeled(wraps, inside, alike, head[:HEAD_BYTES], whole=len(head) <= HEAD_BYTES)


def _peel_zip(path: Path) -> Peeled:
    with zipfile.ZipFile(path) as archive:
        members = {one.filename: one for one in archive.infolist() if not one.is_dir()}
        if "[Content_Types].xml" in members:  # a workbook is a zip, too
            return Peeled((), None, (), b"\xd0\xcf\x11\xe0", whole=False)
        names = _data_members(path, list(members))
        if any(members[name].flag_bits & 1 for name in names):
            raise DataError(f"{path} is locked with a password: unpack it, and give slipway what is inside")
        starts = {}
        for name in names:
            with archive.open(name) as member:
                starts[name] = member.read(START_BYTES)
        inside, alike = _largest(starts, {name: members[name].file_size for name in names})
        with archive.open(inside) as member:
            return _peeled(("zip",), member.read(HEAD_BYTES + 1), inside, alike)


def _peel_tar(path: Path, wraps: tuple[str, ...]) -> Peeled:
    with tarfile.open(path) as archive:
        sizes, starts = {}, {}
        for member in archive:
            if member.isfile() and not is_document(member.name) and (file := archive.extractfile(member)):
                sizes[member.name], starts[member.name] = member.size, file.read(START_BYTES)
        _data_members(path, list(sizes))
        inside, alike = _largest(starts, sizes)
        file = archive.extractfile(inside)
        assert file is not None, "a plain file can be read"
        return _peeled(wraps, file.read(HEAD_BYTES + 1), inside, alike)


def _data_members(path: Path, names: list[str]) -> list[str]:
    data = [name for name in names if not is_document(name)]
    if not data or len(names) > MAX_MEMBERS:
        raise DataError(f"{path} holds no data among its {len(names):,} files: unpack it, and name the file")
    return data


def _largest(starts: dict[str, bytes], sizes: dict[str, int]) -> tuple[str, tuple[str, ...]]:
    """Return the largest member, and all that look like it: the same suffix, and a first line of the same shape."""
    inside = max(sorted(sizes), key=lambda name: sizes[name])
    return inside, tuple(sorted(name for name in starts if _shape(name, starts) == _shape(inside, starts)))


def _shape(name: str, starts: dict[str, bytes]) -> tuple[str, ...]:
    line = starts[name].split(b"\n", 1)[0]
    return (PurePosixPath(name).suffix.lower(), *(str(line.count(mark)) for mark in (b",", b";", b"\t", b"|")))


def is_document(name: str) -> bool:
    """Say whether a file's name is that of a text about the data.

    >>> is_document("data/README.txt"), is_document("day.csv")
    (True, False)
    """
    return any(fnmatch(part.lower(), pattern) for part in PurePosixPath(name).parts for pattern in DOCUMENTS)


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head[:1024]


def _is_ndjson(head: bytes) -> bool:
    """Say whether the first line is a JSON object."""
    line = io.BytesIO(head.removeprefix(b"\xef\xbb\xbf")).readline().strip()
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
