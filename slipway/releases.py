"""releases/<name>/: what was deployed. Immutable versions, two pointers, and who served when.

    v0001/                 a release: bundle/, release.json, gate.json, and MANIFEST.json, written last
    champion.json          {"version", "manifest_sha256"}: the release that serves, pinned to its bytes
    challenger.json        the same, for one that is tried beside it
    history.jsonl          a line for each move of a pointer

A folder without MANIFEST.json is no release: a killed deployment leaves nothing that anybody reads. A number
is given once: no version folder is ever replaced, and no number used again, whatever was damaged or deleted.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from slipway.bundle.manifest import MANIFEST, verify, write_manifest
from slipway.errors import BundleError
from slipway.files import dump_json, read_json, sha256_of, sync, sync_tree, write_json, write_text_whole

Pointer = Literal["champion", "challenger"]
CHAMPION: Pointer = "champion"
VERSION = re.compile(r"v([0-9]{4,})")


@dataclass(frozen=True)
class Release:
    """A published version, verified when it was opened."""

    version: str
    folder: Path
    manifest_sha256: str

    @property
    def bundle(self) -> Path:
        """The folder of its bundle."""
        return self.folder / "bundle"

    @property
    def bundle_sha256(self) -> str:
        """The identity of its bundle."""
        return sha256_of(self.bundle / MANIFEST)


@dataclass(frozen=True)
class Named:
    """What a pointer says."""

    version: str
    manifest_sha256: str


class Releases:
    """The releases of one product."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[str]:
        """List the versions that exist, oldest first."""
        found = {path.parent.name for path in self.folder.glob(f"v*/{MANIFEST}") if VERSION.fullmatch(path.parent.name)}
        return sorted(found, key=_number)

    def open(self, version: str, manifest_sha256: str | None = None) -> Release:
        """Return a release after checking every byte of it.

        Args:
            version: as in `v0001`.
            manifest_sha256: what its manifest must be, where a pointer says so.

        Raises:
            BundleError: it does not exist, is damaged, or is another than the pointer means.
        """
        folder = self.folder / version
        if version not in self.versions():
            raise BundleError(f"{folder} does not exist; there are: {', '.join(self.versions()) or 'none'}")
        try:
            found = verify(folder)
        except BundleError as error:
            raise BundleError(f"{error}, or remove {folder} and deploy again") from None
        if manifest_sha256 not in (None, found):
            raise BundleError(f"{folder} is not what was published: its {MANIFEST} changed; restore the folder")
        return Release(version, folder, found)

    def pointed(self, pointer: Pointer) -> Release | None:
        """Return the release that a pointer names, checked; None where there is no pointer yet."""
        named = self.named(pointer)
        if named is None:
            return None
        if named.version not in self.versions():
            what = "is damaged" if (self.folder / named.version).exists() else "is gone"
            path = self._path(pointer)
            raise BundleError(f"{path} names {named.version}, which {what}: restore it, or remove {path}")
        return self.open(named.version, named.manifest_sha256)

    def named(self, pointer: Pointer) -> Named | None:
        """Return what a pointer says, without a look at the release; None where there is no pointer yet."""
        path = self._path(pointer)
        if not path.exists():
            return None
        content = read_json(path)
        if not isinstance(content, dict) or not content.keys() >= {"version", "manifest_sha256"}:
            raise BundleError(
                f"{path} is damaged: it must hold version and manifest_sha256; remove it and deploy again"
            )
        return Named(content["version"], content["manifest_sha256"])

    def find(self, bundle_sha256: str) -> Release | None:
        """Return the release of a bundle; None where it was never published."""
        for version in self.versions():
            manifest = self.folder / version / "bundle" / MANIFEST
            if manifest.exists() and sha256_of(manifest) == bundle_sha256:
                return self.open(version)
        return None

    def publish(self, bundle: Path, about: dict[str, Any], gate: dict[str, Any]) -> Release:
        """Copy a bundle to a new version, read-only, and return it; a bundle published before is the same release.

        Args:
            bundle: a verified bundle; it may disappear as soon as this returns.
            about: what release.json says beside the version and the bundle's identity.
            gate: what gate.json says.
        """
        identity = verify(bundle)
        if (known := self.find(identity)) is not None:
            return known
        version = self._next_version()
        new = self.folder / ".new"
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(bundle, new / "bundle", copy_function=shutil.copyfile)
        if verify(new / "bundle") != identity:
            raise BundleError(f"{bundle} changed while it was copied: deploy again when nothing writes there")
        write_json(new / "release.json", {"version": version, "bundle_sha256": identity, **about})
        write_json(new / "gate.json", gate)
        found = write_manifest(new)
        for path in new.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        sync_tree(new)
        new.rename(self.folder / version)
        sync(self.folder)
        return Release(version, self.folder / version, found)

    def _path(self, pointer: Pointer) -> Path:
        return self.folder / f"{pointer}.json"

    def _next_version(self) -> str:
        """Number above every version that stands, damaged ones included, or that the history knows."""
        named = [path.name for path in self.folder.glob("v*")] + [line["version"] for line in self.history()]
        return f"v{max((_number(name) for name in named if VERSION.fullmatch(name)), default=0) + 1:04d}"

    def settled(self, pointer: Pointer, bundle_sha256: str) -> Release | None:
        """Return the release that a pointer names if it holds this bundle: there is nothing left to deploy.

        Notes the move in the history where a kill came between the two files; the caller holds the lock.
        """
        release = self.pointed(pointer)
        if release is None or release.bundle_sha256 != bundle_sha256:
            return None
        self.point(pointer, release, "noted afterwards: its deployment was cut short")
        return release

    def point(self, pointer: Pointer, release: Release, why: str) -> None:
        """Move a pointer, replaced whole, and note it in the history. Does what is not done yet of the two."""
        content = dump_json({"version": release.version, "manifest_sha256": release.manifest_sha256})
        path = self._path(pointer)
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            write_text_whole(path, content)
        history = self.history()
        last = next((line for line in reversed(history) if line["pointer"] == pointer), None)
        if last is None or last["manifest_sha256"] != release.manifest_sha256:
            line = {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "pointer": pointer,
                "version": release.version,
                "manifest_sha256": release.manifest_sha256,
                "why": why,
            }
            lines = [json.dumps(one, ensure_ascii=False) for one in [*history, line]]
            write_text_whole(self.folder / "history.jsonl", "\n".join(lines) + "\n")

    def history(self) -> list[dict[str, Any]]:
        """Return every move of a pointer, oldest first."""
        path = self.folder / "history.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one deployment at a time through; the kernel frees the lock of a killed one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _number(version: str) -> int:
    match = VERSION.fullmatch(version)
    assert match is not None, f"{version} was listed as a version"
    return int(match[1])
