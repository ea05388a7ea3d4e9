"""Which rows are explained one by one: typical right answers, and the worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slipway.judging.decision import Decision
from slipway.tables.heads import THRESHOLD

MAX_TYPICAL, MAX_MISTAKES = 5, 3
SPREAD = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Example:
    """A row, and what of its answer is explained.

    Attributes:
        kind: Whether it stands for right answers or is among the worst mistakes.
        row: Its place among the rows.
        place: The class or label that is explained; 0 for a regression.
    """

    kind: Literal["typical", "mistake"]
    row: int
    place: int


def choose_examples(
    targets: np.ndarray, answers: np.ndarray, decision: Decision, groups: np.ndarray | None = None
) -> list[Example]:
    """Choose rows, always the same for the same answers; rows without a target are not among them.

    Typical is, of the rows of one class that are answered right, the one in the middle by its probability: the most
    certain ones are odd. The worst mistakes are those that the model is surest of; what is explained is the class that
    it gave. Of labels, a row is looked at once for each. Of values, typical are
    a low answer, the middle one and a high one.

    Args:
        targets: As `targets_of` gives them.
        answers: Calibrated probabilities [N, C], of labels [N, L], or values [N].
        decision: The target's.
        groups: The group of each row, where thresholds differ by group.
    """
    if decision.classes is None:
        known = np.flatnonzero(~np.isnan(targets))
        ordered = known[np.argsort(answers[known], kind="stable")]
        spread = [int(ordered[int(share * len(ordered))]) for share in SPREAD if len(ordered)]
        errors = np.abs(answers - targets)
        largest = known[np.argsort(-errors[known], kind="stable")]
        worst = [(int(row), 0) for row in largest[:MAX_MISTAKES] if errors[row] > 0]
        return _examples([(row, 0) for row in dict.fromkeys(spread)], worst)
    if decision.has_labels:
        return _of_labels(targets, answers)
    predicted = decision.choose(answers, groups)
    certainty = answers[np.arange(len(answers)), predicted]
    is_right = (predicted == targets) & (targets >= 0)
    frequent = np.argsort(-np.bincount(targets[targets >= 0], minlength=answers.shape[1]), kind="stable")
    typical = [(_middle(certainty, is_right & (targets == place)), place) for place in frequent]
    wrong = np.flatnonzero((predicted != targets) & (targets >= 0))
    surest = wrong[np.argsort(-certainty[wrong], kind="stable")]
    return _examples(typical, [(int(row), int(predicted[row])) for row in surest[:MAX_MISTAKES]])


def _of_labels(targets: np.ndarray, answers: np.ndarray) -> list[Example]:
    given, has = answers > THRESHOLD, targets > 0
    frequent = np.argsort(-has.sum(axis=0), kind="stable")
    typical = [(_middle(answers[:, label], given[:, label] & has[:, label]), label) for label in frequent]
    misses = np.where(np.isnan(targets) | (given == has), 0, np.abs(answers - np.nan_to_num(targets)))
    worst = np.argsort(-misses, axis=None, kind="stable")[: min(MAX_MISTAKES, np.count_nonzero(misses))]
    return _examples(typical, [(int(place) // misses.shape[1], int(place) % misses.shape[1]) for place in worst])


def _middle(certainty: np.ndarray, rows: np.ndarray) -> int | None:
    places = np.flatnonzero(rows)
    return int(places[np.argsort(certainty[places], kind="stable")[len(places) // 2]]) if len(places) else None


def _examples(typical: Sequence[tuple[int | None, int]], mistakes: Sequence[tuple[int, int]]) -> list[Example]:
    right = [Example("typical", row, int(place)) for row, place in typical if row is not None]
    return [*right[:MAX_TYPICAL], *(Example("mistake", row, place) for row, place in mistakes)]
