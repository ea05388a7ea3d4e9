"""Where a source's files are: in the product's folder, below SLIPWAY_DATA, or at the URL that it was published at."""

import difflib
import hashlib
import os
from pathlib import Path

from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.product.ingest import Located
from slipway.sources.archives import archive_of, choose, unpack
from slipway.sources.workplace import File, Workplace

REMOTE = ("http://", "https://", "s3://")


def find(source: Located, place: Workplace, *, everything: bool = False) -> tuple[list[File], str]:
    """Return the files of a source, unpacked and sorted by name, and the sha256 of what they came from.

    Args:
        source: Where they are.
        place: Where to look, and to unpack.
        everything: Whether a folder or archive means all that it holds, unless `inside` says otherwise.

    Raises:
        DataError: They are not there, or not the pinned ones.
        ParamsError: What params.yaml says of them cannot be.
    """
    inside = source.inside or ("*" if everything else None)
    found = locate(source, place, everything=everything)
    sha256 = sha256_of_all(found)
    if source.sha256 is not None and sha256 != source.sha256:
        raise DataError(
            f"{source.file} is not the pinned file: its sha256 is {sha256},\n"
            f"but ingest.source says {source.sha256}.\n"
            "Put the right file there, or pin the new one if the change is meant."
        )
    if len(found) == 1 and archive_of(found[0]) is not None:
        return unpack(found[0], inside, place), sha256
    if source.inside is not None and not found[0].name.startswith(f"{source.file}/"):
        raise ParamsError(f"{source.file} is no archive and no folder: remove ingest.source.inside ({source.inside!r})")
    return [each for file in found for each in unpack(file, None, place)], sha256


def sha256_of_all(files: list[File]) -> str:
    """Return the hash of one file, or of the lines that `sha256sum` prints for several."""
    if len(files) == 1:
        return sha256_of(files[0].path)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{sha256_of(file.path)}  {file.name}\n".encode())
    return digest.hexdigest()


def locate(source: Located, place: Workplace, *, everything: bool = False) -> list[File]:
    """Return the files of a source as they are, downloaded if need be."""
    if source.file.startswith(REMOTE):
        return _fetched(source.file, source, place)
    if Path(source.file).is_absolute() or ".." in Path(source.file).parts or "://" in source.file:
        raise ParamsError(
            f"ingest.source '{source.file}' leaves {place.folder}: put the file, or a link to it, there, "
            f"or give a URL ({', '.join(REMOTE)})"
        )
    files = _below(place.folder, source, everything=everything)
    if files is None and (data := os.environ.get("SLIPWAY_DATA")):
        files = _in_data(Path(data), source, everything=everything)
    if files is None and source.url is not None:
        files = _fetched(source.url, source, place)
    if files is None:
        raise DataError(_absent(source, place))
    return files


def _fetched(url: str, source: Located, place: Workplace) -> list[File]:
    """Download, in the one process that needs it: the import costs as much as opening a small table."""
    from slipway.sources.fetching import fetch_all

    files = fetch_all(url, source.sha256, place)
    if source.sha256 is None and place.requires_pins:
        raise ParamsError(
            f"{url} may be something else tomorrow: pin it in ingest.source.\n"
            f"What it is today has sha256: {sha256_of_all(files)}"
        )
    return files


def _below(folder: Path, source: Located, *, everything: bool) -> list[File] | None:
    """Return the files that a name, a folder or a glob stands for; None where there are none."""
    path = folder / source.file
    if path.is_file():
        return [File(source.file, path)]
    if path.is_dir():
        names = [each.relative_to(path).as_posix() for each in path.rglob("*") if _is_visible(each, path)]
        inside = source.inside or ("*" if everything else None)
        return [File(f"{source.file}/{name}", path / name) for name in choose(source.file, names, inside)]
    if not is_glob(source.file):
        return None
    found = {
        each.relative_to(folder).as_posix(): each for each in folder.glob(source.file) if _is_visible(each, folder)
    }
    return [File(name, found[name]) for name in sorted(found)] or None


def _is_visible(path: Path, folder: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _in_data(data: Path, source: Located, *, everything: bool) -> list[File] | None:
    """Look below the folder of SLIPWAY_DATA, at any depth; several of one name are told apart by `sha256`."""
    roots = [data, *sorted(path for path in data.rglob("*") if path.is_dir())]
    candidates = [files for root in roots if (files := _below(root, source, everything=everything)) is not None]
    if source.sha256 is not None:
        return next((files for files in candidates if sha256_of_all(files) == source.sha256), None)
    if len(candidates) > 1:
        places = ", ".join(files[0].path.relative_to(data).as_posix() for files in candidates)
        raise DataError(f"SLIPWAY_DATA holds several '{source.file}': {places}.\nGive more of the path, or its sha256.")
    return candidates[0] if candidates else None


def is_glob(name: str) -> bool:
    """Say whether a name stands for several."""
    return any(character in name for character in "*?[")


def _absent(source: Located, place: Workplace) -> str:
    there = sorted(each.name for each in place.folder.glob("[!.]*"))
    near = difflib.get_close_matches(source.file, there, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"it holds {', '.join(there[:20]) or 'nothing'}."
    data = os.environ.get("SLIPWAY_DATA")
    pinned = " with the pinned sha256" if source.sha256 is not None else ""
    also = f", nor below {data} (SLIPWAY_DATA){pinned}" if data else ""
    return (
        f"{place.folder / source.file} does not exist{also}: {hint} "
        "Put the file there, set SLIPWAY_DATA, or correct ingest.source in params.yaml."
    )
