"""A copy of a file without some of its bytes, so that polars reads what is left as it stands."""

import io
import shutil
from pathlib import Path
from typing import NamedTuple

BLOCK_BYTES = 1 << 20


class Cut(NamedTuple):
    """Bytes that polars must not see, and what it is to see in their place."""

    start: int
    end: int
    instead: bytes = b""


class Copy:
    """A copy of a file without its cuts, which is made when there is a first one."""

    def __init__(self, path: Path, out: Path) -> None:
        self._path, self._out, self._position = path, out, 0

    def leave_out(self, cuts: list[Cut]) -> None:
        """Copy up to the last of these cuts, which come in order."""
        if not cuts:
            return
        with self._path.open("rb") as file, self._out.open("ab") as out:
            file.seek(self._position)
            for cut in cuts:
                _copy(file, out, cut.start - file.tell())
                out.write(cut.instead)
                file.seek(cut.end)
            self._position = cuts[-1].end

    def finish(self) -> Path:
        """Return the copy, or the file itself if nothing was left out."""
        if not self._position:
            return self._path
        with self._path.open("rb") as file, self._out.open("ab") as out:
            file.seek(self._position)
            shutil.copyfileobj(file, out, BLOCK_BYTES)
        return self._out


def _copy(file: io.BufferedReader, out: io.BufferedWriter, num_bytes: int) -> None:
    while num_bytes > 0 and (piece := file.read(min(BLOCK_BYTES, num_bytes))):
        out.write(piece)
        num_bytes -= len(piece)
