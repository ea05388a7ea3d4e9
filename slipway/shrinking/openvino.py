"""Artefacts in OpenVINO, measured beside onnxruntime; what serves is the latter, so none of them is ever chosen."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.errors import SlipwayError
from slipway.transform.applying import Array

MISSING = "OpenVINO is not installed, so it was not measured: pip install -e '.[openvino]' -c constraints.txt"
NEVER_CHOSEN = "it is measured in OpenVINO, and slipway serves with onnxruntime"
MAX_SHOWN = 200


class Unreadable(SlipwayError):
    """OpenVINO cannot run an artefact; the message says why."""


@dataclass(frozen=True)
class Output:
    """An output of the artefact."""

    name: str


class OpenVinoSession:
    """Answers as a session of onnxruntime does, on one CPU thread.

    Raises:
        Unreadable: OpenVINO cannot run the artefact; it knows no texts, for one.
    """

    def __init__(self, model: bytes) -> None:
        import openvino

        core: Any = openvino.Core()
        asked = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        try:
            self._program = core.compile_model(core.read_model(model), "CPU", asked)
        except RuntimeError as error:
            said = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise Unreadable(f"OpenVINO cannot run it: {said[-1][:MAX_SHOWN]}") from error

    def get_outputs(self) -> list[Output]:
        """Name the outputs, in their order."""
        return [Output(port.any_name) for port in self._program.outputs]

    def run(self, names: None, inputs: Mapping[str, Array]) -> list[Array]:
        """Return all outputs for these rows."""
        found = self._program(dict(inputs))
        return [found[port].copy() for port in self._program.outputs]


def is_installed() -> bool:
    """Say whether OpenVINO can be imported."""
    return importlib.util.find_spec("openvino") is not None
