"""Judge the trained model once: `python -m tasks.evaluate TRAIN PRIVATIZE PREPROCESS OUT --params ...`.

Its decision is fitted on validation, then reported on test.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from torch import nn

from slipway.files import whole_folder, write_json, write_text
from slipway.judging.decision import Decision, fit_decision
from slipway.judging.intervals import classification_intervals, regression_intervals
from slipway.judging.metrics import classification_metrics, regression_metrics
from slipway.learning.trained import load_network, scores
from slipway.pictures.judging import calibration, confusion, residuals, roc
from slipway.pictures.learning import learning_curve
from slipway.product.evaluate import Evaluate
from slipway.stage import main
from slipway.tables.schema import ROW_ID, Schema, read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform


@dataclass(frozen=True)
class Answered:
    """One part of the rows and what the network says about them."""

    frame: pl.DataFrame
    targets: np.ndarray
    """[N] class indices, or values."""

    scores: np.ndarray
    """[N, C] logits, or [N] values."""


def evaluate(
    train: Path, privatize: Path, preprocess: Path, out: Path, params: Evaluate, *, code: Path | None = None
) -> Path:
    """Write metrics, intervals, predictions, the decision and pictures of the trained model.

    The temperature is fitted on the validation rows, which the network was chosen by; the test rows are
    looked at once, with what was decided before. `code` holds a network of the product's own.
    """
    with whole_folder(out) as folder:
        schema = read_schema(privatize)
        parts = judge_parts(load_network(train, code), privatize, preprocess, schema)
        report = classification if schema.classes is not None else regression
        decision, metrics, intervals, predictions = report(parts, schema, params, folder)
        history = pl.read_csv(train / "history.csv").to_dict(as_series=False)
        write_text(folder / "learning.svg", learning_curve(history))
        decision.write(folder)
        write_json(folder / "metrics.json", metrics)
        write_json(folder / "intervals.json", intervals)
        pl.concat(predictions).write_parquet(folder / "predictions.parquet")
    return out


def judge_parts(network: nn.Module, privatize: Path, preprocess: Path, schema: Schema) -> dict[str, Answered]:
    """Ask the network about the released validation rows and the plain test rows."""
    transform = read_transform(privatize)
    tables = {"validation": privatize / "validation.parquet", "test": preprocess / "test.parquet"}
    frames = {name: pl.read_parquet(path) for name, path in tables.items()}
    return {
        name: Answered(frame, targets(frame, schema), scores(network, features(frame, transform)))
        for name, frame in frames.items()
    }


Findings = tuple[Decision, dict[str, Any], dict[str, Any], list[pl.DataFrame]]


def classification(parts: dict[str, Answered], schema: Schema, params: Evaluate, folder: Path) -> Findings:
    """Calibrate, judge and draw a classification."""
    assert schema.classes is not None
    validation, test = parts["validation"], parts["test"]
    decision = fit_decision(validation.scores, validation.targets, classes=schema.classes, calibrate=params.calibrate)
    probabilities = {name: decision.probabilities(part.scores) for name, part in parts.items()}
    judged = probabilities["test"]
    # Answered first: it refuses outputs that are not finite, which no picture could show.
    metrics = classification_metrics(test.targets, judged)
    intervals = classification_intervals(test.targets, judged, **_bootstrap(schema, params))
    uncalibrated = Decision(classes=schema.classes).probabilities(test.scores)
    write_text(folder / "confusion.svg", confusion(test.targets, judged.argmax(axis=1), schema.classes))
    write_text(folder / "roc.svg", roc(test.targets, judged, schema.classes))
    write_text(folder / "calibration.svg", calibration(test.targets, uncalibrated, judged))
    names = np.array(schema.classes)
    predictions = [
        _predictions(name, part, schema).with_columns(
            pl.Series("prediction", names[probabilities[name].argmax(axis=1)]),
            *(pl.Series(f"p_{label}", probabilities[name][:, index]) for index, label in enumerate(schema.classes)),
        )
        for name, part in parts.items()
    ]
    return decision, metrics, intervals, predictions


def regression(parts: dict[str, Answered], schema: Schema, params: Evaluate, folder: Path) -> Findings:
    """Judge and draw a regression."""
    test = parts["test"]
    metrics = regression_metrics(test.targets, test.scores)
    intervals = regression_intervals(test.targets, test.scores, **_bootstrap(schema, params))
    write_text(folder / "residuals.svg", residuals(test.targets, test.scores))
    predictions = [
        _predictions(name, part, schema).with_columns(pl.Series("prediction", part.scores.astype(np.float64)))
        for name, part in parts.items()
    ]
    return Decision(), metrics, intervals, predictions


def _bootstrap(schema: Schema, params: Evaluate) -> dict[str, Any]:
    return {
        "samples": params.bootstrap_samples,
        "confidence_pct": params.confidence_pct,
        "seed": schema.product.seed,
    }


def _predictions(name: str, part: Answered, schema: Schema) -> pl.DataFrame:
    return part.frame.select(ROW_ID, split=pl.lit(name), target=pl.col(schema.require_target()))


if __name__ == "__main__":
    main(evaluate)
