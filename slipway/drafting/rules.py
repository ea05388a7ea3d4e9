"""One drafted expectation and the reason for it, with the few kinds of expectation that drafts are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway.suites.suite import Expectation, Severity


@dataclass(frozen=True)
class Rule:
    """A drafted expectation, and the comment above it in the suite; empty where it speaks for itself."""

    expectation: Expectation
    why: str = ""

    def lowered(self, severity: Severity) -> "Rule":
        """Return the rule with another severity."""
        return Rule(self.expectation.model_copy(update={"severity": severity}), self.why)


def rule(kind: str, why: str = "", *, severity: Severity = "warning", **kwargs: Any) -> Rule:
    """Draft an expectation, named without its `expect_`."""
    given = {key: value for key, value in kwargs.items() if value is not None}
    return Rule(Expectation(type=f"expect_{kind}", kwargs=given, severity=severity), why)


def not_null(column: str, why: str = "", *, mostly: float | None = None) -> Rule:
    """Draft that values are there, all of them or at least a share."""
    return rule("column_values_to_not_be_null", why, column=column, mostly=mostly)


def between(column: str, low: float | None, high: float | None) -> Rule:
    """Draft a range of numbers."""
    return rule("column_values_to_be_between", column=column, min_value=_plain(low), max_value=_plain(high))


def in_set(column: str, values: Sequence[Any], why: str = "") -> Rule:
    """Draft the list of values that a column may hold."""
    return rule("column_values_to_be_in_set", why, column=column, value_set=list(values))


def not_in_set(column: str, values: Sequence[Any], why: str) -> Rule:
    """Draft a list of values that are wrong."""
    return rule("column_values_to_not_be_in_set", why, column=column, value_set=list(values))


def matches(column: str, regex: str, why: str = "") -> Rule:
    """Draft the format of texts."""
    return rule("column_values_to_match_regex", why, column=column, regex=regex)


def lengths(column: str, low: int, high: int) -> Rule:
    """Draft how many characters texts have."""
    return rule("column_value_lengths_to_be_between", column=column, min_value=low, max_value=high)


def _plain(value: float | None) -> float | int | None:
    """Write 3.0 as 3."""
    return int(value) if value is not None and float(value).is_integer() and abs(value) < 2**53 else value
