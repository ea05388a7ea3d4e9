"""decision.json: how outputs of the network become a prediction, the same in evaluate, compress and serving."""

from pathlib import Path

import numpy as np
from pydantic import Field

from slipway.files import read_json, write_text
from slipway.judging.calibration import fit_temperature, softmax
from slipway.product.section import Section


class Decision(Section):
    """Logits are divided by `temperature`; the largest probability decides."""

    temperature: float = Field(default=1.0, gt=0)
    """Fitted on validation; 1 where nothing was fitted."""

    classes: list[str] | None = None
    """The classes in the order of the outputs; null for a regression, whose output is the value."""

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities [N, C] float64 of logits [N, C]."""
        return softmax(logits, self.temperature)

    def write(self, folder: Path) -> None:
        """Write decision.json into a stage's folder."""
        write_text(folder / "decision.json", self.model_dump_json(indent=1) + "\n")


def fit_decision(logits: np.ndarray, targets: np.ndarray, *, classes: list[str], calibrate: bool) -> Decision:
    """Fit the decision on validation rows: logits [N, C], targets [N] class indices."""
    return Decision(temperature=fit_temperature(logits, targets) if calibrate else 1.0, classes=classes)


def read_decision(folder: Path) -> Decision:
    """Read decision.json from a stage's folder."""
    return Decision.model_validate(read_json(folder / "decision.json"))
