"""The rules of a gate: what was looked at, its number, its limit, the verdict, and how to mend what breaks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Rule = dict[str, Any]
"""`rule`, `value` (None: unknown), `limit`, `passed`; `interval` [low, high] where there is one; `mend` where it broke,
and `why` where the value is unknown.
"""


@dataclass(frozen=True)
class Judged:
    """What a gate found."""

    rules: list[Rule]
    notes: list[str]
    """What was left out, and what no rule judges."""

    groups: list[dict[str, Any]] = field(default_factory=list)
    """The figures by group of the sensitive columns."""


def broken(rules: Sequence[Rule]) -> list[str]:
    """Say of each rule that was not kept its limit, the value and the mend."""
    return [_sentence(rule) for rule in rules if not rule["passed"]]


def at_least(what: str, value: float | None, limit: float, *, mend: str = "", **more: Any) -> Rule:
    """Make a rule with a floor; `more` are further keys."""
    return _rule(f"{what} at least", value, limit, value is not None and value >= limit, mend, more)


def at_most(what: str, value: float | None, limit: float, *, mend: str = "", **more: Any) -> Rule:
    """Make a rule with a ceiling; `more` are further keys."""
    return _rule(f"{what} at most", value, limit, value is not None and value <= limit, mend, more)


def not_judged(what: str, why: str) -> Rule:
    """Make the broken rule of what could not be judged at all."""
    return {"rule": what, "value": None, "limit": None, "passed": False, "why": why}


def _rule(what: str, value: float | None, limit: float, passed: bool, mend: str, more: dict[str, Any]) -> Rule:
    told = {"mend": "" if passed else mend, **more}
    known = {key: given for key, given in told.items() if given not in ("", None)}
    return {"rule": what, "value": value, "limit": limit, "passed": passed, **known}


def _sentence(rule: Rule) -> str:
    """Return one sentence, the mend behind a colon."""
    if rule["limit"] is None:
        return f"{rule['rule']}: {rule['why']}"
    value = rule.get("why", "unknown") if rule["value"] is None else f"{rule['value']:.6g}"
    low_high = " ({:.3g} to {:.3g})".format(*rule["interval"]) if "interval" in rule else ""
    mend = f": {rule['mend']}" if "mend" in rule else ""
    return f"{rule['rule']} {rule['limit']:.6g}, but it is {value}{low_high}{mend}"
