"""Peak memory of a served artefact: `python -m slipway.shrinking.memory ROWS.npz MODEL...` prints MiB, one a line.

A process of its own, which imports onnxruntime alone and forks for each artefact: what an earlier one freed, or what
torch holds, is in nobody's figure.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from slipway.errors import DataError
from slipway.shrinking.running import all_answers, session
from slipway.transform.applying import Array

MAX_SHOWN = 300


def peak_memory_mib(models: Sequence[bytes], inputs: Mapping[str, Array]) -> list[float] | None:
    """Return what loading each artefact and answering these rows at once adds at its height; None but on Linux.

    Raises:
        DataError: The process that measures fails, for want of memory for one.
    """
    if sys.platform != "linux":
        return None
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npz"
        held: Any = {name: _storable(column) for name, column in inputs.items()}
        np.savez(rows, **held)
        paths = [Path(folder) / f"{place}.onnx" for place in range(len(models))]
        for path, model in zip(paths, models, strict=True):
            path.write_bytes(model)
        command = [sys.executable, "-m", "slipway.shrinking.memory", str(rows), *map(str, paths)]
        measured = subprocess.run(command, capture_output=True, text=True)
    if measured.returncode:
        said = measured.stderr.strip()[-MAX_SHOWN:]
        raise DataError(
            f"the peak memory of {len(models)} artefacts could not be measured (exit status {measured.returncode}): "
            f"{said or 'it said nothing'}. Free memory and run compress again; other recipes than search measure none."
        )
    return [float(line) for line in measured.stdout.split()]


def _storable(column: Array) -> Array:
    """Return texts as numpy's own, which need no pickle."""
    return column.astype(str) if column.dtype == object else column


def _exit_after(path: Path, inputs: dict[str, Array]) -> NoReturn:
    """Measure, and end the fork without the interpreter's farewell, which waits for threads that a fork lacks."""
    status = 1
    try:
        _print_peak(path, inputs)
        status = 0
    finally:
        if status:
            sys.stderr.write(f"{sys.exception()}\n")
            sys.stderr.flush()
        os._exit(status)


def _print_peak(path: Path, inputs: dict[str, Array]) -> None:
    before = _status("VmRSS")
    all_answers(session(path.read_bytes()), inputs, batch_rows=len(next(iter(inputs.values()))))
    sys.stdout.write(f"{(_status('VmHWM') - before) / 1024:.1f}\n")
    sys.stdout.flush()


def _status(name: str) -> int:
    """Return a line of /proc/self/status in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Measure each artefact in a fork."""
    rows, *models = map(Path, sys.argv[1:])
    with np.load(rows) as held:
        inputs = {name: held[name] for name in held.files}
    inputs = {name: column.astype(object) if column.dtype.kind == "U" else column for name, column in inputs.items()}
    for model in models:
        if child := os.fork():
            if os.waitpid(child, 0)[1]:
                sys.exit(f"{model} could not be run")
        else:
            _exit_after(model, inputs)


if __name__ == "__main__":
    main()
