"""MANIFEST.json: the sha256 of every file of a folder, and nothing else.

The folder's identity is the sha256 of MANIFEST.json itself, so one hash pins every byte. Bundles and
releases are both folders of this kind.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway.errors import BundleError, DataError
from slipway.files import read_json, sha256_of, write_json

MANIFEST = "MANIFEST.json"
SHA256 = re.compile("[0-9a-f]{64}")


def write_manifest(folder: Path) -> str:
    """Write MANIFEST.json over all files below `folder` and return its sha256, the folder's identity."""
    write_json(folder / MANIFEST, {name: sha256_of(folder / name) for name in file_names(folder)})
    return sha256_of(folder / MANIFEST)


def verify(folder: Path) -> str:
    """Check every file of a folder and return its identity.

    Raises:
        BundleError: a file is damaged, missing or not in the manifest.
    """
    hashes = read_manifest(folder)
    _check(folder, hashes, lambda name: sha256_of(folder / name))
    return sha256_of(folder / MANIFEST)


def read_verified(folder: Path) -> tuple[str, dict[str, bytes]]:
    """Return a folder's identity and the bytes of its files, after checking them.

    What was hashed is what is returned: hashing a file and then opening it again would trust
    whoever can write between the two.

    Raises:
        BundleError: a file is damaged, missing or not in the manifest.
    """
    hashes = read_manifest(folder)
    files = read_files(folder)
    _check(folder, hashes, lambda name: hashlib.sha256(files[name]).hexdigest())
    return sha256_of(folder / MANIFEST), files


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below `folder`, unchecked, as a folder without manifest must be read."""
    return {name: (folder / name).read_bytes() for name in file_names(folder)}


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the sha256 that each file must have, by its name.

    Raises:
        BundleError: there is no manifest, or it is none.
    """
    try:
        content: Any = read_json(folder / MANIFEST)
    except (DataError, OSError):
        reason = "is damaged" if (folder / MANIFEST).exists() else "is missing"
        raise BundleError(f"{folder / MANIFEST} {reason}: no whole bundle or release; publish it again") from None
    if not isinstance(content, dict) or not all(isinstance(h, str) and SHA256.fullmatch(h) for h in content.values()):
        raise BundleError(f"{folder / MANIFEST} is damaged: it must map file names to sha256 hashes; publish it again")
    return content


def file_names(folder: Path) -> list[str]:
    """List the files below `folder`, sorted, without the manifest; names are relative, with forward slashes."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if path != MANIFEST)


def _check(folder: Path, hashes: dict[str, str], hash_of: Callable[[str], str]) -> None:
    present = set(file_names(folder))
    if missing := sorted(hashes.keys() - present):
        raise BundleError(f"{folder / missing[0]} is missing, but {MANIFEST} lists it: restore it")
    if extra := sorted(present - hashes.keys()):
        raise BundleError(f"{folder / extra[0]} is not in {MANIFEST}: remove it")
    for name, expected in hashes.items():
        if (found := hash_of(name)) != expected:
            raise BundleError(
                f"{folder / name} is damaged: sha256 {found[:12]}… instead of {expected[:12]}…; restore it"
            )
