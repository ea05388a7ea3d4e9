"""Read an expectation's arguments for a rule of rules.json, or say why no server could judge by them."""

import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from slipway.suites.checks import End, Scalar, like_as_regex
from slipway.suites.conditions import Comparison, Condition, Nullity, Several
from slipway.suites.rules import Kind

Arguments = Mapping[str, Any]
Kinds = Mapping[str, Kind]

KINDS_OF: dict[Kind, str] = {"number": "numbers", "text": "texts", "date": "dates", "bytes": "bytes"}

COMMON = ("mostly", "row_condition", "condition_parser", "ignore_row_if")


class NotJudged(ValueError):
    """Why a record alone cannot be judged by an expectation."""


def require_usual(arguments: Arguments, known: Sequence[str]) -> None:
    """Refuse what would make a rule depend on other rows, on the run, or on options that no rule has."""
    if any(isinstance(each, dict) and "$PARAMETER" in each for each in arguments.values()):
        raise NotJudged("it takes a parameter, whose value is known only when a run gives it")
    if unknown := sorted(key for key, value in arguments.items() if key not in (*known, *COMMON) and value is not None):
        raise NotJudged(f"a rule has no option {', '.join(unknown)}")
    if arguments.get("mostly", 1) not in (1, None):
        raise NotJudged("mostly allows some rows to break it; of one record nobody can say whether it is one of them")
    if any(isinstance(leaf, float) and not math.isfinite(leaf) for leaf in leaves(list(arguments.values()))):
        raise NotJudged("a record holds no infinity and no NaN to compare with: remove the end, or the value")


def leaves(node: Any) -> Iterator[Any]:
    """Yield what stands in nested lists and mappings."""
    nested = node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else None
    if nested is None:
        yield node
    else:
        for each in nested:
            yield from leaves(each)


def ends(arguments: Arguments, kind: Kind) -> dict[str, Any]:
    """Return low, high and whether each is out, for a column of numbers, dates, or lengths."""
    return {
        "low": _end(arguments.get("min_value"), kind),
        "high": _end(arguments.get("max_value"), kind),
        "strict_low": bool(arguments.get("strict_min")),
        "strict_high": bool(arguments.get("strict_max")),
    }


def _end(value: Any, kind: Kind) -> End | None:
    if value is None:
        return None
    if kind == "date":
        return as_date(value)
    try:
        return value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
        raise NotJudged(f"the column holds numbers, {value!r} is none") from None


def as_date(value: Any) -> datetime:
    """Return a date of YAML, or a text in ISO 8601; one without a time begins its day."""
    try:
        if isinstance(value, date):
            return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise NotJudged(f"the column holds dates, {value!r} is none in ISO 8601") from None
    if found.tzinfo:
        raise NotJudged(f"{value!r} has a time zone, the column has none")
    return found


def values_of(values: Sequence[Any], kind: Kind) -> list[Scalar]:
    """Keep the values that a column of this kind can hold: "1" is never equal to 1, and nothing to a missing value."""
    return [value for value in values if can_hold(kind, value)]


def can_hold(kind: Kind, value: Any) -> bool:
    """Say whether a value of YAML could stand in a column of this kind."""
    return isinstance(value, str) if kind == "text" else isinstance(value, bool | int | float)


def pairs_of(pairs: Sequence[Sequence[Any]], kinds: Sequence[Kind]) -> list[tuple[Any, ...]]:
    """Keep the pairs that the two columns can hold; null is a missing value."""
    return [
        tuple(pair)
        for pair in pairs
        if all(value is None or can_hold(kind, value) for value, kind in zip(pair, kinds, strict=True))
    ]


def require_patterns(patterns: Sequence[str], *, like: bool, escape: str | None) -> list[str]:
    """Return patterns that Python reads without doubt."""
    for pattern in patterns:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                re.compile(like_as_regex(pattern, escape) if like else pattern)
        except (re.error, ValueError, Warning) as error:
            raise NotJudged(f"Python, which judges records, cannot read the pattern {pattern!r}: {error}") from None
    return list(patterns)


def condition(node: Any, kinds: Kinds) -> Condition:
    """Translate a row_condition.

    Raises:
        NotJudged: It is a text in another language, or about what a record does not hold.
    """
    if not isinstance(node, dict) or node.get("type") not in ("comparison", "nullity", "and", "or"):
        raise NotJudged(f"its row_condition {node!r} is a query; write it as a condition of type comparison or nullity")
    if node["type"] in ("and", "or"):
        return Several(name=node["type"], conditions=[condition(each, kinds) for each in node["conditions"]])
    column = node["column"]["name"]
    kind = kind_of(column, kinds)
    if node["type"] == "nullity":
        return Nullity(name="nullity", column=column, is_null=node["is_null"])
    operator, parameter = node["operator"], node["parameter"]
    if kind == "date" and operator not in ("IN", "NOT_IN"):
        parameter = as_date(parameter).isoformat()
    elif kind in ("date", "bytes") or not all(can_hold(kind, each) for each in leaves(parameter)):
        raise NotJudged(f"its row_condition compares '{column}', which holds {KINDS_OF[kind]}, with {parameter!r}")
    return Comparison(name="comparison", column=column, operator=operator, parameter=parameter, is_date=kind == "date")


def kind_of(column: Any, kinds: Kinds) -> Kind:
    """Return what a column holds, or say that no record brings it."""
    if column not in kinds:
        raise NotJudged(f"'{column}' is no number, text, date or image that the model takes")
    return kinds[column]
