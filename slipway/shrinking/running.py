"""Run an ONNX artefact over many rows, one thread, at any batch size."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from slipway.transform.applying import Array, rows_at_once


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Load an artefact on the CPU with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Running(Protocol):
    """What answers for an artefact: a session of onnxruntime, or of another runtime."""

    def get_outputs(self) -> Sequence[Any]:
        """Name the outputs, in their order."""

    def run(self, names: None, inputs: Mapping[str, Array], /) -> Sequence[Any]:
        """Return all outputs for these rows."""


def answers(running: Running, inputs: Mapping[str, Array], *, batch_rows: int | None = None) -> npt.NDArray[np.float32]:
    """Return `probabilities` [N, classes] or `value` [N] for all rows, so many at a time; None: as the memory holds."""
    return next(iter(all_answers(running, inputs, batch_rows=batch_rows).values()))


def all_answers(
    running: Running, inputs: Mapping[str, Array], *, batch_rows: int | None = None
) -> dict[str, npt.NDArray[np.float32]]:
    """Return each output of the artefact by its name, as `answers` does the first."""
    num_rows = len(next(iter(inputs.values())))
    if batch_rows is None:
        tokens = inputs.get("tokens")
        batch_rows = rows_at_once(None if tokens is None else tokens.shape[1])
    chunks = [
        running.run(None, {name: column[start : start + batch_rows] for name, column in inputs.items()})
        for start in range(0, num_rows, batch_rows)
    ]
    names = [output.name for output in running.get_outputs()]
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*chunks, strict=True), strict=True)}
