"""The relative rule: both models answer the same fresh rows, and ours must be shown to be no worse by more than x.

Paired: what one row costs both models alike cancels out, so a few thousand rows tell a small difference. The rule is
the one by which medicine judges a new treatment not inferior: the whole interval of the difference lies above the
margin (Piaggio et al. 2012, CONSORT statement, figure 1). An interval that the margin lies within decides nothing,
and `when_in_doubt` says what that means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.gate import Rule, at_least
from slipway.judging.intervals import percentiles, resamples
from slipway.product.deploy import DeployGate
from slipway.tables.schema import Schema
from slipway.tables.targets import is_known, targets_of

SAMPLES = 2000
MIN_ROWS = 30

Prediction = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The metric of ours less the champion's, over the rows that both answered."""

    metric: str
    value: float
    low: float
    high: float
    num_rows: int


def compare(
    ours: Mapping[int, Prediction],
    theirs: Mapping[int, Prediction],
    frame: pl.DataFrame,
    schema: Schema,
    *,
    confidence_pct: float,
) -> Difference:
    """Compare accuracy, or r2 for a regression, by a paired bootstrap of the rows.

    Args:
        ours: predictions for the main target, by the index of the row.
        theirs: the champion's.
        frame: the rows, with the truth.
        schema: says what the target is.
        confidence_pct: of the interval.

    Raises:
        DataError: there are too few rows that both answered, or their targets are all equal.
    """
    truth = targets_of(frame, schema, schema.require_target())
    rows = [index for index in np.flatnonzero(is_known(truth)).tolist() if index in ours and index in theirs]
    if len(rows) < MIN_ROWS:
        raise DataError(f"both models answer only {len(rows)} of the same test rows, and {MIN_ROWS} are wanted")
    sides = [[answers[index] for index in rows] for answers in (ours, theirs)]
    is_regression = schema.classes is None
    difference = _r2_difference if is_regression else _accuracy_difference
    per_row = np.stack([_outcomes(side, truth[rows], schema) for side in sides])
    value = float(difference(per_row, truth[rows], np.ones((len(rows), 1)))[0])
    samples = [
        {"difference": difference(per_row, truth[rows], weights)}
        for weights in resamples(len(rows), SAMPLES, schema.product.seed)
    ]
    low, high = (round(end, 9) for end in percentiles(samples, confidence_pct)["difference"])
    return Difference("r2" if is_regression else "accuracy", value, low, high, len(rows))


def judge_relative(found: Difference, champion: str, gate: DeployGate) -> Rule:
    """Judge the difference to a champion of this version."""
    limit, is_strict = -gate.max_metric_drop, gate.when_in_doubt == "refuse"
    told = (
        f"{found.metric} less that of champion {champion} on the same {found.num_rows:,} test rows, "
        f"{'all' if is_strict else 'a part'} of its {gate.confidence_pct:g} % interval,"
    )
    doubt = (
        f"{found.num_rows:,} rows cannot show that it is no worse: enlarge the test part (preprocess.split), raise "
        "deploy.gate.max_metric_drop, or set deploy.gate.when_in_doubt: accept"
    )
    mend = "it is worse than what serves: mend the model" if found.high < limit else doubt
    judged = at_least(told, found.low if is_strict else found.high, limit, mend=mend)
    return {**judged, "value": round(found.value, 6), "interval": [round(found.low, 6), round(found.high, 6)]}


def _outcomes(predictions: list[Prediction], truth: np.ndarray, schema: Schema) -> np.ndarray:
    """Return of each row [N] whether it is answered right, or the error of its value.

    Classes are compared by name: a champion may know others than ours.
    """
    if schema.classes is None:
        return np.array([one["value"] for one in predictions]) - truth
    names = np.array(schema.classes)
    if truth.ndim == 2:
        held = [set(names[row > 0]) for row in truth]
        return np.array([set(one["labels"]) == labels for one, labels in zip(predictions, held, strict=True)], float)
    return np.array([one["label"] == label for one, label in zip(predictions, names[truth], strict=True)], float)


def _accuracy_difference(right: np.ndarray, _: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return [B] from right [2, N] and weights [N, B]."""
    return (right[0] - right[1]) @ weights / len(weights)


def _r2_difference(errors: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return [B] from errors [2, N], the truth [N] and weights [N, B]; NaN where a resample has one value alone."""
    centred = truth - truth.mean()
    if not centred.any():
        raise DataError("all test rows have the same target, so r2 compares nothing")
    counts = weights.astype(np.float64)
    spread = centred**2 @ counts - (centred @ counts) ** 2 / len(truth)
    return (errors[1] ** 2 - errors[0] ** 2) @ counts / np.where(spread > 0, spread, np.nan)
