"""fairness.json: how the model treats the groups of each sensitive column, on the test rows.

Rates and differences are those of fairlearn's MetricFrame, which the tests compare them with. They are counted here,
because a bootstrap needs them of a thousand resamples at once, and because importing fairlearn takes 3 s of CPU.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.judging.decision import Decision
from slipway.judging.intervals import percentiles, rounded, wilson
from slipway.judging.rates import EachClass, Errors, OneAgainstRest, View
from slipway.judging.sensitive_groups import groups_in
from slipway.judging.subject import Subject
from slipway.product.evaluate import Evaluate
from slipway.tables.schema import Schema
from slipway.tables.targets import is_known

MAX_GROUPS = 50

Facts = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """What the model gives to rows whose target is known."""

    targets: np.ndarray
    """[N] class indices, or values."""

    answers: np.ndarray
    """[N] the like."""

    classes: list[str]
    """None of a regression."""

    positive: str | None
    """The class that rates are of."""

    def view(self, rows: np.ndarray) -> View:
        """Return what is looked at in some rows [N] bool."""
        targets, answers = self.targets[rows], self.answers[rows]
        if not self.classes:
            return Errors(answers - targets)
        if self.positive is None:
            return EachClass(targets, answers, num_classes=len(self.classes))
        return OneAgainstRest(targets, answers, positive=self.classes.index(self.positive))

    def warnings(self) -> Iterator[str]:
        """Say what makes the rates of all groups mean little."""
        given = np.unique(self.answers)
        if len(given) == 1:
            answer = f"class '{self.classes[given[0]]}'" if self.classes else f"value {given[0]:.6g}"
            yield f"The model gives every test row the {answer}: it treats no group differently."
        absent = [name for place, name in enumerate(self.classes) if not (self.targets == place).any()]
        if absent:
            without = ", which leaves no true positive rate" if self.positive in absent else ""
            yield f"No test row is of the class {', '.join(absent)}{without}."


def fairness(
    subject: Subject,
    decision: Decision,
    params: Evaluate,
    *,
    before: Mapping[str, Any] | None = None,
    mitigation: Sequence[Mapping[str, Any]] | None = None,
) -> Facts:
    """Return what fairness.json holds about the main target.

    Args:
        subject: The network and the rows.
        decision: How its outputs become a class.
        params: The section.
        before: What this returned of the same product without its mitigation; None where nothing was mitigated.
        mitigation: What was done, one after the other.

    Raises:
        ParamsError: `evaluate.positive` is no class.
    """
    schema = subject.schema
    positive, columns, notes = positive_class(schema, params), dict[str, Facts](), list(about(mitigation or []))
    if not schema.product.sensitive:
        notes.append("product.sensitive names no column: no groups were compared.")
    elif decision.has_labels:
        notes.append("The target has many labels: rates by group are for one class a row, or for values.")
    else:
        given, frame = given_to(subject, decision, positive)
        notes += given.warnings()
        for column in schema.product.sensitive:
            try:
                columns[column] = told = by_group(given, frame, column, params, subject)
            except DataError as error:
                notes.append(f"{column}: left out, because {error}.")
            else:
                notes += [f"{column}: {sentence}." for sentence in gaps(told, params.min_group_rows)]
    return {
        "positive": positive,
        "columns": columns,
        "before": None if before is None else before["columns"],
        "mitigation": mitigation,
        "notes": notes,
    }


def positive_class(schema: Schema, params: Evaluate) -> str | None:
    """Return the class that rates are of: the declared one, else the last of two; None where none is special.

    Raises:
        ParamsError: The declared one is no class.
    """
    classes = (schema.classes or []) if schema.product.task == "classification" else []
    if params.positive is None:
        return classes[1] if len(classes) == 2 else None
    if params.positive not in classes:
        allowed = ", ".join(classes) if classes else f"none, because product.task is {schema.product.task}"
        raise ParamsError(f"evaluate.positive = '{params.positive}' is no class of this product; allowed: {allowed}")
    return params.positive


def about(mitigation: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what `before` is, and what could not be mitigated."""
    if mitigation:
        done = " and ".join(f"{each['name'].replace('_', ' ')} by {each['column']}" for each in mitigation)
        network = "the same network" if any("absent" in each for each in mitigation) else "the same answers"
        yield f"Before: {network} without {done}."
    for each in mitigation:
        if absent := each.get("absent"):
            yield f"No training row is {', or '.join(absent)}: there the class still depends on the group."


def given_to(subject: Subject, decision: Decision, positive: str | None) -> tuple[Given, pl.DataFrame]:
    """Return what the decision makes of the answers to the test rows whose target is known, and these rows."""
    target = subject.schema.require_target()
    answered, frame = subject.answered[target]["test"], subject.frames["test"]
    known = is_known(answered.targets)
    if decision.classes is None:
        values = answered.scores.astype(np.float64)
        return Given(answered.targets[known], values[known], [], None), frame.filter(known)
    chosen = subject.chosen("test", target, decision)
    return Given(answered.targets[known], chosen[known], decision.classes, positive), frame.filter(known)


def by_group(given: Given, frame: pl.DataFrame, column: str, params: Evaluate, subject: Subject) -> Facts:
    """Return the rates of each group and their differences, with intervals, and the group that fares worst.

    A share of rows has Wilson's interval, because resamples of rows that are all right would claim certainty; all
    else has percentiles of a bootstrap of the rows.

    Raises:
        DataError: The column makes no groups, too many, or none that has enough rows.
    """
    fewest, seed = params.min_group_rows, subject.schema.product.seed
    groups = groups_in(frame, column, min_rows=fewest, is_private=subject.is_private, max_groups=MAX_GROUPS)
    if not groups.names:
        raise DataError(f"none of its groups has {fewest} test rows")
    numbers, view = groups.numbers[groups.numbers >= 0], given.view(groups.numbers >= 0)
    sums = view.sums(numbers, len(groups.names))
    rates = view.rates(sums)
    limits = bootstrap(view, numbers, groups.names, params, seed=seed)
    for name, (some, of) in view.shares(sums).items():
        for place in range(len(groups.names)):
            if of[place]:
                share = int(some[place]), int(of[place])
                limits[key_of(name, place)] = wilson(*share, confidence_pct=params.confidence_pct)
    differences = figures({name: (each, limits.get(name)) for name, each in view.differences(rates).items()})
    chance = by_chance(view, sums, params, seed=seed)
    worst = int(rates["accuracy"].argmin() if view.main == "accuracy" else rates[view.main].argmax())
    return {
        "groups": {
            group: {
                "rows": int((numbers == place).sum()),
                **dict.fromkeys(rates),  # null where the group has no row that it is a share of
                **figures({name: (rate[place], limits.get(key_of(name, place))) for name, rate in rates.items()}),
            }
            for place, group in enumerate(groups.names)
        },
        "differences": {name: {**each, **chance.get(name, {})} for name, each in differences.items()},
        "worst_group": {"group": groups.names[worst], view.main: rounded(rates[view.main][worst])},
        "too_small": groups.too_small,
    }


def bootstrap(
    view: View, numbers: np.ndarray, names: list[str], params: Evaluate, *, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the ends of the interval of each difference, and of each rate of each group under `key_of`."""
    blocks = []
    for drawn in view.draws(numbers, len(names), samples=params.bootstrap_samples, seed=seed):
        rates = view.rates(drawn)
        flat = {key_of(name, place): rate[:, place] for name, rate in rates.items() for place in range(len(names))}
        blocks.append({**flat, **view.differences(rates)})
    return percentiles(blocks, params.confidence_pct)


def by_chance(view: View, sums: np.ndarray, params: Evaluate, *, seed: int) -> dict[str, dict[str, float]]:
    """Return what each difference of shares stays below, at the level of the intervals, where the group plays no part.

    A difference is never below 0, and that of small groups is large by chance alone. The rows that count for a share
    are dealt to the groups at random, as many to each as it has: a permutation test, drawn from the hypergeometric
    distribution (Fisher 1935).
    """
    random, drawn = np.random.default_rng(seed), {name: np.full(sums.shape[:1], np.nan) for name in view.rates(sums)}
    for name, (some, of) in view.shares(sums).items():
        dealt = random.multivariate_hypergeometric(of, some.sum(), size=params.bootstrap_samples)
        drawn[name] = np.divide(dealt, of, out=np.full(dealt.shape, np.nan), where=of > 0)
    found = {name: np.quantile(each, params.confidence_pct / 100) for name, each in view.differences(drawn).items()}
    return {name: {"by_chance": rounded(value)} for name, value in found.items() if not np.isnan(value)}


def key_of(rate: str, group: int) -> str:
    """Return the name of a group's rate among those of all."""
    return f"{rate} {group}"


def figures(found: Mapping[str, tuple[Any, tuple[float, float] | None]]) -> Facts:
    """Return values with their intervals; one that is not there, NaN, is left out."""
    return {
        name: {"value": rounded(value), "low": rounded(limits[0]), "high": rounded(limits[1])}
        for name, (value, limits) in found.items()
        if limits is not None and not np.isnan(value)
    }


def gaps(told: Facts, min_rows: int) -> Iterator[str]:
    """Say what could not be compared."""
    if small := told["too_small"]:
        named = ", ".join(f"{name} ({rows})" for name, rows in small.items())
        yield f"left out are groups of fewer than {min_rows} rows: {named}"
    if len(told["groups"]) == 1:
        yield f"all other rows are of the group '{next(iter(told['groups']))}': there is nothing to compare"
    for rate, without in (("tpr", "of the positive class"), ("fpr", "of another class")):
        lacking = [group for group, rates in told["groups"].items() if rate in rates and rates[rate] is None]
        if lacking:
            yield f"no row {without} in {', '.join(lacking)}, and so no {rate.upper()}"
