"""Compile a suite's row rules into rules.json; what a server cannot check is listed there, never silently left out."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.suites.rules import Kind, NotServed, Rule, Rules, Scalar
from slipway.suites.suite import Expectation


def write_rules(path: Path, expectations: Sequence[Expectation], kinds: Mapping[str, Kind]) -> Rules:
    """Compile what a record can tell into rules.json.

    Args:
        path: rules.json.
        expectations: The suite's.
        kinds: What each column that a server receives holds; other columns have no rules.
    """
    compiled = [compile_rule(expectation, kinds) for expectation in expectations]
    rules = Rules(
        rules=[each for each in compiled if isinstance(each, Rule)],
        not_served=[each for each in compiled if isinstance(each, NotServed)],
    )
    rules.write(path)
    return rules


def compile_rule(expectation: Expectation, kinds: Mapping[str, Kind]) -> Rule | NotServed:
    """Turn an expectation into a rule, or say why it cannot be one."""
    if (obstacle := _obstacle(expectation, kinds)) is not None:
        return NotServed(expectation=expectation.title, reason=obstacle)
    assert expectation.severity != "info"
    column, kwargs = expectation.kwargs["column"], expectation.kwargs
    kind, severity = kinds[column], expectation.severity
    fields = _FIELDS[expectation.type](kwargs, kind)
    reason = _sentence(expectation.type, kwargs)
    return Rule(column=column, kind=kind, severity=severity, reason=reason, **fields)


def _obstacle(expectation: Expectation, kinds: Mapping[str, Kind]) -> str | None:
    """Return why a record cannot be judged by this expectation; None where it can."""
    column, kwargs = str(expectation.kwargs.get("column")), expectation.kwargs
    if expectation.severity == "info":
        return "info is logged, not enforced"
    if expectation.type not in _FIELDS:
        return "no rule for one value of one record expresses it"
    if column not in kinds:
        return f"'{column}' is no number, text or image that the model takes"
    unknown = sorted(key for key, value in kwargs.items() if key not in _KNOWN and value is not None)
    if unknown or kwargs.get("mostly", 1) != 1:
        return f"{', '.join(unknown) or 'mostly'}: a rule for one record has no such option"
    if not _is_finite(kwargs):
        return "a record holds no infinity and no NaN to compare with: remove the end, or the value"
    if expectation.type == _BETWEEN and not _are_numbers(kwargs, kinds[column]):
        return "its ends, or the column, are no numbers"
    if kinds[column] == "bytes" and expectation.type not in (_NOT_NULL, _LENGTH, _LENGTHS):
        return "of bytes, only presence and length are checked"
    return "lengths are those of texts" if kinds[column] == "number" and "lengths" in expectation.type else None


def _are_numbers(kwargs: Mapping[str, Any], kind: Kind) -> bool:
    ends = [kwargs.get("min_value"), kwargs.get("max_value")]
    return kind == "number" and all(end is None or isinstance(end, int | float) for end in ends)


def _is_finite(kwargs: Mapping[str, Any]) -> bool:
    values = [each for value in kwargs.values() for each in (value if isinstance(value, list) else [value])]
    return all(math.isfinite(value) for value in values if isinstance(value, float))


def _ends(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "low": kwargs.get("min_value"),
        "high": kwargs.get("max_value"),
        "strict_low": bool(kwargs.get("strict_min")),
        "strict_high": bool(kwargs.get("strict_max")),
    }


def _same_kind(values: Sequence[Any], kind: Kind) -> list[Scalar]:
    """Keep the values that a column of this kind can hold: "1" is never equal to 1."""
    return [value for value in values if isinstance(value, str) == (kind == "text")]


_NOT_NULL = "expect_column_values_to_not_be_null"
_BETWEEN = "expect_column_values_to_be_between"
_IN_SET = "expect_column_values_to_be_in_set"
_NOT_IN_SET = "expect_column_values_to_not_be_in_set"
_REGEX = "expect_column_values_to_match_regex"
_LENGTH = "expect_column_value_lengths_to_equal"
_LENGTHS = "expect_column_value_lengths_to_be_between"

_KNOWN = {"column", "min_value", "max_value", "strict_min", "strict_max", "value_set", "regex", "value", "mostly"}

_FIELDS: dict[str, Any] = {
    _NOT_NULL: lambda kwargs, kind: {"required": True},
    _BETWEEN: lambda kwargs, kind: _ends(kwargs),
    _IN_SET: lambda kwargs, kind: {"allowed": _same_kind(kwargs["value_set"], kind)},
    _NOT_IN_SET: lambda kwargs, kind: {"forbidden": _same_kind(kwargs["value_set"], kind)},
    _REGEX: lambda kwargs, kind: {"regex": kwargs["regex"]},
    _LENGTH: lambda kwargs, kind: {"low": kwargs["value"], "high": kwargs["value"], "length": True},
    _LENGTHS: lambda kwargs, kind: {**_ends(kwargs), "length": True},
}


def _sentence(name: str, kwargs: Mapping[str, Any]) -> str:
    """Say what a value must be."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    ends = [
        f"{'above' if kwargs.get('strict_min') else 'at least'} {low}" if low is not None else "",
        f"{'below' if kwargs.get('strict_max') else 'at most'} {high}" if high is not None else "",
    ]
    between = " and ".join(end for end in ends if end)
    return {
        _NOT_NULL: "must not be missing",
        _BETWEEN: f"must be {between}",
        _IN_SET: f"must be one of {kwargs.get('value_set')}",
        _NOT_IN_SET: f"must be none of {kwargs.get('value_set')}",
        _REGEX: f"must match {kwargs.get('regex')}",
        _LENGTH: f"must have length {kwargs.get('value')}",
        _LENGTHS: f"must have a length of {between}",
    }[name]
