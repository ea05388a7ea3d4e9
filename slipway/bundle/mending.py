"""Change a drawn record until it keeps the row rules: chance alone never meets a sum, or an equality of two columns."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from slipway.errors import BundleError
from slipway.suites.checks import Absent, Equal, Greater, Matches, OneOf, PairOf, Parses, Total, Within
from slipway.suites.rules import RowRules, Rule

Draw = Callable[[str], Any]
"""Draws a value of the input of this name."""

MAX_CHANGES = 2000


class Mender:
    """Holds the rules ready to be asked one by one."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule, RowRules([rule])) for rule in rules if "bytes" not in rule.kinds]

    def mend(self, record: dict[str, Any], draw: Draw, rng: random.Random) -> dict[str, Any]:
        """Return a record that keeps every rule about numbers, texts and dates.

        Raises:
            BundleError: None was found; a rule that was in the way is named.
        """
        record, rule = dict(record), None
        for _ in range(MAX_CHANGES):
            rule = next((rule for rule, judge in self._rules if judge.broken(record)), None)
            if rule is None:
                return record
            record |= _change(rule, record, draw, rng)
        assert rule is not None
        raise BundleError(
            "no example drawn from the signature keeps the row rules: "
            f"column '{rule.columns[0]}' {rule.reason}.\n"
            "Correct the rule in raw.suite.yaml, or state it with severity: info if no text by chance can keep it"
        )


def _change(rule: Rule, record: Mapping[str, Any], draw: Draw, rng: random.Random) -> dict[str, Any]:
    """Return other values for the rule's columns: those that it names, or else new ones by chance."""
    columns, drawn = rule.columns, {name: draw(name) for name in [*rule.columns, *rule.when_kinds]}
    present = [record[name] for name in columns if record[name] is not None]
    if len(present) < len(columns) and len(columns) > 1:
        return drawn
    match rule.check:
        case OneOf(values=[_, *_] as values, never=False):
            return {columns[0]: rng.choice(values)}
        case PairOf(pairs=[_, *_] as pairs):
            return dict(zip(columns, rng.choice(pairs), strict=True))
        case Absent():
            return {columns[0]: None}
        case Equal():
            return dict.fromkeys(columns, present[0])
        case Total(total=total):
            return {**drawn, columns[-1]: total - sum(drawn[name] or 0 for name in columns[:-1])}
        case Greater() if present[0] != present[1]:
            return dict(zip(columns, reversed(present), strict=True))
        case Within(length=True, low=low, high=high) if isinstance(drawn[columns[0]], str):
            return {columns[0]: _of_length(drawn[columns[0]], low, high, rng)}
        case Parses(to="json"):
            return {columns[0]: rng.choice(["{}", "[]", '"a"', "1"])}
        case Parses(format=form):
            day = date(2000, 1, 1) + timedelta(days=rng.randrange(9000))
            return {columns[0]: day.isoformat() if form is None else day.strftime(form)}
        case Matches(like=True, match="any" | "all", patterns=[pattern, *_], escape=None):
            return {columns[0]: pattern.replace("%", "").replace("_", "a")}
    return drawn


def _of_length(text: str, low: Any, high: Any, rng: random.Random) -> str:
    """Return a text that is cut or repeated to a length between the ends, which may themselves be out."""
    least = int(low or 0) + 1 if low is not None else 1
    most = int(high) - 1 if high is not None else max(least, len(text))
    length = least if most <= least else rng.randint(least, most)
    length = max(int(low or 0), min(length, int(high))) if high is not None else length
    return ((text or "a") * (length // max(len(text), 1) + 1))[:length]
