"""Which column is to be predicted, where nobody said so, and what is learned: classes or a number."""

import difflib
from dataclasses import dataclass
from typing import Literal

from slipway.drafting.profiling import ColumnProfile, Profile
from slipway.drafting.roles import role_of
from slipway.drafting.vocabulary import TARGETS, words
from slipway.errors import ParamsError

Task = Literal["classification", "regression"]
Confidence = Literal["given", "named", "guessed", "none"]

MAX_CLASSES = 100
MAX_NUMBER_CLASSES = 20


@dataclass(frozen=True)
class Target:
    """The column, what is learned, the reason, and how sure it is: said, told by its name, by its place, or not."""

    column: str | None
    task: Task
    why: str
    confidence: Confidence


def choose_target(profile: Profile, given: str | None = None) -> Target:
    """Choose the target: as given, else by name, else the last column or the first that can be one.

    Raises:
        ParamsError: the table has no column of the given name.
    """
    columns = profile.columns
    if given is not None:
        if given not in columns:
            near = difflib.get_close_matches(given, columns, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(list(columns)[:20])}."
            raise ParamsError(f"--target '{given}': the source has no such column; {hint}")
        return Target(given, task_of(columns[given]), "you said so", "given")
    for level, vocabulary in enumerate(TARGETS):
        named = [name for name in columns if _is_named(name, vocabulary, strict=level > 0) and _can_be(columns[name])]
        if len(named) == 1 or (named and level == 0):
            name = named[-1]
            return Target(name, task_of(columns[name]), "its name says so", "named")
    one = _of_one_value(columns)
    if one is not None:
        return Target(None, "classification", one, "none")
    return _by_place(profile)


def _of_one_value(columns: dict[str, ColumnProfile]) -> str | None:
    """Say which column is named like a target but holds one value alone."""
    for name, column in columns.items():
        named = any(_is_named(name, vocabulary, strict=level > 0) for level, vocabulary in enumerate(TARGETS[:2]))
        if named and column.unique == 1 and column.counts:
            [label] = labels_of(column)
            return f"'{name}' is named like a target, but has one class, '{label}': there is nothing to tell apart"
    return None


def task_of(column: ColumnProfile) -> Task:
    """Say what is learned from a target: a number where it holds many, or fractions; else classes."""
    if column.kind != "number":
        return "classification"
    few = column.unique <= MAX_NUMBER_CLASSES and (column.known >= 5 * column.unique)
    return "classification" if column.whole and few else "regression"


def labels_of(column: ColumnProfile) -> dict[str, int]:
    """Return how often each label stands in a target of classes, spelled as slipway spells labels."""
    counts: dict[str, int] = {}
    for value, count in (column.counts or {}).items():
        counts[_label(value)] = count
    return counts


def _label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def spellings(counts: dict[str, int]) -> dict[str, str]:
    """Return labels that are another one with a full stop, in capitals or with more spaces, and that one.

    >>> spellings({"<=50K": 24720, ">50K": 7841, "<=50K.": 12435})
    {'<=50K.': '<=50K'}
    """
    kept: dict[str, str] = {}
    for label in sorted(counts, key=lambda one: (-counts[one], one)):
        kept.setdefault(" ".join(label.split()).rstrip(".").casefold(), label)
    same = {label: kept[" ".join(label.split()).rstrip(".").casefold()] for label in counts}
    return {label: one for label, one in same.items() if label != one}


def _is_named(name: str, vocabulary: tuple[str, ...], *, strict: bool) -> bool:
    """Say whether a name is that of a target: the word alone, or with `is`, `has` or such before it."""
    own = words(name)
    if " ".join(own) in vocabulary or (own and own[-1] in vocabulary and own[0] in ("is", "has", "was", "will")):
        return True
    return not strict and len(own) <= 2 and bool(own) and own[-1] in ("target", "label", "outcome")


def _by_place(profile: Profile) -> Target:
    names = list(profile.columns)
    if len(names) < 2:
        return Target(None, "classification", "there is one column alone", "none")
    last, first = profile.columns[names[-1]], profile.columns[names[0]]
    if _looks_like_classes(last):
        return Target(last.name, "classification", f"the last column, with {last.unique} values", "guessed")
    if _looks_like_classes(first) and not _can_be(last):
        return Target(first.name, "classification", f"the first column, with {first.unique} values", "guessed")
    many = last.unique > MAX_NUMBER_CLASSES or task_of(last) == "classification"
    if last.kind == "number" and many and _can_be(last) and role_of(last, profile).role == "number":
        task = task_of(last)
        return Target(last.name, task, "the last column, which holds numbers", "guessed")
    return Target(
        None,
        "classification",
        f"no column is named like one, and '{last.name}', the last, holds neither few classes nor numbers",
        "none",
    )


def _looks_like_classes(column: ColumnProfile) -> bool:
    """Say whether a column holds few values, each often enough to be learned."""
    if not _can_be(column) or task_of(column) != "classification" or column.counts is None or column.format:
        return False
    often = column.known / column.unique
    return column.unique <= 10 or (column.unique <= MAX_CLASSES and often >= 100)


def _can_be(column: ColumnProfile) -> bool:
    """Say whether a column can be a target at all: at least two values, mostly there, not one for each row."""
    if column.kind in ("empty", "bytes", "other", "date") or column.unique < 2 or column.is_row_number:
        return False
    if column.nulls > 0.5 * column.rows:
        return False
    return column.kind == "number" or (column.unique <= MAX_CLASSES and column.unique_share < 0.5)
