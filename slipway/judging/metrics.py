"""The metrics of metrics.json: nine for a classification, four for a regression, always the same keys.

They are written here and not taken from scikit-learn because a bootstrap needs each of them for a
thousand weightings at once (intervals.py), and one definition is better than two. The tests compare
them with scikit-learn's.
"""

import numpy as np

from slipway.errors import DataError
from slipway.judging.calibration import expected_calibration_error

Metrics = dict[str, float | int | None]


def classification_metrics(targets: np.ndarray, probabilities: np.ndarray, chosen: np.ndarray | None = None) -> Metrics:
    """Judge probabilities, and the classes that were chosen by them, against the true classes.

    Averages over classes (`*_macro`, `balanced_accuracy`, `roc_auc` one-vs-rest) are over the classes that
    occur in `targets`: one that does not occur has no recall, and counting it as zero would punish the
    model for a small test part. Rows wrongly given to such a class still cost recall of their own class.
    `roc_auc` is None where only one class occurs: there is nothing to rank.

    Args:
        targets: [N] class indices.
        probabilities: [N, C] finite, rows summing to one.
        chosen: [N] the class that is given to each row (`Decision.choose`); None gives the most probable one.

    Raises:
        DataError: no rows, or values that are not finite or no probabilities.
    """
    targets, probabilities = checked_probabilities(targets, probabilities)
    predicted = probabilities.argmax(axis=1) if chosen is None else chosen
    num_classes = probabilities.shape[1]
    averages = class_averages(
        np.bincount(targets[targets == predicted], minlength=num_classes),
        np.bincount(predicted, minlength=num_classes),
        np.bincount(targets, minlength=num_classes),
    )
    return {
        "accuracy": float((predicted == targets).mean()),
        **{name: float(value) for name, value in averages.items()},
        "roc_auc": roc_auc(targets, probabilities),
        "log_loss": float(log_losses(targets, probabilities).mean()),
        "ece": expected_calibration_error(targets, probabilities),
        "rows": len(targets),
    }


def regression_metrics(targets: np.ndarray, values: np.ndarray) -> Metrics:
    """Judge predicted values, both [N] in the target's units.

    `r2` is None where all targets are equal: there is no variance to explain.

    Raises:
        DataError: no rows, or values that are not finite.
    """
    targets, values = checked_values(targets, values)
    errors = values - targets
    return {
        "mae": float(np.abs(errors).mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "r2": float(1 - (errors**2).mean() / targets.var()) if np.ptp(targets) > 0 else None,
        "rows": len(targets),
    }


def class_averages(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> dict[str, np.ndarray]:
    """Average precision, recall and F1 over the classes that occur, from counts of each class [..., C].

    Any leading axes are kept, so that a bootstrap gets all its resamples at once.

    Args:
        hits: Rows of the class that were given to it.
        predicted: Rows that were given to the class.
        actual: Rows of the class.
    """
    occurs = actual > 0
    num_occurring = occurs.sum(axis=-1)

    def mean(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
        return np.where(occurs, counts / np.maximum(totals, 1), 0).sum(axis=-1) / num_occurring

    recall = mean(hits, actual)
    return {
        "balanced_accuracy": recall,
        "precision_macro": mean(hits, predicted),
        "recall_macro": recall,
        "f1_macro": mean(2 * hits, predicted + actual),
    }


def roc_auc(targets: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the area under the ROC curve: of the last of two classes, or the mean of one-vs-rest areas."""
    once = np.ones((len(targets), 1), dtype=np.uint8)
    areas = [
        area_under_roc(targets == index, probabilities[:, index], once).item()
        for index in ranked_classes(targets, probabilities)
    ]
    return float(np.mean(areas)) if areas else None


def area_under_roc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each resample [B]; NaN where one side was not drawn.

    The share of pairs (positive, negative) that are ranked right, ties counting one half (Mann and Whitney 1947).

    Args:
        positive: [N] bool.
        score: [N], larger for positives.
        weights: [N, B] how often each row was drawn.
    """
    order = np.argsort(score, kind="stable")
    positive, score, weights = positive[order], score[order], weights[order]
    below = np.cumsum(weights * ~positive[:, None], axis=0, dtype=np.int32)  # [N, B] negatives up to this row
    first, last = np.searchsorted(score, score[positive]), np.searchsorted(score, score[positive], side="right")
    padded = np.vstack([np.zeros_like(below[:1]), below])
    drawn = weights[positive].astype(np.float64)
    right = np.einsum("pb,pb->b", drawn, padded[first] + padded[last]) / 2
    pairs = drawn.sum(axis=0) * below[-1]
    return np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def roc_points(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates at every threshold, from none accepted (0, 0) to all (1, 1).

    Args:
        positive: [N] bool, of both kinds.
        score: [N], larger for positives; rows of equal score are accepted together.
    """
    order, ends = _accepted(score)
    accepted = np.cumsum(positive[order])[ends], np.cumsum(~positive[order])[ends]
    true_share, false_share = (np.append(0, counts) / counts[-1] for counts in accepted)
    return false_share, true_share


def precision_recall_points(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return recall and precision at every threshold, from one row accepted to all, and the average precision.

    That is the sum of precisions weighted by the recall gained, without interpolation, which would be too optimistic
    (Davis and Goadrich 2006).

    Args:
        positive: [N] bool, of both kinds.
        score: [N], larger for positives; rows of equal score are accepted together.

    >>> precision_recall_points(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))[2].round(4)
    0.8333
    """
    order, ends = _accepted(score)
    found, accepted = np.cumsum(positive[order])[ends], ends + 1
    recall, precision = found / found[-1], found / accepted
    return recall, precision, float(np.sum(np.diff(recall, prepend=0) * precision))


def _accepted(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows by falling score, and the last place of each different one."""
    order = np.argsort(-score, kind="stable")
    return order, np.flatnonzero(np.append(np.diff(score[order]) != 0, True))


def log_losses(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the loss of each row [N]: minus the logarithm of its own class's probability, which is at least 2e-16."""
    likelihood = probabilities[np.arange(len(targets)), targets]
    return -np.log(np.clip(likelihood, np.finfo(np.float64).eps, None))


def ranked_classes(targets: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """Return the classes that have a ROC curve: those that occur beside others; of two, the positive one."""
    present = np.unique(targets)
    if len(present) < 2:
        return []
    return [1] if probabilities.shape[1] == 2 else [int(index) for index in present]


Curves = dict[int, tuple[np.ndarray, np.ndarray]]
"""By class: which rows [N] are of it, and their scores [N]."""


def class_curves(targets: np.ndarray, probabilities: np.ndarray) -> Curves:
    """Return what ROC and precision-recall curves are made of, for each class that has them."""
    return {index: (targets == index, probabilities[:, index]) for index in ranked_classes(targets, probabilities)}


def label_curves(targets: np.ndarray, probabilities: np.ndarray) -> Curves:
    """Return the same for labels: targets [N, L] bool, probabilities [N, L]."""
    ranked = [index for index, has in enumerate(targets.T) if 0 < has.sum() < len(has)]
    return {index: (targets[:, index], probabilities[:, index]) for index in ranked}


def checked_probabilities(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and float64 probabilities whose rows sum to one exactly, or refuse them."""
    assert probabilities.ndim == 2, f"probabilities must be [N, C], not {probabilities.shape}"
    check_rows(targets, probabilities)
    sums = probabilities.astype(np.float64).sum(axis=1, keepdims=True)
    if probabilities.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise DataError(
            "the model's outputs are no probabilities: a row must be at least 0 and sum to 1. Apply a softmax first."
        )
    if targets.min() < 0 or targets.max() >= probabilities.shape[1]:
        raise DataError(
            f"a target is class {targets.max()}, but there are {probabilities.shape[1]} probabilities a row"
        )
    return targets, probabilities / sums


def checked_values(targets: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and values as float64, or refuse them."""
    assert values.ndim == 1, f"values must be [N], not {values.shape}"
    check_rows(targets, values)
    return targets.astype(np.float64), values.astype(np.float64)


def check_rows(targets: np.ndarray, outputs: np.ndarray) -> None:
    """Refuse no rows at all, and what is not finite.

    Raises:
        DataError: There is such a thing.
    """
    assert len(targets) == len(outputs), f"{len(targets)} targets for {len(outputs)} outputs"
    if not len(targets):
        raise DataError("there are no rows to judge by: enlarge preprocess.split in params.yaml")
    for name, array in (("targets", targets), ("model's outputs", outputs)):
        bad = int((~np.isfinite(array.reshape(len(array), -1)).all(axis=1)).sum())
        if bad:
            raise DataError(
                f"{bad} of {len(array)} rows of the {name} are NaN or infinite: training diverged, or values "
                "are out of range. Lower train.lr, or bound the columns in the raw suite."
            )
