"""rules.json: the row rules of a suite in plain Python, for a server that holds neither Great Expectations nor polars.

A record is judged as validate would judge the row that it came from. slipway/suites/compiling.py
writes the file.
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
    if rule.kind == "text":
        value = as_text(value)
    elif rule.kind == "number" and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return True  # a missing marker, or for whoever reads the record to refuse
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
