"""rules.json: the row rules of a suite in plain Python, for a server that holds neither Great Expectations nor polars.

A record is judged as validate would judge the row that it came from; what a single record cannot
tell (a unique value, a mean) is listed under `not_served`, so that nobody believes it is checked.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from slipway.errors import BundleError
from slipway.files import write_json
from slipway.product.section import Section
from slipway.suites.suite import Expectation

Kind = Literal["number", "text", "bytes"]
Scalar = bool | int | float | str


class Rule(Section):
    """One promise about one value; a missing value breaks only `required`."""

    column: str
    """The column that it is about."""

    kind: Kind
    """What the column holds."""

    severity: Literal["critical", "warning"]
    """As in the suite; a server refuses both."""

    reason: str
    """What a value must be, said to whoever sent it."""

    required: bool = False
    """Whether the value must be there."""

    low: float | None = None
    """Lower end of the value, or of its length."""

    high: float | None = None
    """Upper end of the value, or of its length."""

    strict_low: bool = False
    """Whether the lower end itself is out."""

    strict_high: bool = False
    """Whether the upper end itself is out."""

    length: bool = False
    """Whether the ends are those of the length in characters or bytes."""

    allowed: list[Scalar] | None = None
    """The values that may occur; null: all."""

    forbidden: list[Scalar] = []
    """The values that may not."""

    regex: str | None = None
    """A pattern that is found somewhere in the text."""


class NotServed(Section):
    """An expectation that a server does not check."""

    expectation: str
    """Its title."""

    reason: str
    """Why not."""


class Rules(Section):
    """The content of rules.json."""

    rules: list[Rule]
    """What a server checks."""

    not_served: list[NotServed]
    """What it does not."""

    def write(self, path: Path) -> None:
        """Write rules.json."""
        write_json(path, self.model_dump(exclude_defaults=True))


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


def read_rules(path: Path) -> list[Rule]:
    """Read the rules of a rules.json."""
    return parse_rules(path.read_bytes(), where=str(path))


def parse_rules(content: bytes, *, where: str) -> list[Rule]:
    """Read the rules from the bytes of a rules.json.

    Raises:
        BundleError: They are something else.
    """
    try:
        return Rules.model_validate_json(content).rules
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(f"{where}: {first['loc']} {first['msg']}: run validate again") from None


def broken(rules: Sequence[Rule], record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the column and the reason of each rule that the record breaks; an absent key is a missing value."""
    return [(rule.column, rule.reason) for rule in rules if not keeps(rule, record.get(rule.column))]


def keeps(rule: Rule, value: Any) -> bool:
    """Say whether a value keeps a rule."""
    if value is None or value != value:  # NaN is missing, as it is for validate
        return not rule.required
    value = as_text(value) if rule.kind == "text" else value
    if rule.kind == "number" and isinstance(value, str):
        return True  # no number: for whoever reads the record to refuse
    if rule.allowed is not None and value not in rule.allowed:
        return False
    if value in rule.forbidden:
        return False
    if rule.regex is not None and re.search(rule.regex, value if isinstance(value, str) else as_text(value)) is None:
        return False
    return _is_within(rule, len(value) if rule.length else value)


def as_text(value: Any) -> str:
    """Spell a value of a record as a table of texts holds it (slipway/tables/labels.py, without polars).

    >>> as_text(3.0), as_text(3), as_text(True), as_text("x"), as_text(1.5e-5), as_text(1e-7)
    ('3', '3', 'true', 'x', '0.000015', '1e-7')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if 1e-5 <= abs(value) < 1e-4:  # Python alone already uses an exponent here
        return f"{Decimal(repr(value)):f}"
    return repr(value).replace("e-0", "e-")


def _is_within(rule: Rule, size: Any) -> bool:
    if rule.low is not None and (size < rule.low or (rule.strict_low and size == rule.low)):
        return False
    return not (rule.high is not None and (size > rule.high or (rule.strict_high and size == rule.high)))


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
        return f"'{column}' is no input of the model"
    unknown = sorted(key for key, value in kwargs.items() if key not in _KNOWN and value is not None)
    if unknown or kwargs.get("mostly", 1) != 1:
        return f"{', '.join(unknown) or 'mostly'}: a rule for one record has no such option"
    if expectation.type == _BETWEEN and not _are_numbers(kwargs, kinds[column]):
        return "its ends, or the column, are no numbers"
    if kinds[column] == "bytes" and expectation.type not in (_NOT_NULL, _LENGTH, _LENGTHS):
        return "of bytes, only presence and length are checked"
    return "lengths are those of texts" if kinds[column] == "number" and "lengths" in expectation.type else None


def _are_numbers(kwargs: Mapping[str, Any], kind: Kind) -> bool:
    ends = [kwargs.get("min_value"), kwargs.get("max_value")]
    return kind == "number" and all(end is None or isinstance(end, int | float) for end in ends)


def _ends(kwargs: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
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
    _BETWEEN: _ends,
    _IN_SET: lambda kwargs, kind: {"allowed": _same_kind(kwargs["value_set"], kind)},
    _NOT_IN_SET: lambda kwargs, kind: {"forbidden": _same_kind(kwargs["value_set"], kind)},
    _REGEX: lambda kwargs, kind: {"regex": kwargs["regex"]},
    _LENGTH: lambda kwargs, kind: {"low": kwargs["value"], "high": kwargs["value"], "length": True},
    _LENGTHS: lambda kwargs, kind: {**_ends(kwargs, kind), "length": True},
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
