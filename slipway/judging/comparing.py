"""The answers of artefacts beside those of the trained model, by the truth: how much a smaller one loses."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from torch import nn

from slipway.errors import DataError
from slipway.judging.alike import are_alike, spread_of
from slipway.judging.decision import Decision
from slipway.judging.groups import groups_for
from slipway.judging.headline import headline_of
from slipway.judging.label_metrics import label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.learning.trained import scores
from slipway.tables.heads import THRESHOLD, heads_of
from slipway.tables.schema import Schema
from slipway.tables.targets import is_known, targets_of
from slipway.transform.applying import Array, features, raw_inputs
from slipway.transform.fitted import Transform

Answers = Mapping[str, Array]
"""Of each output of model.onnx."""


@dataclass(frozen=True)
class Compared:
    """The truth about one target, and the trained model's calibrated answers, to compare artefacts with."""

    tensor: str
    """The output of model.onnx that holds the answers."""

    targets: Array
    trained: Array
    """Probabilities [N, classes], or values [N]."""

    decision: Decision
    """How probabilities become a class."""

    groups: Array | None
    """The group of each row [N], where thresholds differ by group."""

    @property
    def is_regression(self) -> bool:
        """Whether answers are values."""
        return self.trained.ndim == 1

    @property
    def has_labels(self) -> bool:
        """Whether a row has any number of labels."""
        return self.targets.ndim == 2

    @property
    def headline(self) -> str:
        """The metric that candidates are shown by."""
        return headline_of(self.decision)

    def metrics(self, predicted: Array) -> Metrics:
        """Judge an artefact's answers by the truth, over the rows where it is known."""
        known = is_known(self.targets)
        if self.is_regression:
            return regression_metrics(self.targets[known], predicted[known])
        if self.has_labels:
            return label_metrics(self.targets[known], predicted[known])
        return classification_metrics(self.targets[known], predicted[known], self.chosen(predicted)[known])

    def chosen(self, predicted: Array) -> Array:
        """Return the class [N] that the decision gives to each row of probabilities [N, C]."""
        return self.decision.choose(predicted, self.groups)

    def drop_pct(self, predicted: Array) -> float:
        """Points of accuracy lost against the trained model, or percent of RMSE gained; 0 without a known target."""
        if not is_known(self.targets).any():
            return 0.0
        ours, theirs = self.metrics(predicted), self.metrics(self.trained)
        if self.is_regression:
            return 100 * (_of(ours, "rmse") - _of(theirs, "rmse")) / max(_of(theirs, "rmse"), 1e-12)
        return 100 * (_of(theirs, "accuracy") - _of(ours, "accuracy"))

    def agreement_pct(self, predicted: Array) -> float:
        """Share of rows with the trained model's class, or all its labels, or a value that is alike."""
        if self.is_regression:
            return 100 * float(np.mean(are_alike(predicted, self.trained, self.spread)))
        if self.has_labels:
            return 100 * float(np.mean(((predicted > THRESHOLD) == (self.trained > THRESHOLD)).all(axis=1)))
        return 100 * float(np.mean(self.chosen(predicted) == self.chosen(self.trained)))

    def distance(self, some: Array, others: Array) -> float:
        """Largest difference of probabilities, or of values in units of the targets' spread."""
        return float(np.abs(some - others).max()) / (self.spread if self.is_regression else 1.0)

    def some(self, rows: Array) -> "Compared":
        """Return some rows, by their places or a mask [N]."""
        groups = None if self.groups is None else self.groups[rows]
        return Compared(self.tensor, self.targets[rows], self.trained[rows], self.decision, groups)

    @property
    def spread(self) -> float:
        """Standard deviation of the targets that are known."""
        return spread_of(self.targets)


def _of(metrics: Metrics, name: str) -> float:
    value = metrics[name]
    assert value is not None, f"{name} exists for any rows"
    return value


@dataclass(frozen=True)
class Comparison:
    """Rows with all their targets; an artefact is as good as its worst answer."""

    inputs: dict[str, Array]
    targets: dict[str, Compared]
    """The main one first."""

    @classmethod
    def of(
        cls, frame: pl.DataFrame, schema: Schema, transform: Transform, network: nn.Module, decision: Decision
    ) -> "Comparison":
        """Prepare the rows and ask the trained model.

        Raises:
            DataError: It answers what is no number.
        """
        outputs = scores(network, features(frame, transform))
        broken = int((~np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1)).sum())
        if broken:
            raise DataError(
                f"the trained network answers NaN or infinity to {broken} of {len(outputs)} rows, so nothing can be "
                "compared with it. Run the stage train again with a lower train.lr, or with train.clip_norm."
            )
        compared = {}
        for head in heads_of(schema.targets):
            raw, its = head.of(outputs), decision.of(head.name)
            trained = raw if its.classes is None else its.probabilities(raw)
            truth, groups = targets_of(frame, schema, head.name), groups_for(its, frame)
            compared[head.name] = Compared(head.tensor, truth, trained, its, groups)
        return cls(raw_inputs(frame, transform), compared)

    @property
    def main(self) -> Compared:
        """The main target."""
        return next(iter(self.targets.values()))

    @property
    def trained(self) -> Answers:
        """What an artefact would answer that is no other than the trained model."""
        return {each.tensor: each.trained for each in self.targets.values()}

    def metrics(self, predicted: Answers) -> dict[str, Metrics]:
        """Judge the answers for each target."""
        return {name: each.metrics(predicted[each.tensor]) for name, each in self.targets.items()}

    def some(self, places: Array) -> "Comparison":
        """Return the rows at these places."""
        inputs = {name: column[places] for name, column in self.inputs.items()}
        return Comparison(inputs, {name: each.some(places) for name, each in self.targets.items()})

    def __len__(self) -> int:
        return len(self.main.targets)

    def drop_pct(self, predicted: Answers) -> float:
        """Return the largest drop."""
        return max(each.drop_pct(predicted[each.tensor]) for each in self.targets.values())

    def agreement_pct(self, predicted: Answers) -> float:
        """Return the smallest agreement."""
        return min(each.agreement_pct(predicted[each.tensor]) for each in self.targets.values())

    def distance(self, some: Answers, others: Answers) -> float:
        """Return the largest distance."""
        return max(each.distance(some[each.tensor], others[each.tensor]) for each in self.targets.values())
