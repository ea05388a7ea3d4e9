"""Change a drawn record until it keeps the row rules: chance alone never meets a sum, or an equality of two columns."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.errors import BundleError
from slipway.suites.checks import Absent, Equal, Greater, OneOf, PairOf, Total
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
            f"column '{rule.columns[0]}' {rule.reason}. Correct the rule in raw.suite.yaml"
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
    return drawn
