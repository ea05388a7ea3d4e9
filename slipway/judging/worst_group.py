"""How well the worst off are served: each class's recall, and accuracy and recall by group of the sensitive columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from slipway.errors import ParamsError
from slipway.judging.gate import Judged, Rule, at_least, at_most
from slipway.judging.served import Served
from slipway.product.package import Gate
from slipway.tables.targets import is_known

FIGURES = {"min_accuracy": "accuracy", "min_recall": "worst_recall", "max_rmse": "rmse"}
"""The figure of a group that each limit is about."""


def judge_worst(served: Served, groups: Mapping[str, pl.Series], gate: Gate) -> Judged:
    """Judge the worst class, and the worst group of each kind that has a limit.

    Args:
        served: what was answered for the main target.
        groups: the rows' groups by sensitive column, [N].
        gate: the limits.

    Raises:
        ParamsError: a limit is about another task.
    """
    _require_task(served, gate)
    limits = gate.worst_group
    recalls, few_rows = class_recalls(served, min_rows=limits.min_rows)
    table, few_groups = group_table(served, groups, min_rows=limits.min_rows)
    rules = [_worst_group(table, key, limit) for key, limit in limits.limits.items()]
    if gate.min_class_recall is not None:
        rules.append(_worst_class(recalls, gate.min_class_recall))
    notes = [*(few_rows if gate.min_class_recall is not None else []), *few_groups]
    if table and not limits.limits:
        notes.append(f"package.gate.worst_group has no limit for the groups of {', '.join(groups)}")
    return Judged(rules, notes, table)


def class_recalls(served: Served, *, min_rows: int) -> tuple[dict[str, float], list[str]]:
    """Return the recall of each class (or label) with enough rows, and a sentence about those with fewer."""
    classes, (rows, hits) = served.target.classes or [], _by_class(served)
    found = {name: hit / row for name, row, hit in zip(classes, rows, hits, strict=True) if row >= min_rows}
    few = {name: row for name, row in zip(classes, rows, strict=True) if row < min_rows}
    return found, [f"classes with fewer than {min_rows} test rows are not judged: {_counted(few)}"] if few else []


def group_table(
    served: Served, groups: Mapping[str, pl.Series], *, min_rows: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a line for each group with enough rows, and a sentence for each column with groups that have fewer.

    A line holds `column`, `group`, `rows`, `accuracy` and `worst_recall` (the least of a class that has `min_rows`
    of the group's rows, and None where none has), or `rmse` for a regression.
    """
    known, lines, notes = is_known(served.truth), [], []
    for column, series in groups.items():
        names, few = series.to_numpy(), {}
        for name in sorted(set(names)):
            rows = known & (names == name)
            if (count := int(rows.sum())) < min_rows:
                few[name] = count
                continue
            lines.append({"column": column, "group": name, "rows": count, **_figures(served.some(rows), min_rows)})
        if few:
            notes.append(f"groups of {column} with fewer than {min_rows} test rows are not judged: {_counted(few)}")
    return lines, notes


def _worst_group(table: list[dict[str, Any]], key: str, limit: float) -> Rule:
    figure, is_floor = FIGURES[key], key.startswith("min")
    known = sorted((line for line in table if line.get(figure) is not None), key=lambda line: line[figure])
    worst = None if not known else known[0] if is_floor else known[-1]
    which = f" ({worst['column']}: {worst['group']}, {worst['rows']} rows)" if worst else ""
    why = None if worst else "unknown (no group of product.sensitive has enough test rows)"
    mend = f"train on more rows of such people or things, or correct package.gate.worst_group.{key}"
    rule, value = at_least if is_floor else at_most, None if worst is None else worst[figure]
    return rule(f"{figure.replace('_', ' ')} of the worst group{which}", value, limit, mend=mend, why=why)


def _worst_class(recalls: dict[str, float], limit: float) -> Rule:
    worst = min(recalls, key=recalls.__getitem__, default=None)
    which = "" if worst is None else f" ({worst})"
    why = "unknown (no class has enough test rows)" if worst is None else None
    mend = "weigh the classes (train.class_weights, augment.balance), or correct package.gate.min_class_recall"
    value = None if worst is None else recalls[worst]
    return at_least(f"recall of the worst class{which}", value, limit, mend=mend, why=why)


def _require_task(served: Served, gate: Gate) -> None:
    is_regression = served.target.classes is None
    wrong = [key for key in gate.worst_group.limits if (key == "max_rmse") != is_regression]
    keys = [f"worst_group.{key}" for key in wrong]
    if is_regression and gate.min_class_recall is not None:
        keys.append("min_class_recall")
    if keys:
        task = "regression" if is_regression else "classification"
        raise ParamsError(f"package.gate.{keys[0]} is not for a {task}: remove it from params.yaml")


def _figures(served: Served, min_rows: int) -> dict[str, float | None]:
    if served.target.classes is None:
        return {"rmse": round(float(np.sqrt(((served.outputs - served.truth) ** 2).mean())), 6)}
    recalls, _ = class_recalls(served, min_rows=min_rows)
    worst = min(recalls.values(), default=None)
    return {
        "accuracy": round(float(served.right().mean()), 6),
        "worst_recall": None if worst is None else round(worst, 6),
    }


def _by_class(served: Served) -> tuple[list[int], list[int]]:
    """Return of each class (or label) how many rows have it, and how many of them were given it."""
    known = is_known(served.truth)
    truth, decided, num_classes = served.truth[known], served.decided[known], len(served.target.classes or [])
    if truth.ndim == 2:
        return truth.sum(axis=0).astype(int).tolist(), ((truth > 0) & decided).sum(axis=0).tolist()
    if not num_classes:
        return [], []
    rows = np.bincount(truth, minlength=num_classes)
    return rows.tolist(), np.bincount(truth[truth == decided], minlength=num_classes).tolist()


def _counted(few: dict[str, int]) -> str:
    shown = ", ".join(f"'{name}' ({count} rows)" for name, count in list(few.items())[:5])
    return f"{shown} and {len(few) - 5} more" if len(few) > 5 else shown
