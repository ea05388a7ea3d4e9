"""Archives and compressed files, unpacked in a stream: no name from inside becomes a path, and sizes have limits."""

import bz2
import fnmatch
import gzip
import itertools
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from slipway.errors import DataError, ParamsError
from slipway.sources.workplace import File, Workplace

COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"PK\x03\x04": ".zip", b"PK\x05\x06": ".zip"}
DOCUMENT = frozenset(["[Content_Types].xml", "mimetype"])
BLOCK_BYTES = 1 << 20
FREE_BYTES = 64 << 20
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, OSError, NotImplementedError)


def unpack(file: File, inside: str | None, place: Workplace) -> list[File]:
    """Return the files in an archive that `inside` names, sorted by name; a file that is no archive as it is.

    Raises:
        DataError: The archive is damaged, locked or unsafe, or comes to more than `ingest.unpack` allows.
        ParamsError: `inside` fits none of its files, or must say which.
    """
    kind = archive_of(file)
    if kind is None:
        return [file]
    budget = _Budget(file, place)
    with _damage_told(file.name):
        if kind in COMPRESSED:
            if inside is not None:
                raise ParamsError(f"{file.name} holds one file: remove ingest.source.inside ({inside!r})")
            return [_write(COMPRESSED[kind](file.path), _without_suffix(file.name), budget)]
        members = _from_zip(file, inside, budget) if kind == ".zip" else _from_tar(file, inside, budget)
    return [_decompressed(member, budget) for member in sorted(members)]


def archive_of(file: File) -> str | None:
    """Return the kind of an archive: `.tar`, `.zip` or a suffix of one compressed file; None where it is none."""
    name = file.name.lower()
    if name.endswith(TARS):
        return ".tar"
    if Path(name).suffix in (*COMPRESSED, ".zip"):
        return Path(name).suffix
    if Path(name).suffix:
        return None
    with file.path.open("rb") as opened:
        start = opened.read(512)
    found = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
    return None if found == ".zip" and _is_document(file) else found


def _is_document(file: File) -> bool:
    """Say whether a zip is one file to its user: a sheet of Excel, an OpenDocument file."""
    with _damage_told(file.name), zipfile.ZipFile(file.path) as archive:
        return not DOCUMENT.isdisjoint(archive.namelist())


def _from_zip(file: File, inside: str | None, budget: "_Budget") -> list[File]:
    with zipfile.ZipFile(file.path) as archive:
        held = [member for member in archive.infolist() if not member.is_dir()]
        chosen = _chosen(file.name, [member.filename for member in held], inside)
        members = {member.filename: member for member in held}
        locked = [name for name in chosen if members[name].flag_bits & 1]
        if locked:
            raise DataError(f"{file.name} is locked by a password ('{locked[0]}'): unpack it yourself, give its files")
        for name in chosen:
            _require_regular(file.name, name, is_regular=(members[name].external_attr >> 28) in (0, 8))
        budget.expect(sum(members[name].file_size for name in chosen))
        return [_write(archive.open(members[name]), name, budget) for name in chosen]


def _from_tar(file: File, inside: str | None, budget: "_Budget") -> list[File]:
    """Read the archive twice from front to back: jumping in a compressed one would read it once for each file.

    Files that are not chosen count, too: they are unpacked on the way to the next one.
    """
    held, num_bytes = [], 0
    with tarfile.open(file.path, "r|*") as archive:
        for member in archive:
            num_bytes += member.size
            budget.expect(num_bytes)
            if not member.isdir():
                held.append(member)
    chosen = set(_chosen(file.name, [member.name for member in held], inside))
    members = {member.name: member for member in held}
    for name in sorted(chosen):
        _require_regular(file.name, name, is_regular=members[name].isreg())
    found = []
    with tarfile.open(file.path, "r|*") as archive:
        for member in archive:
            if member.name in chosen and (stream := archive.extractfile(member)) is not None:
                found.append(_write(stream, member.name, budget))
    return found


def _chosen(archive: str, names: list[str], inside: str | None) -> list[str]:
    """Return the names that `inside` fits; names that leave the archive are a sign of an attack, so none is read."""
    leaving = [name for name in names if ".." in PurePosixPath(name.replace("\\", "/")).parts or name.startswith("/")]
    if leaving:
        raise DataError(f"{archive} holds '{leaving[0]}', which leaves the folder it is unpacked to: do not trust it")
    chosen = choose(archive, names, inside)
    twice = next((name for name, after in itertools.pairwise(chosen) if name == after), None)
    if twice is not None:
        raise DataError(f"{archive} holds '{twice}' twice, and which is meant cannot be told: pack it once")
    return chosen


def choose(where: str, names: list[str], inside: str | None) -> list[str]:
    """Return the names that a glob fits, sorted; without one there must be a single name."""
    held = sorted(name for name in names if not _is_hidden(name))
    shown = ", ".join(held[:8]) + (f" and {len(held) - 8:,} more" if len(held) > 8 else "")
    if not held:
        raise DataError(f"{where} holds no files")
    if inside is None and len(held) > 1:
        raise ParamsError(f"{where} holds {len(held):,} files: {shown}.\nSay which in ingest.source.inside, a glob.")
    chosen = [name for name in held if inside is None or fnmatch.fnmatchcase(name, inside)]
    if not chosen:
        raise ParamsError(f"ingest.source.inside = {inside!r} fits none of the files in {where}: {shown}")
    return chosen


def _is_hidden(name: str) -> bool:
    """Say whether a file is none of the user's: .DS_Store, __MACOSX/._rows.csv."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _require_regular(archive: str, name: str, *, is_regular: bool) -> None:
    if not is_regular:
        raise DataError(f"{archive}: '{name}' is a link or a device, not a file: pack the file itself")


class _Budget:
    """How much an archive may still come to."""

    def __init__(self, file: File, place: Workplace) -> None:
        self.name, self.place = file.name, place
        self._packed = max(file.path.stat().st_size, 1)
        self._written = 0

    def expect(self, num_bytes: int) -> None:
        """Refuse early what the archive itself says is too much."""
        self._require(num_bytes)

    def spend(self, num_bytes: int) -> None:
        self._written += num_bytes
        self._require(self._written)

    def _require(self, num_bytes: int) -> None:
        limits = self.place.unpack
        if num_bytes > limits.max_gib * 2**30:
            raise DataError(
                f"{self.name} holds more than ingest.unpack.max_gib = {limits.max_gib:g} GiB: raise it if meant"
            )
        if num_bytes > FREE_BYTES and num_bytes > limits.max_ratio * self._packed:
            raise DataError(
                f"{self.name} unpacks to more than {limits.max_ratio:g} times its {self._packed:,} bytes "
                "(ingest.unpack.max_ratio), as a zip bomb does: raise it if it is none"
            )


def _write(stream: IO[bytes], name: str, budget: _Budget) -> File:
    path = budget.place.new_path()
    with stream, path.open("wb") as out:
        while block := stream.read(BLOCK_BYTES):
            budget.spend(len(block))
            out.write(block)
    return File(name, path)


def _decompressed(member: File, budget: _Budget) -> File:
    """Unpack one compressed file of an archive; an archive in an archive is refused."""
    kind = archive_of(member)
    if kind is None:
        return member
    if kind not in COMPRESSED:
        raise DataError(
            f"{budget.name} holds the archive '{member.name}': unpack the outer one, and give the inner one"
        )
    with _damage_told(member.name):
        return _write(COMPRESSED[kind](member.path), _without_suffix(member.name), budget)


def _without_suffix(name: str) -> str:
    """Return `rows.csv` for `rows.csv.gz`, and a name without such an ending as it is."""
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in COMPRESSED else name


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the archive's
            raise
        raise DataError(f"{name} is damaged or cut short ({error}): copy or download it again") from None
