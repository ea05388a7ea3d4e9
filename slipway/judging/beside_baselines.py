"""baselines.json: what simple models reach on the same split, so that nobody serves a network that a table beats."""

from functools import partial
from typing import Any

import numpy as np

from slipway.judging.baselines import Effort, fit_baselines
from slipway.judging.decision import Decision
from slipway.judging.groups import groups_for
from slipway.judging.headline import headline, headline_of, is_right
from slipway.judging.intervals import percentiles, resamples
from slipway.judging.judgement import bootstrap
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.judging.sampling import drawn_rows
from slipway.judging.subject import Subject
from slipway.product.evaluate import Baseline, Evaluate
from slipway.tables.targets import is_known, targets

Answers = dict[str, np.ndarray]
Gains = dict[str, tuple[float, np.ndarray]]
"""Of each other model how far it is above, and by how much in each resample [B]."""

NAMES: dict[Baseline, tuple[str, str]] = {
    "constant": ("majority", "mean"),
    "linear": ("logistic_regression", "ridge_regression"),
    "gradient_boosting": ("gradient_boosting", "gradient_boosting"),
}
"""How the file names them, of classes and of values."""


def compare(subject: Subject, decision: Decision, params: Evaluate) -> dict[str, Any]:
    """Fit the baselines to the released training rows, and judge them on the test rows as the network is judged.

    Returns:
        What baselines.json holds; a difference is a baseline's figure less the network's, with its interval.
    """
    is_values = decision.classes is None
    names = {kind: NAMES[kind][is_values] for kind in params.baselines}
    answered = subject.answered[subject.schema.require_target()]["test"]
    test, groups = answered.known(), groups_for(decision, subject.frames["test"].filter(is_known(answered.targets)))
    own = test.scores.astype(np.float64) if is_values else decision.probabilities(test.scores)
    found: dict[str, Any] = {
        "headline": headline_of(decision),
        "models": {},
        "skipped": {},
        "model": _rounded(headline(test.targets, own, decision, groups)),
        "beaten_by": [],
        "differences": {},
        "confidence_pct": params.confidence_pct,
        "rows": {},
        "notes": [],
    }
    if decision.has_labels:
        found["skipped"] = dict.fromkeys(names.values(), "it gives a row one class, and here a row has many labels")
    if decision.has_labels or not names:
        return found
    answers = _answers(subject, names, found)
    found["models"] = {name: _metrics(test.targets, answer, decision, groups) for name, answer in answers.items()}
    resampled = bootstrap(subject, params)
    found["differences"] = differences(test.targets, own, answers, decision, groups=groups, **resampled)
    found["beaten_by"] = [name for name, each in found["differences"].items() if each["low"] > 0]
    return found


def _answers(subject: Subject, names: dict[Baseline, str], found: dict[str, Any]) -> Answers:
    """Fit the baselines, say in `found` to what, and return their answers for the test rows that have the target."""
    schema, transform, frame = subject.schema, subject.transform, subject.frames["test"]
    effort = Effort()
    most = effort.rows(transform, len(schema.classes or []))
    train, total = drawn_rows(subject.train, most, schema.product.seed)
    train = train.filter(is_known(targets(train, schema)))
    test = frame.filter(is_known(targets(frame, schema)))
    fitted = fit_baselines(train, test, schema, transform, list(names), effort)
    found["rows"] = {"learned_from": train.height, "train": total, "test": test.height}
    found["skipped"] = {names[kind]: reason for kind, reason in fitted.skipped.items()}
    found["notes"] = fitted.notes
    return {names[kind]: answer for kind, answer in fitted.answers.items()}


def _metrics(targets: np.ndarray, answers: np.ndarray, decision: Decision, groups: np.ndarray | None) -> Metrics:
    if decision.classes is None:
        found = regression_metrics(targets, answers)
    else:
        found = classification_metrics(targets, answers, decision.choose(answers, groups))
    return {key: value if key == "rows" else _rounded(value) for key, value in found.items()}


def differences(
    targets: np.ndarray,
    own: np.ndarray,
    others: Answers,
    decision: Decision,
    *,
    groups: np.ndarray | None = None,
    samples: int,
    confidence_pct: float,
    seed: int,
) -> dict[str, dict[str, float | None]]:
    """Return how far others are above a model in the headline figure, with percentiles of a paired bootstrap.

    Each resample of rows judges all of them, so what is hard for both cancels out (Efron and Tibshirani 1993,
    chapter 8). Empty where all targets of a regression are equal.

    Args:
        targets: Of the test rows: class indices [N], or values [N].
        own: The model's probabilities [N, C], or values [N].
        others: The same of each other one.
        decision: How a class is chosen.
        groups: The group of each row, where thresholds differ by group.
        samples: Resamples.
        confidence_pct: Coverage of the intervals, in percent.
        seed: Of the resamples.
    """
    compared = _by_r2 if decision.classes is None else partial(_by_rights, decision=decision, groups=groups)
    gains = compared(targets, own, others, samples=samples, seed=seed)
    limits = percentiles([{name: resampled for name, (_, resampled) in gains.items()}], confidence_pct)
    return {
        name: {"value": _rounded(gains[name][0]), "low": _rounded(low), "high": _rounded(high)}
        for name, (low, high) in limits.items()
    }


def _by_rights(
    targets: np.ndarray,
    own: np.ndarray,
    others: Answers,
    *,
    decision: Decision,
    groups: np.ndarray | None,
    samples: int,
    seed: int,
) -> Gains:
    """Compare by accuracy: how often a resample holds rows that one is right about and the other not is multinomial."""
    luck, num_rows, gains = np.random.default_rng(seed), len(targets), {}
    mine = is_right(targets, own, decision, groups)
    for name, answers in others.items():
        theirs = is_right(targets, answers, decision, groups)
        won, lost = int((theirs & ~mine).sum()), int((mine & ~theirs).sum())
        drawn = luck.multinomial(num_rows, np.array([won, lost, num_rows - won - lost]) / num_rows, size=samples)
        gains[name] = ((won - lost) / num_rows, (drawn[:, 0] - drawn[:, 1]) / num_rows)
    return gains


def _by_r2(targets: np.ndarray, own: np.ndarray, others: Answers, *, samples: int, seed: int) -> Gains:
    if np.ptp(targets) == 0 or not others:
        return {}
    saved = [(own - targets) ** 2 - (each - targets) ** 2 for each in others.values()]
    centred = targets - targets.mean()
    per_row = np.stack([*saved, centred, centred**2], axis=1)
    means = np.hstack(
        [(weights.T.astype(np.float64) @ per_row).T for weights in resamples(len(targets), samples, seed)]
    ) / len(targets)  # [K + 2, B]
    variance = means[-1] - means[-2] ** 2
    variance = np.where(variance > 1e-12 * targets.var(), variance, np.nan)  # of a resample of equal targets, none
    return {
        name: (float(saved[place].mean() / targets.var()), means[place] / variance) for place, name in enumerate(others)
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
