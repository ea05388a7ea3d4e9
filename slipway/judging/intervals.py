"""intervals.json: how far each metric of a test part of this size may be off, by a seeded bootstrap.

Every metric gets an interval but `ece`: resampling makes bins noisier, so its bootstrap lies above the
estimate itself. Rows are taken as independent; rows that share a person are not, and widen the truth.
"""

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np

from slipway.judging.metrics import (
    area_under_roc,
    checked_probabilities,
    checked_values,
    class_averages,
    class_curves,
    log_losses,
)

BOOTSTRAP = "percentiles of a bootstrap of the test rows"
CELLS_PER_BLOCK = 4_000_000


def classification_intervals(
    targets: np.ndarray,
    probabilities: np.ndarray,
    chosen: np.ndarray | None = None,
    *,
    samples: int,
    confidence_pct: float,
    seed: int,
) -> dict[str, Any]:
    """Return intervals of the metrics of targets [N] class indices, probabilities [N, C] and chosen classes [N].

    Accuracy is a share of rows and gets Wilson's interval (1927): a bootstrap of rows that are all right
    would claim certainty. The other intervals are percentiles of the bootstrap (Efron 1979).
    """
    targets, probabilities = checked_probabilities(targets, probabilities)
    predicted = probabilities.argmax(axis=1) if chosen is None else chosen
    num_rows, num_classes = probabilities.shape
    one_hot = np.eye(num_classes, dtype=np.float32)
    actual, given = one_hot[targets], one_hot[predicted]
    losses = log_losses(targets, probabilities)
    per_row = np.hstack([losses[:, None].astype(np.float32), actual * given, given, actual])  # [N, 1 + 3C]
    curves = class_curves(targets, probabilities).values()

    blocks: list[dict[str, np.ndarray]] = []
    for weights in resamples(num_rows, samples, seed):
        sums = weights.T.astype(np.float32) @ per_row  # [B, 1 + 3C]
        hits, predictions, occurrences = np.split(np.rint(sums[:, 1:]), 3, axis=1)
        block = {**class_averages(hits, predictions, occurrences), "log_loss": sums[:, 0] / num_rows}
        if curves:
            areas = np.ma.masked_invalid([area_under_roc(positive, score, weights) for positive, score in curves])
            block["roc_auc"] = areas.mean(axis=0).filled(np.nan)
        blocks.append(block)
    found = {"accuracy": wilson(int((predicted == targets).sum()), num_rows, confidence_pct=confidence_pct)}
    limits = {**found, **percentiles(blocks, confidence_pct)}
    return report(limits, f"{BOOTSTRAP}; of accuracy, Wilson's score interval", samples, confidence_pct, seed)


def regression_intervals(
    targets: np.ndarray, values: np.ndarray, *, samples: int, confidence_pct: float, seed: int
) -> dict[str, Any]:
    """Return percentile bootstrap intervals of the metrics of targets [N] and values [N]."""
    targets, values = checked_values(targets, values)
    errors, centred = values - targets, targets - targets.mean()
    per_row = np.stack([np.abs(errors), errors**2, centred, centred**2], axis=1)
    blocks: list[dict[str, np.ndarray]] = []
    for weights in resamples(len(targets), samples, seed):
        absolute, squared, first, second = (weights.T.astype(np.float64) @ per_row).T / len(targets)
        block = {"mae": absolute, "rmse": np.sqrt(squared)}
        if np.ptp(targets) > 0:
            variance = second - first**2
            block["r2"] = 1 - squared / np.where(variance > 1e-12 * centred.var(), variance, np.nan)
        blocks.append(block)
    return report(percentiles(blocks, confidence_pct), BOOTSTRAP, samples, confidence_pct, seed)


def resamples(num_rows: int, samples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield blocks [N, B] uint8: how often each row is drawn in each of B resamples with replacement.

    Counts instead of drawn rows: each metric is then a weighted sum, and no row is ever copied.
    """
    random = np.random.default_rng(seed)
    block = max(1, CELLS_PER_BLOCK // num_rows)
    for start in range(0, samples, block):
        width = min(block, samples - start)
        drawn = random.integers(0, num_rows, size=(num_rows, width)) * width + np.arange(width)
        yield np.bincount(drawn.ravel(), minlength=num_rows * width).reshape(num_rows, width).astype(np.uint8)


def wilson(hits: int, rows: int, *, confidence_pct: float) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927, equation 4 of Agresti and Coull 1998).

    >>> [round(limit, 3) for limit in wilson(10, 10, confidence_pct=95)]
    [0.722, 1.0]
    """
    z = NormalDist().inv_cdf(0.5 + confidence_pct / 200)
    share = hits / rows
    centre = share + z**2 / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    scale = 1 + z**2 / rows
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def percentiles(blocks: list[dict[str, np.ndarray]], confidence_pct: float) -> dict[str, tuple[float, float]]:
    """Return the ends of each metric's interval, from its values over the resamples; NaN where there was none."""
    outside = (100 - confidence_pct) / 2
    limits = {}
    for name in blocks[0]:
        values = np.concatenate([block[name] for block in blocks])
        values = values[~np.isnan(values)]
        if len(values):
            low, high = np.percentile(values, [outside, 100 - outside])
            limits[name] = (float(low), float(high))
    return limits


def report(
    limits: dict[str, tuple[float, float]], method: str, samples: int, confidence_pct: float, seed: int
) -> dict[str, Any]:
    """Return the content of intervals.json."""
    return {
        "method": method,
        "samples": samples,
        "confidence_pct": confidence_pct,
        "seed": seed,
        "intervals": {name: {"low": round(low, 6), "high": round(high, 6)} for name, (low, high) in limits.items()},
    }


def rounded(value: float) -> float:
    """Return six significant digits: more is not meant.

    >>> rounded(0.123456789)
    0.123457
    """
    return float(f"{value:.6g}")
