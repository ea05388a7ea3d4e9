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
from slipway.files import whole_folder, write_json, write_text
from slipway.judging.comparing import compare
from slipway.judging.decision import Decision, fit_decision, fit_label_decision
from slipway.judging.intervals import classification_intervals, regression_intervals
from slipway.judging.label_metrics import binary, by_label, label_intervals, label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.judging.mistakes import find_mistakes
from slipway.judging.robustness import judge_robustness
from slipway.judging.subject import Answered, Subject, read_subject
from slipway.pictures.judging import calibration, confusion, label_roc, residuals, roc
from slipway.pictures.learning import learning_curve
from slipway.pictures.mistakes import mistakes_sheet
from slipway.pictures.robustness import robustness_curves
from slipway.product.evaluate import Evaluate
from slipway.stage import main
from slipway.tables.heads import THRESHOLD
from slipway.tables.images import image_array
from slipway.tables.schema import ROW_ID, Schema


@dataclass(frozen=True)
class Judgement:
    """What is found about one target."""

    decision: Decision
    metrics: Metrics
    intervals: dict[str, Any]
    answers: dict[str, list[pl.Series]]
    """For each part the columns of predictions.parquet: `prediction`, and for each class `p_<class>`."""

    by_label: dict[str, Any] | None = None
    """Of labels, what labels.json tells."""


def evaluate(
    train: Path, privatize: Path, preprocess: Path, out: Path, params: Evaluate, *, code: Path | None = None
) -> Path:
    """Write metrics, intervals, predictions, the decision and pictures of the trained model.

    The temperature is fitted on the validation rows, which the network was chosen by; the test rows are
    looked at once, with what was decided before. Of further targets the metrics and intervals are in targets.json,
    over the rows that have them; it is empty where there are none. Of labels, labels.json holds the figures of each.
    `code` holds a network of the product's own.

    Raises:
        DataError: The outputs are not finite, or no test row has one of the targets.
    """
    with whole_folder(out) as folder:
        subject = read_subject(train, privatize, preprocess, code)
        schema, answered = subject.schema, subject.answered
        judged = {name: judge(answered[name], name, schema, params) for name in schema.targets}
        main, (_, *others) = judged[schema.require_target()], judged
        draw(answered[schema.require_target()], main.decision, folder)
        write_json(folder / "baselines.json", compare(subject, main.decision, params))
        show_mistakes(subject, main.decision, folder)
        show_robustness(subject, main.decision, params, folder)
        history = pl.read_csv(train / "history.csv").to_dict(as_series=False)
        write_text(folder / "learning.svg", learning_curve(history))
        decisions = {name: judged[name].decision for name in others}
        main.decision.model_copy(update={"more_targets": decisions}).write(folder)
        write_json(folder / "metrics.json", main.metrics)
        write_json(folder / "intervals.json", main.intervals)
        further = {name: {"metrics": judged[name].metrics, "intervals": judged[name].intervals} for name in others}
        write_json(folder / "targets.json", further)
        if labelled := {name: each.by_label for name, each in judged.items() if each.by_label is not None}:
            write_json(folder / "labels.json", labelled)
        pl.concat(predictions(subject.frames, judged)).write_parquet(folder / "predictions.parquet")
    return out


def judge(parts: dict[str, Answered], name: str, schema: Schema, params: Evaluate) -> Judgement:
    """Calibrate and judge the answers for one target."""
    target, test = schema.targets[name], parts["test"].known()
    if not len(test.targets):
        raise DataError(f"no test row has a value of '{name}': enlarge preprocess.split, or remove it from the targets")
    bootstrap: dict[str, Any] = {
        "samples": params.bootstrap_samples,
        "confidence_pct": params.confidence_pct,
        "seed": schema.product.seed,
    }
    if target.classes is None:
        metrics = regression_metrics(test.targets, test.scores)
        intervals = regression_intervals(test.targets, test.scores, **bootstrap)
        values = {part: [pl.Series("prediction", each.scores.astype(np.float64))] for part, each in parts.items()}
        return Judgement(Decision(), metrics, intervals, values)
    validation = parts["validation"].known()
    if target.label_delimiter is not None:
        labels, delimiter = target.classes, target.label_delimiter
        decision = fit_label_decision(validation.scores, validation.targets, labels=labels, calibrate=params.calibrate)
        judged = decision.probabilities(test.scores)
        metrics, intervals = label_metrics(test.targets, judged), label_intervals(test.targets, judged, **bootstrap)
        found = {part: _labels(decision.probabilities(each.scores), labels, delimiter) for part, each in parts.items()}
        return Judgement(decision, metrics, intervals, found, by_label(test.targets, judged, labels))
    decision = fit_decision(validation.scores, validation.targets, classes=target.classes, calibrate=params.calibrate)
    judged = decision.probabilities(test.scores)
    metrics = classification_metrics(test.targets, judged)
    intervals = classification_intervals(test.targets, judged, **bootstrap)
    answers = {part: _answers(decision, each.scores, target.classes) for part, each in parts.items()}
    return Judgement(decision, metrics, intervals, answers)


def _answers(decision: Decision, logits: np.ndarray, classes: list[str]) -> list[pl.Series]:
    probabilities = decision.probabilities(logits)
    return [
        pl.Series("prediction", np.array(classes)[decision.choose(probabilities)]),
        *(pl.Series(f"p_{label}", probabilities[:, index]) for index, label in enumerate(classes)),
    ]


def _labels(probabilities: np.ndarray, labels: list[str], delimiter: str) -> list[pl.Series]:
    given = [delimiter.join(np.array(labels)[row]) or delimiter for row in probabilities > THRESHOLD]
    return [
        pl.Series("prediction", given, dtype=pl.String),
        *(pl.Series(f"p_{label}", probabilities[:, index]) for index, label in enumerate(labels)),
    ]


def draw(parts: dict[str, Answered], decision: Decision, folder: Path) -> None:
    """Draw the answers for the main target on the test rows."""
    test, classes = parts["test"], decision.classes
    if classes is None:
        write_text(folder / "residuals.svg", residuals(test.targets, test.scores))
        return
    judged = decision.probabilities(test.scores)
    uncalibrated = decision.model_copy(update={"temperature": 1.0}).probabilities(test.scores)
    if decision.has_labels:
        flat, both = binary(test.targets, judged)
        write_text(folder / "roc.svg", label_roc(test.targets > 0, judged, classes))
        write_text(folder / "calibration.svg", calibration(flat, binary(test.targets, uncalibrated)[1], both))
        return
    write_text(folder / "confusion.svg", confusion(test.targets, decision.choose(judged), classes))
    write_text(folder / "roc.svg", roc(test.targets, judged, classes))
    write_text(folder / "calibration.svg", calibration(test.targets, uncalibrated, judged))


def show_mistakes(subject: Subject, decision: Decision, folder: Path) -> None:
    """Write mistakes.json and, of images, their picture."""
    found, image = find_mistakes(subject, decision), subject.transform.image
    write_json(folder / "mistakes.json", found.content([column.name for column in subject.schema.features]))
    if image is not None and found.withheld is None and found.told:
        pixels = image_array(found.rows[image.column], image.shape)
        captions = [(str(one["target"]), str(one["prediction"])) for one in found.told]
        write_text(folder / "mistakes.svg", mistakes_sheet(pixels, captions, max_value=image.max_value))


def show_robustness(subject: Subject, decision: Decision, params: Evaluate, folder: Path) -> None:
    """Write robustness.json and its curves."""
    found = judge_robustness(subject, decision, params.robustness)
    write_json(folder / "robustness.json", found)
    if found["curves"]:
        write_text(folder / "robustness.svg", robustness_curves(found, subject.schema.product.kind))


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
