"""decision.json: how outputs of the network become a prediction, the same in evaluate, compress and serving."""

from pathlib import Path

import numpy as np
from pydantic import Field

from slipway.bundle.parsing import parse
from slipway.files import read_json, write_text
from slipway.judging.calibration import fit_temperature, softmax
from slipway.judging.grouping import Grouping
from slipway.product.mitigation import Constraint
from slipway.product.section import Section, is_empty

DECISION = "decision.json"


class GroupThresholds(Section):
    """Thresholds of the groups of one column, fitted on validation; a group that is not listed has the common one."""

    grouping: Grouping
    """Tells the group of a row."""

    constraint: Constraint
    """What was made alike."""

    thresholds: dict[str, float]
    """By the name of the group."""


class Decision(Section):
    """Logits are divided by `temperature`; the largest probability decides, or what is declared to cost least."""

    temperature: float = Field(default=1.0, gt=0)
    """Fitted on validation; 1 where nothing was fitted."""

    classes: list[str] | None = None
    """The classes (or labels) in the order of the outputs; null for a regression, whose output is the value."""

    has_labels: bool = Field(default=False, exclude_if=is_empty)
    """Whether the classes are labels, of which a row has any number: each has a probability above or below one half."""

    costs: list[list[float]] | None = Field(default=None, exclude_if=is_empty)
    """What an answer costs, [true class][given class] in the order of `classes`; null where all mistakes cost alike."""

    threshold: float | None = Field(default=None, ge=0, le=1, exclude_if=lambda threshold: threshold is None)
    """Of two classes: the second is given where its probability is above; null where the larger one decides."""

    group_thresholds: GroupThresholds | None = Field(default=None, exclude_if=is_empty)
    """What takes the place of `threshold` for the groups of a column."""

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

    def choose(self, probabilities: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
        """Return the class [N] that is given to each row: the one place where a class is chosen.

        It is the class of least expected cost (Elkan 2001, equation 1), of two classes the second where its probability
        is above the threshold that follows (equation 2). Without costs that is the largest probability. A tie goes to
        the class that is listed first.

        Args:
            probabilities: [N, C], calibrated.
            groups: [N] the name of each row's group, which has a threshold of its own under `group_thresholds`;
                None chooses as if there were none.
        """
        if self.threshold is not None:
            return (probabilities[:, 1] > self._thresholds(groups)).astype(np.int64)
        if self.costs is None:
            return probabilities.argmax(axis=1)
        return (probabilities.astype(np.float64) @ np.array(self.costs)).argmin(axis=1)

    def _thresholds(self, groups: np.ndarray | None) -> np.ndarray | float:
        assert self.threshold is not None, "only two classes have thresholds"
        if groups is None or self.group_thresholds is None:
            return self.threshold
        own = self.group_thresholds.thresholds
        return np.array([own.get(group, self.threshold) for group in groups], dtype=np.float64)

    @property
    def rule(self) -> str | None:
        """Say how a class is chosen, for those who ask a server; None for a regression, which has none."""
        if self.classes is None:
            return None
        if self.has_labels:
            return "each label whose probability is above 0.5"
        if self.threshold is None:
            return "the most probable class" if self.costs is None else "the class of least expected cost"
        text = f"{self.classes[1]} where its probability is above {self.threshold:.4g}"
        if self.group_thresholds is None or not self.group_thresholds.thresholds:
            return text
        own = ", ".join(f"{value:.4g} ({name})" for name, value in self.group_thresholds.thresholds.items())
        return f"{text}, or by {self.group_thresholds.grouping.column} above {own}"

    def write(self, folder: Path) -> None:
        """Write decision.json into a stage's folder."""
        write_text(folder / DECISION, self.model_dump_json(indent=1) + "\n")


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
    return Decision.model_validate(read_json(folder / DECISION))


def parse_decision(content: bytes) -> Decision:
    """Read the bytes of a bundle's decision.json.

    Raises:
        BundleError: it holds something else.
    """
    return parse(content, Decision, name=DECISION)
