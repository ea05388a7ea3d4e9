"""Which code a stage runs: the files' hashes before anything is imported, and a module's import closure.

DVC records the hash of a stage's code as it stands on the disk, while a flow's process runs the code
that it once imported. The two agree only if the files were hashed before the import and have not
changed since; a stage for which that can't be shown runs in a fresh process. So a flow takes its
snapshot first, and only then imports `slipway` and `tasks` (this module needs the standard library alone).
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

PACKAGES = ("slipway", "tasks")


class CodeSnapshot:
    """The sha256 of every module of `slipway` and `tasks` below `root`, at the time this object was made."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._hashes = {path: _sha256(path) for package in PACKAGES for path in (self._root / package).rglob("*.py")}
        self._outdated = {path for path in self._hashes if _loaded(self._name(path))}

    def is_current(self, paths: Iterable[Path]) -> bool:
        """Say whether what this process has imported, or would import, of `paths` is what they hold now.

        A file that was once seen to differ stays outdated, even if the edit is taken back: a module
        may have been imported in between.
        """
        files = {path.resolve() for path in paths}
        self._outdated |= {path for path in files if self._differs(path)}
        return not files & self._outdated

    def _differs(self, path: Path) -> bool:
        if path not in self._hashes or self._hashes[path] != _sha256(path):
            return True
        module = _loaded(self._name(path))
        return module is not None and Path(module.__file__ or "").resolve() != path

    def _name(self, path: Path) -> str:
        return ".".join(path.relative_to(self._root).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def process_snapshot(root: Path) -> CodeSnapshot:
    """Return the snapshot that the first call in this process took."""
    return CodeSnapshot(root)


def import_closure(module: str, root: Path) -> set[Path]:
    """Return the project's files that importing and running `module` can load, itself and packages included.

    Read from the source, so that imports inside functions count; files are given relative to `root`.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        for path in _files(waiting.pop(), root):
            if path not in found:
                found.add(path)
                waiting += _imports(root / path)
    return found


def _files(module: str, root: Path) -> Iterator[Path]:
    """Yield the file of each package above `module` and its own, as far as they are the project's."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return
    for length in range(1, len(parts) + 1):
        path = Path(*parts[:length])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if (root / file).is_file():
                yield file


def _imports(path: Path) -> Iterator[str]:
    """Yield each module that a file imports; for `from a import b` both a and a.b, which may be a module."""
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:  # lint forbids relative imports
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _loaded(name: str) -> ModuleType | None:
    return sys.modules.get(name)


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
