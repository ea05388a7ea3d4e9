"""Judge the trained model once: `python -m tasks.evaluate TRAIN PRIVATIZE PREPROCESS OUT --params ...`.

Its decision is fitted on validation, then reported on test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.judging.costs import costs_of
from slipway.judging.deciding import decide
from slipway.judging.decision import Decision
from slipway.judging.fairness import fairness
from slipway.judging.groups import groups_for
from slipway.judging.intervals import classification_intervals, regression_intervals
from slipway.judging.label_metrics import binary, by_label, label_intervals, label_metrics
from slipway.judging.metrics import (
    Metrics,
    class_curves,
    classification_metrics,
    label_curves,
    regression_metrics,
)
from slipway.judging.notes import class_notes, label_notes, value_notes
from slipway.judging.slices import slices
from slipway.judging.subject import Subject, read_subject
from slipway.learning.trained import load_network
from slipway.pictures.fairness import fairness_picture
from slipway.pictures.judging import calibration, confusion, cost_by_threshold, precision_recall, residuals, roc
from slipway.files import whole_folder, write_json, write_text
from slipway.judging.decision import Decision, fit_decision, fit_label_decision
from slipway.judging.explanations import explain
from slipway.judging.intervals import classification_intervals, regression_intervals
from slipway.judging.label_metrics import binary, by_label, label_intervals, label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.judging.subject import Answered, read_subject
from slipway.pictures.explanations import draw_explanations
from slipway.pictures.judging import calibration, confusion, label_roc, residuals, roc
from slipway.pictures.learning import learning_curve
from slipway.pictures.slices import slices_picture
from slipway.product.augment import BEFORE
from slipway.product.evaluate import Evaluate
from slipway.stage import main
from slipway.tables.heads import THRESHOLD
from slipway.tables.schema import ROW_ID
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


def evaluate(
    train: Path, privatize: Path, preprocess: Path, out: Path, params: Evaluate, *, code: Path | None = None
) -> Path:
    """Write metrics, intervals, predictions, the decision and pictures of the trained model.

    The decision is fitted on the validation rows, which the network was chosen by; the test rows are looked at once,
    with what was decided before. notes.json says what could not be fitted or judged. Of further targets the metrics
    and intervals are in targets.json, over the rows that have them; it is empty where there are none. Of labels,
    labels.json holds the figures of each; of declared costs, or thresholds of groups, costs.json what they save.
    `code` holds a network of the product's own.

    Raises:
        ParamsError: Costs or mitigation do not fit the product.
        DataError: The outputs are not finite, or no test row has one of the targets.
    """
    with whole_folder(out) as folder:
        subject = read_subject(train, privatize, preprocess, code)
        judged = {name: judge(subject, name, params) for name in subject.schema.targets}
        main, (_, *others) = judged[subject.schema.require_target()], judged
        draw(subject, main, folder)
        history = pl.read_csv(train / "history.csv").to_dict(as_series=False)
        write_text(folder / "learning.svg", learning_curve(history))
        decisions = {name: judged[name].decision for name in others}
        main.decision.model_copy(update={"more_targets": decisions}).write(folder)
        write_json(folder / "metrics.json", main.metrics)
        write_json(folder / "intervals.json", main.intervals)
        further = {name: {"metrics": judged[name].metrics, "intervals": judged[name].intervals} for name in others}
        write_json(folder / "targets.json", further)
        write_json(folder / "notes.json", {"notes": [note for each in judged.values() for note in each.notes]})
        write_drawn("slices", found := slices(subject, main.decision, params), slices_picture(found), folder)
        compared = fairness(
            subject, main.decision, params, **without_mitigation(train, code, subject, main.decision, params)
        )
        write_drawn("fairness", compared, fairness_picture(compared), folder)
        if labelled := {name: each.by_label for name, each in judged.items() if each.by_label is not None}:
            write_json(folder / "labels.json", labelled)
        if main.decision.threshold is not None or main.decision.costs is not None:
            write_json(folder / "costs.json", costs_on_test(subject, main.decision, params))
        if params.explanations is not None:
            explained = explain(subject, main.decision, params, params.explanations)
            write_json(folder / "explanations.json", explained.facts)
            for name, picture in draw_explanations(explained).items():
                write_text(folder / f"{name}.svg", picture)
        pl.concat(predictions(subject.frames, judged)).write_parquet(folder / "predictions.parquet")
    return out


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


def draw(subject: Subject, judged: Judgement, folder: Path) -> None:
    """Draw the answers for the main target on the test rows; curves that its rows do not have are left out."""
    name, decision = subject.schema.require_target(), judged.decision
    test, classes = subject.answered[name]["test"], decision.classes
    if classes is None:
        write_text(folder / "residuals.svg", residuals(test.targets, test.scores))
        return
    probabilities = decision.probabilities(test.scores)
    uncalibrated = decision.model_copy(update={"temperature": 1.0}).probabilities(test.scores)
    if decision.has_labels:
        flat, both = binary(test.targets, probabilities)
        curves = label_curves(test.targets > 0, probabilities)
        write_text(folder / "calibration.svg", calibration(flat, binary(test.targets, uncalibrated)[1], both))
    else:
        curves = class_curves(test.targets, probabilities)
        write_text(folder / "confusion.svg", confusion(test.targets, subject.chosen("test", name, decision), classes))
        write_text(folder / "calibration.svg", calibration(test.targets, uncalibrated, probabilities))
    if curves:
        write_text(folder / "roc.svg", roc(curves, classes))
        write_text(folder / "precision_recall.svg", precision_recall(curves, classes))
    validation = subject.answered[name]["validation"]
    if decision.threshold is not None and len(validation.targets):
        score = decision.probabilities(validation.scores)[:, 1]
        write_text(folder / "costs.svg", cost_by_threshold(validation.targets, score, decision))


def costs_on_test(subject: Subject, decision: Decision, params: Evaluate) -> dict[str, Any]:
    """Return what the test rows cost with and without the decision's rules."""
    test, frame = subject.answered[subject.schema.require_target()]["test"], subject.frames["test"]
    probabilities, groups = decision.probabilities(test.scores), groups_for(decision, frame)
    return costs_of(decision, test.targets, probabilities, groups, bootstrap(subject, params))


def without_mitigation(
    train: Path, code: Path | None, subject: Subject, decision: Decision, params: Evaluate
) -> dict[str, Any]:
    """Return what was done for fairness, and what is found without it; {} for nothing.

    Before reweighing stands the same network, trained without it; before thresholds of groups the common one.
    """
    done: list[dict[str, Any]] = []
    if (reweighed := train / BEFORE).is_dir():
        done.append(read_json(reweighed / "mitigation.json"))
        subject = subject.with_network(load_network(reweighed, code))
        decision, _ = decide(subject, subject.schema.require_target(), params)
    if (groups := decision.group_thresholds) is not None:
        done.append(
            {"method": "thresholds of groups", "column": groups.grouping.column, "thresholds": groups.thresholds}
        )
        decision = decision.model_copy(update={"group_thresholds": None})
    return {"before": fairness(subject, decision, params), "mitigation": done} if done else {}


def write_drawn(name: str, facts: dict[str, Any], picture: str | None, folder: Path) -> None:
    """Write what was found, and its picture if there is one."""
    write_json(folder / f"{name}.json", facts)
    if picture is not None:
        write_text(folder / f"{name}.svg", picture)


def predictions(frames: Mapping[str, pl.DataFrame], judged: dict[str, Judgement]) -> list[pl.DataFrame]:
    """Return a table for each part; the columns of a further target begin with its name and a full stop."""
    main, *others = judged
    return [
        frame.select(ROW_ID, split=pl.lit(part), target=pl.col(main)).with_columns(
            *judged[main].answers[part],
            *(frame[name].alias(f"{name}.target") for name in others),
            *(each.alias(f"{name}.{each.name}") for name in others for each in judged[name].answers[part]),
        )
        for part, frame in frames.items()
    ]


if __name__ == "__main__":
    main(evaluate)
