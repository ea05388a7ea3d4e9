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
from typing import Any

import numpy as np

from slipway.shrinking.running import all_answers, session
from slipway.transform.applying import Array


def peak_memory_mib(models: Sequence[bytes], inputs: Mapping[str, Array]) -> list[float] | None:
    """Return what loading each artefact and answering these rows at once adds at its height; None but on Linux."""
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
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in printed.split()]


def _storable(column: Array) -> Array:
    """Return texts as numpy's own, which need no pickle."""
    return column.astype(str) if column.dtype == object else column


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
            _print_peak(model, inputs)
            os._exit(0)


if __name__ == "__main__":
    main()
