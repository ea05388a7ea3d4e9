"""Keep dvc.lock whole: DVC empties it and then writes it, which a full disk or a kill cuts short.

A copy stands in .dvc/tmp while DVC may be writing. It is put back when the write fails, or by the next
run where a kill left it behind. At worst the last stage's record is missing then, and DVC restores
that stage from its run cache.
"""

import os
import shutil
from pathlib import Path

import psutil


class Lockfile:
    """The dvc.lock of a project; the caller sees to it that one thread uses it at a time."""

    def __init__(self, root: Path) -> None:
        self._path = root / "dvc.lock"
        self._folder = root / ".dvc" / "tmp"
        self._copy = self._folder / f"dvc.lock.before.{os.getpid()}"

    def begin(self) -> None:
        """Copy dvc.lock; an empty copy stands for one that does not exist yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._copy.with_name(f"new.{self._copy.name}")
        if self._path.exists():
            shutil.copyfile(self._path, new)
        else:
            new.touch()
        new.replace(self._copy)

    def end(self) -> None:
        """Forget the copy: dvc.lock is whole."""
        self._copy.unlink(missing_ok=True)

    def undo(self) -> None:
        """Put the copy back, if there is one."""
        self._put_back(self._copy)

    def mend(self) -> None:
        """Put back what a run left that was killed while DVC wrote."""
        for copy in self._folder.glob("dvc.lock.before.*"):
            if not psutil.pid_exists(int(copy.suffix[1:])):
                self._put_back(copy)

    def _put_back(self, copy: Path) -> None:
        if not copy.exists():
            return
        if copy.stat().st_size:
            copy.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
            copy.unlink()
