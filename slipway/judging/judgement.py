"""What is found about one target: its decision, metrics with intervals, and the answer to each row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.deciding import decide
from slipway.judging.decision import Decision
from slipway.judging.intervals import classification_intervals, regression_intervals
from slipway.judging.label_metrics import by_label, label_intervals, label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.judging.notes import class_notes, label_notes, value_notes
from slipway.judging.subject import Subject
from slipway.product.evaluate import Evaluate
from slipway.tables.heads import THRESHOLD
from slipway.tables.targets import is_known


@dataclass(frozen=True)
class Judgement:
    """What is found about one target."""

    decision: Decision
    metrics: Metrics
    intervals: dict[str, Any]
    answers: dict[str, list[pl.Series]]
    """For each part the columns of predictions.parquet: `prediction`, and for each class `p_<class>`."""

    notes: list[str]
    """What could not be fitted or judged, and why."""

    by_label: dict[str, Any] | None = None
    """Of labels, what labels.json tells."""


def judge(subject: Subject, name: str, params: Evaluate) -> Judgement:
    """Decide on, and judge, the answers for one target."""
    parts, target, resampled = subject.answered[name], subject.schema.targets[name], bootstrap(subject, params)
    known = is_known(parts["test"].targets)
    if not known.any():
        raise DataError(f"no test row has a value of '{name}': enlarge preprocess.split, or remove it from the targets")
    decision, unfitted = decide(subject, name, params)
    targets, scores = parts["test"].targets[known], parts["test"].scores[known]

    def noted(notes: list[str]) -> list[str]:
        is_main = name == subject.schema.product.target
        return [note if is_main else f"{name}: {note}" for note in (*unfitted, *notes)]

    if target.classes is None:
        metrics, intervals = regression_metrics(targets, scores), regression_intervals(targets, scores, **resampled)
        values = {part: [pl.Series("prediction", each.scores.astype(np.float64))] for part, each in parts.items()}
        return Judgement(decision, metrics, intervals, values, noted(value_notes(targets, scores)))
    judged = decision.probabilities(scores)
    if target.label_delimiter is not None:
        labels, delimiter = target.classes, target.label_delimiter
        metrics, intervals = label_metrics(targets, judged), label_intervals(targets, judged, **resampled)
        found = {part: _labels(decision.probabilities(each.scores), labels, delimiter) for part, each in parts.items()}
        notes = noted(label_notes(targets, judged > THRESHOLD, labels))
        return Judgement(decision, metrics, intervals, found, notes, by_label(targets, judged, labels))
    chosen = {part: subject.chosen(part, name, decision) for part in parts}
    given = chosen["test"][known]
    metrics = classification_metrics(targets, judged, given)
    intervals = classification_intervals(targets, judged, given, **resampled)
    answers = {part: _answers(decision, each.scores, chosen[part]) for part, each in parts.items()}
    return Judgement(decision, metrics, intervals, answers, noted(class_notes(targets, given, target.classes)))


def bootstrap(subject: Subject, params: Evaluate) -> dict[str, Any]:
    """Return how test rows are resampled."""
    return {
        "samples": params.bootstrap_samples,
        "confidence_pct": params.confidence_pct,
        "seed": subject.schema.product.seed,
    }


def _answers(decision: Decision, logits: np.ndarray, chosen: np.ndarray) -> list[pl.Series]:
    probabilities, classes = decision.probabilities(logits), decision.classes or []
    return [
        pl.Series("prediction", np.array(classes)[chosen]),
        *(pl.Series(f"p_{label}", probabilities[:, index]) for index, label in enumerate(classes)),
    ]


def _labels(probabilities: np.ndarray, labels: list[str], delimiter: str) -> list[pl.Series]:
    given = [delimiter.join(np.array(labels)[row]) or delimiter for row in probabilities > THRESHOLD]
    return [
        pl.Series("prediction", given, dtype=pl.String),
        *(pl.Series(f"p_{label}", probabilities[:, index]) for index, label in enumerate(labels)),
    ]
