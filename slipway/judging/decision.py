"""decision.json: how outputs of the network become a prediction, the same in evaluate, compress and serving."""

from pathlib import Path

import numpy as np
from pydantic import Field

from slipway.files import read_json, write_text
from slipway.judging.calibration import fit_temperature, softmax
from slipway.product.section import Section, is_empty


class Decision(Section):
    """Logits are divided by `temperature`; the largest probability decides."""

    temperature: float = Field(default=1.0, gt=0)
    """Fitted on validation; 1 where nothing was fitted."""

    classes: list[str] | None = None
    """The classes (or labels) in the order of the outputs; null for a regression, whose output is the value."""

    has_labels: bool = Field(default=False, exclude_if=is_empty)
    """Whether the classes are labels, of which a row has any number: each has a probability above or below one half."""

    more_targets: dict[str, "Decision"] = Field(default={}, exclude_if=is_empty)
    """Of each further target, by its column."""

    @property
    def divisor(self) -> float | None:
        """What logits are divided by; None for a regression, which has none."""
        return None if self.classes is None else self.temperature

    def of(self, target: str) -> "Decision":
        """Return a target's own: that of a further one, or else this."""
        return self.more_targets.get(target, self)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities [N, C] float64 of logits [N, C]; of labels, each its own."""
        if self.has_labels:
            return softmax(as_binary(logits), self.temperature)[:, 1].reshape(logits.shape)
        return softmax(logits, self.temperature)

    def choose(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the class [N] that is given to each row of calibrated probabilities [N, C]."""
        return probabilities.argmax(axis=1)

    def write(self, folder: Path) -> None:
        """Write decision.json into a stage's folder."""
        write_text(folder / "decision.json", self.model_dump_json(indent=1) + "\n")


def fit_decision(logits: np.ndarray, targets: np.ndarray, *, classes: list[str], calibrate: bool) -> Decision:
    """Fit the decision on validation rows, if there is one: logits [N, C], targets [N] class indices."""
    fitted = fit_temperature(logits, targets) if calibrate and len(targets) else 1.0
    return Decision(temperature=fitted, classes=classes)


def fit_label_decision(logits: np.ndarray, targets: np.ndarray, *, labels: list[str], calibrate: bool) -> Decision:
    """Fit one temperature for all labels: logits [N, L], targets [N, L] of 0 and 1."""
    fitted = fit_temperature(as_binary(logits), targets.ravel().astype(np.int64)) if calibrate and len(targets) else 1.0
    return Decision(temperature=fitted, classes=labels, has_labels=True)


def as_binary(logits: np.ndarray) -> np.ndarray:
    """Return logits [N, L] of labels as those of two classes, without and with it: [N * L, 2]."""
    flat = logits.ravel()
    return np.stack([np.zeros_like(flat), flat], axis=1)


def read_decision(folder: Path) -> Decision:
    """Read decision.json from a stage's folder."""
    return Decision.model_validate(read_json(folder / "decision.json"))
