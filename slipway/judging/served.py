"""What a server answered, as arrays: to be judged by the truth, and to be compared with other answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.alike import are_alike, spread_of
from slipway.judging.label_metrics import label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.product.product import Target
from slipway.tables.schema import ROW_ID, Schema
from slipway.tables.targets import is_known, targets_of

Prediction = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """What was answered for one target over N rows."""

    target: Target
    outputs: np.ndarray
    """Probabilities [N, classes], or values [N]."""

    decided: np.ndarray
    """Class indices [N], which labels each row has [N, labels], or values [N]."""

    truth: np.ndarray
    """As `slipway.tables.targets.targets_of` gives it."""

    @property
    def headline(self) -> str:
        """The metric that two models are compared by."""
        return "r2" if self.target.classes is None else "accuracy"

    @property
    def spread(self) -> float:
        """The unit in which values are compared: the standard deviation of the known targets; 1 for probabilities."""
        return spread_of(self.truth) if self.target.classes is None else 1.0

    def metrics(self) -> Metrics:
        """Judge by the truth, over the rows where it is known."""
        known = is_known(self.truth)
        if self.target.classes is None:
            return regression_metrics(self.truth[known], self.outputs[known])
        if self.target.label_delimiter is not None:
            return label_metrics(self.truth[known], self.outputs[known])
        return classification_metrics(self.truth[known], self.outputs[known], self.decided[known])

    def headline_value(self) -> float | None:
        """Return accuracy of what was decided, or r2 of the values; None where no row, or one value alone, is known."""
        known = is_known(self.truth)
        if not known.any():
            return None
        if self.target.classes is None:
            found = regression_metrics(self.truth[known], self.decided[known])["r2"]
            return None if found is None else float(found)
        return float(self.some(known).right().mean())

    def deciding(self, decided: np.ndarray) -> "Served":
        """Return the same rows, as another decided about them."""
        return Served(self.target, self.outputs, decided, self.truth)

    def right(self) -> np.ndarray:
        """Return which rows [N] are answered right, all labels included; no number is."""
        same = self.decided == self.truth
        return same if same.ndim == 1 else same.all(axis=1)

    def some(self, rows: np.ndarray) -> "Served":
        """Return some rows, by a mask [N] or indices."""
        return Served(self.target, self.outputs[rows], self.decided[rows], self.truth[rows])

    def distance(self, other: "Served") -> float:
        """Return the largest difference of a probability, or of a value in units of the spread."""
        return float(np.abs(self.outputs - other.outputs).max(initial=0)) / self.spread

    def agrees(self, decided: np.ndarray) -> np.ndarray:
        """Return for which rows [N] another decided alike."""
        if self.target.classes is None:
            return are_alike(self.decided, decided, self.spread)
        same = self.decided == decided
        return same if same.ndim == 1 else same.all(axis=1)


def served(predictions: Sequence[Prediction], frame: pl.DataFrame, schema: Schema) -> dict[str, Served]:
    """Return the answers about the rows of a frame, in its order, for each target.

    Raises:
        KeyError: an answer lacks a target or a class.
    """
    main, *_ = schema.targets
    answers = {name: [one if name == main else one["targets"][name] for one in predictions] for name in schema.targets}
    return {
        name: Served(target, *_arrays(answers[name], target), targets_of(frame, schema, name))
        for name, target in schema.targets.items()
    }


def trainer_decided(predictions: pl.DataFrame, rows: pl.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """Return what the trained model decided about some rows, for each target as `Served.decided` has it.

    Args:
        predictions: predictions.parquet.
        rows: test rows, of which `_id` is read.
        schema: says what the targets are.

    Raises:
        DataError: a row has no prediction.
    """
    test = predictions.filter(pl.col("split") == "test").rename({"prediction": f"{schema.require_target()}.prediction"})
    found = rows.select(ROW_ID).join(test, on=ROW_ID, how="inner", maintain_order="left")
    if found.height != rows.height:
        raise DataError("evaluate/predictions.parquet lacks rows of preprocess/test.parquet: run evaluate again")
    return {name: _decided(found[f"{name}.prediction"], target) for name, target in schema.targets.items()}


def _decided(found: pl.Series, target: Target) -> np.ndarray:
    if target.classes is None:
        return found.to_numpy()
    if target.label_delimiter is None:
        return np.array([target.classes.index(label) for label in found])
    given = [set(text.split(target.label_delimiter)) for text in found]
    return np.array([[label in labels for label in target.classes] for labels in given])


def _arrays(answers: Sequence[Prediction], target: Target) -> tuple[np.ndarray, np.ndarray]:
    if target.classes is None:
        values = np.array([one["value"] for one in answers], dtype=np.float64)
        return values, values
    given = [[one["probabilities"][label] for label in target.classes] for one in answers]
    probabilities = np.array(given, dtype=np.float64).reshape(len(answers), len(target.classes))
    if target.label_delimiter is None:
        return probabilities, np.array([target.classes.index(one["label"]) for one in answers], dtype=np.int64)
    labels = [[label in one["labels"] for label in target.classes] for one in answers]
    return probabilities, np.array(labels, dtype=bool).reshape(probabilities.shape)
