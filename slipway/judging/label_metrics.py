"""The metrics of a target of many labels, under the names of metrics.json, and by label (labels.json).

Each label of each row is a question of its own, answered with yes where its probability is above one half.
"""

from typing import Any

import numpy as np

from slipway.errors import DataError
from slipway.judging.calibration import expected_calibration_error
from slipway.judging.intervals import BOOTSTRAP, percentiles, report, resamples, wilson
from slipway.judging.metrics import Metrics, area_under_roc, check_rows, class_averages, log_losses
from slipway.tables.heads import THRESHOLD


def label_metrics(targets: np.ndarray, probabilities: np.ndarray) -> Metrics:
    """Judge probabilities [N, L] against the labels that rows have, 0 or 1 [N, L].

    `accuracy` is subset accuracy: the share of rows whose labels are all right. Averages (`*_macro`,
    `balanced_accuracy`, `roc_auc`) are over the labels that occur, balanced accuracy being half of what is found of
    the rows with and of those without the label. `log_loss` and `ece` are over all labels of all rows.

    Raises:
        DataError: no rows, or values that are not finite or no probabilities.
    """
    targets, probabilities = _checked(targets, probabilities)
    given = probabilities > THRESHOLD
    averages = _averages(*_counts(targets, given), len(targets))
    areas = [area for area in _areas(targets, probabilities, np.ones((len(targets), 1), dtype=np.uint8))[:, 0]]
    known = [float(area) for area in areas if not np.isnan(area)]
    flat, both = binary(targets, probabilities)
    return {
        "accuracy": float((given == targets).all(axis=1).mean()),
        **{name: float(value) for name, value in averages.items()},
        "roc_auc": float(np.mean(known)) if known else None,
        "log_loss": float(log_losses(flat, both).mean()),
        "ece": expected_calibration_error(flat, both),
        "rows": len(targets),
    }


def label_intervals(
    targets: np.ndarray, probabilities: np.ndarray, *, samples: int, confidence_pct: float, seed: int
) -> dict[str, Any]:
    """Return intervals of these metrics, as slipway.judging.intervals does for classes."""
    targets, probabilities = _checked(targets, probabilities)
    num_rows, num_labels = targets.shape
    given = probabilities > THRESHOLD
    losses = log_losses(*binary(targets, probabilities)).reshape(num_rows, num_labels).mean(axis=1)
    per_row = np.hstack([losses[:, None], given & targets, given, targets]).astype(np.float32)  # [N, 1 + 3L]
    blocks: list[dict[str, np.ndarray]] = []
    for weights in resamples(num_rows, samples, seed):
        sums = weights.T.astype(np.float32) @ per_row
        hits, predictions, occurrences = np.split(np.rint(sums[:, 1:]), 3, axis=1)
        block = {**_averages(hits, predictions, occurrences, num_rows), "log_loss": sums[:, 0] / num_rows}
        areas = np.ma.masked_invalid(_areas(targets, probabilities, weights))
        blocks.append({**block, "roc_auc": areas.mean(axis=0).filled(np.nan)})
    right = int((given == targets).all(axis=1).sum())
    limits = {"accuracy": wilson(right, num_rows, confidence_pct=confidence_pct), **percentiles(blocks, confidence_pct)}
    return report(limits, f"{BOOTSTRAP}; of accuracy, Wilson's score interval", samples, confidence_pct, seed)


def by_label(targets: np.ndarray, probabilities: np.ndarray, labels: list[str]) -> dict[str, Any]:
    """Return what metrics.json has no key for: F1 over all questions, the share of wrong ones, and each label's own."""
    targets, probabilities = _checked(targets, probabilities)
    given = probabilities > THRESHOLD
    hits, predicted, actual = _counts(targets, given)
    areas = _areas(targets, probabilities, np.ones((len(targets), 1), dtype=np.uint8))[:, 0]
    return {
        "f1_micro": _share(2 * hits.sum(), predicted.sum() + actual.sum()),
        "hamming_loss": float((given != targets).mean()),
        "labels": {
            label: {
                "rows": int(actual[place]),
                "precision": _share(hits[place], predicted[place]),
                "recall": _share(hits[place], actual[place]),
                "f1": _share(2 * hits[place], predicted[place] + actual[place]),
                "roc_auc": None if np.isnan(areas[place]) else float(areas[place]),
            }
            for place, label in enumerate(labels)
        },
    }


def binary(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each label of each row as a question of two classes: [N * L] of 0 and 1, and probabilities [N * L, 2]."""
    flat = probabilities.ravel()
    return targets.ravel().astype(np.int64), np.stack([1 - flat, flat], axis=1)


def _counts(targets: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each label the rows that were rightly given it, that were given it, and that have it: [L] each."""
    return (given & targets).sum(axis=0), given.sum(axis=0), targets.sum(axis=0)


def _averages(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray, num_rows: int) -> dict[str, np.ndarray]:
    """Average over the labels that occur, from counts [..., L]; a resample without any has nothing, which is NaN."""
    some = np.maximum((actual > 0).sum(axis=-1), 1)
    without = num_rows - actual
    rejected = np.where(without > 0, (without - (predicted - hits)) / np.maximum(without, 1), 1)
    both = np.where(actual > 0, (hits / np.maximum(actual, 1) + rejected) / 2, 0).sum(axis=-1) / some
    with np.errstate(invalid="ignore"):
        return {**class_averages(hits, predicted, actual), "balanced_accuracy": both}


def _areas(targets: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each label's area under the ROC curve for each resample: [L, B], NaN where one side was not drawn."""
    return np.array(
        [area_under_roc(has, score, weights) for has, score in zip(targets.T, probabilities.T, strict=True)]
    )


def _share(some: np.integer, whole: np.integer) -> float:
    return float(some / whole) if whole else 0.0


def _checked(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert targets.shape == probabilities.shape, f"{targets.shape} labels for {probabilities.shape} probabilities"
    check_rows(targets, probabilities)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise DataError(
            "the model's outputs are no probabilities: each must lie within 0 and 1. Apply a sigmoid first."
        )
    if not targets.any():
        raise DataError("no row has any of the labels: there is nothing to judge by. Enlarge preprocess.split.")
    return targets.astype(bool), probabilities.astype(np.float64)
