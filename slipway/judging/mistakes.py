"""mistakes.json: the test rows that the model is wrong about and most sure of; of values, the largest errors."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from slipway.judging.decision import Decision
from slipway.judging.groups import groups_for
from slipway.judging.headline import is_right
from slipway.judging.intervals import rounded
from slipway.judging.subject import Subject
from slipway.tables.heads import THRESHOLD
from slipway.tables.schema import ROW_ID
from slipway.tables.targets import is_known

MOST = 18
MAX_CHARACTERS = 1000
Told = dict[str, Any]
Judged = tuple[np.ndarray, np.ndarray, Callable[[int], Told]]
"""Which rows are wrong [N], how bad they are [N], and what is told of one."""

WITHHELD = "the rows are private, or nobody said that they are not (privatize.mechanism): only their ids are told"


@dataclass(frozen=True)
class Mistakes:
    """The worst of them.

    Attributes:
        rows: Rows of the test part, the worst first.
        told: Of each `target`, `prediction`, and `probability` or `error`.
        withheld: Why nothing of a row may be told but its id; None where it may.
        wrong: How many rows are wrong.
        tested: Of how many.
    """

    rows: pl.DataFrame
    told: list[Told]
    withheld: str | None
    wrong: int
    tested: int

    def content(self, features: list[str]) -> dict[str, Any]:
        """Return what mistakes.json holds: of each row also the `values` of these columns, but no pixels."""
        ids = self.rows[ROW_ID].to_list()
        if self.withheld is not None:
            rows: list[dict[str, Any]] = [{ROW_ID: each} for each in ids]
        else:
            plain = [name for name in features if self.rows.schema[name] != pl.Binary]
            values = self.rows.select(plain).to_dicts() if plain else [{} for _ in ids]
            rows = [
                {ROW_ID: each, **told, "values": {name: _plain(value) for name, value in cells.items()}}
                for each, told, cells in zip(ids, self.told, values, strict=True)
            ]
        return {"rows": rows, "withheld": self.withheld, "wrong": self.wrong, "tested": self.tested}


def find_mistakes(subject: Subject, decision: Decision) -> Mistakes:
    """Look for them among the test rows that have the main target."""
    answered = subject.answered[subject.schema.require_target()]["test"]
    known = is_known(answered.targets)
    rows, targets, scores = subject.frames["test"].filter(known), answered.targets[known], answered.scores[known]
    if decision.classes is None:
        wrong, badness, told = _of_values(targets, scores.astype(np.float64))
    elif decision.has_labels:
        wrong, badness, told = _of_labels(targets, decision.probabilities(scores), decision)
    else:
        wrong, badness, told = _of_classes(
            targets, decision.probabilities(scores), decision, groups_for(decision, rows)
        )
    order = np.argsort(-badness, kind="stable")
    places = [int(place) for place in order[wrong[order]][:MOST]]
    withheld = WITHHELD if subject.is_private else None
    return Mistakes(rows[places], [told(place) for place in places], withheld, int(wrong.sum()), len(targets))


def _of_values(targets: np.ndarray, values: np.ndarray) -> Judged:
    errors = values - targets

    def told(row: int) -> Told:
        return {"target": rounded(targets[row]), "prediction": rounded(values[row]), "error": rounded(errors[row])}

    return errors != 0, np.abs(errors), told


def _of_classes(
    targets: np.ndarray, probabilities: np.ndarray, decision: Decision, groups: np.ndarray | None
) -> Judged:
    """Judge by the probability of the class that is given."""
    assert decision.classes is not None, "a regression has no classes"
    classes, given = decision.classes, decision.choose(probabilities, groups)
    sure = probabilities[np.arange(len(targets)), given]

    def told(row: int) -> Told:
        names = {"target": classes[targets[row]], "prediction": classes[given[row]]}
        return {**names, "probability": round(float(sure[row]), 6)}

    return given != targets, sure, told


def _of_labels(targets: np.ndarray, probabilities: np.ndarray, decision: Decision) -> Judged:
    """Judge by the label that is missed, or given wrongly, most surely: `probability` is of this answer."""
    labels = np.array(decision.classes)
    sure = np.abs(probabilities - targets).max(axis=1)

    def told(row: int) -> Told:
        true, given = labels[targets[row] > 0].tolist(), labels[probabilities[row] > THRESHOLD].tolist()
        return {"target": true, "prediction": given, "probability": round(float(sure[row]), 6)}

    return ~is_right(targets, probabilities, decision), sure, told


def _plain(value: Any) -> Any:
    """Return a cell as JSON can hold it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value[:MAX_CHARACTERS] if isinstance(value, str) else value
