"""What a rule of rules.json asks of a value, or of the values of several columns; each check is one quick function.

Regular expressions are compiled and sets are built once, when a bundle is loaded. A missing value
is None here; only `Required` and `Absent` are ever asked about one alone.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from operator import add
from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.product.section import Section

Scalar = bool | int | float | str
End = int | float | datetime
Test = Callable[..., bool]
"""Takes the values of the rule's columns, in their order; says whether they keep it."""


class Required(Section):
    """The value is there."""

    name: Literal["required"]

    def compiled(self) -> Test:
        """Return the test of a value that is there."""
        return lambda value: True


class Absent(Section):
    """The value is missing."""

    name: Literal["absent"]

    def compiled(self) -> Test:
        """Return the test of a value that is there."""
        return lambda value: False


class Within(Section):
    """The value, or its length in characters or bytes, is between two ends."""

    name: Literal["within"]

    low: End | None = None
    """The lower end; a date in ISO 8601."""

    high: End | None = None
    """The upper end."""

    strict_low: bool = False
    """Whether the lower end itself is out."""

    strict_high: bool = False
    """Whether the upper end itself is out."""

    length: bool = False
    """Whether the ends are those of the length."""

    def compiled(self) -> Test:
        """Return the test of a number, a date, or a text or bytes with a length."""
        low, high, strict_low, strict_high = self.low, self.high, self.strict_low, self.strict_high

        def is_within(value: Any) -> bool:
            if low is not None and not (value > low if strict_low else value >= low):
                return False
            return high is None or bool(value < high if strict_high else value <= high)

        return (lambda value: is_within(len(value))) if self.length else is_within


class OneOf(Section):
    """The value is among those that may occur, or among none of those that may not."""

    name: Literal["one_of"]

    values: list[Scalar]
    """The values; 1, 1.0 and true are equal."""

    never: bool = False
    """Whether they are those that may not occur."""

    def compiled(self) -> Test:
        """Return the test of a number or a text."""
        values, never = frozenset(self.values), self.never
        return lambda value: (value in values) != never


class Matches(Section):
    """The text matches regular expressions (found anywhere in it), or SQL's LIKE patterns (of all of it)."""

    name: Literal["matches"]

    patterns: list[str]
    """The patterns."""

    match: Literal["any", "all", "none"] = "any"
    """How many of them it must match."""

    like: bool = False
    """Whether they are LIKE patterns, where % is any text and _ any character."""

    escape: str | None = None
    """The character of a LIKE pattern after which % and _ stand for themselves."""

    def compiled(self) -> Test:
        """Return the test of a text."""
        sources = [like_as_regex(each, self.escape) for each in self.patterns] if self.like else self.patterns
        searches = [re.compile(each).search for each in sources]
        if len(searches) == 1:
            search, wanted = searches[0], self.match != "none"
            return lambda text: (search(text) is not None) == wanted
        if self.match == "all":
            return lambda text: all(search(text) for search in searches)
        wanted = self.match == "any"
        return lambda text: any(search(text) for search in searches) == wanted


class Parses(Section):
    """The text can be read as a date or as JSON."""

    name: Literal["parses"]

    to: Literal["date", "json"]
    """As what it is read. A date: in the `format`; without one in any way that dateutil knows."""

    format: str | None = None
    """The format of dates, as strftime spells it."""

    json_schema: dict[str, Any] | None = None
    """The JSON Schema that the JSON keeps."""

    def compiled(self) -> Test:
        """Return the test of a text."""
        if self.to == "json":
            return _json_test(self.json_schema)
        if self.format is None:
            from dateutil.parser import parse

            return _reads(parse, ValueError, OverflowError)
        form = self.format
        return _reads(lambda text: datetime.strptime(text, form), ValueError)


class Greater(Section):
    """The first value is greater than the second."""

    name: Literal["greater"]

    or_equal: bool = False
    """Whether equal values are allowed."""

    def compiled(self) -> Test:
        """Return the test of two values."""
        if self.or_equal:
            return lambda a, b: a is not None and b is not None and a >= b
        return lambda a, b: a is not None and b is not None and a > b


class Equal(Section):
    """All values are equal."""

    name: Literal["equal"]

    missing_equal: bool = False
    """Whether a missing value equals a missing value."""

    def compiled(self) -> Test:
        """Return the test of two values or more."""
        missing_equal = self.missing_equal

        def are_equal(*values: Any) -> bool:
            first = values[0]
            if first is None and not missing_equal:
                return False
            return all(value is first if value is None else value == first for value in values)

        return are_equal


class Distinct(Section):
    """No two values of the record are equal; missing ones are equal to one another."""

    name: Literal["distinct"]

    def compiled(self) -> Test:
        """Return the test of two values or more."""
        return lambda *values: len(set(values)) == len(values)


class PairOf(Section):
    """The two values are among the pairs that may occur."""

    name: Literal["pair_of"]

    pairs: list[tuple[Scalar | None, Scalar | None]]
    """The pairs; null is a missing value."""

    def compiled(self) -> Test:
        """Return the test of two values."""
        pairs = frozenset(self.pairs)
        return lambda a, b: (a, b) in pairs


class Total(Section):
    """The numbers add up to a total; with a missing one they do not."""

    name: Literal["total"]

    total: int | float
    """What they add up to."""

    def compiled(self) -> Test:
        """Return the test of numbers: added from left to right, as sum() of Python 3.12 would not."""
        total = self.total
        return lambda *values: None not in values and reduce(add, values) == total


Check = Annotated[
    Required | Absent | Within | OneOf | Matches | Parses | Greater | Equal | Distinct | PairOf | Total,
    Field(discriminator="name"),
]


def like_as_regex(pattern: str, escape: str | None = None) -> str:
    r"""Return the regular expression that is found in what SQL's LIKE takes.

    >>> like_as_regex("a%_!%", "!")
    '(?s)\\Aa.*.%\\Z'
    """
    parts, literal = [], False
    for letter in pattern:
        if literal:
            parts.append(re.escape(letter))
            literal = False
        elif letter == escape:
            literal = True
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
    if literal:
        raise ValueError(f"the LIKE pattern {pattern!r} ends in its escape character {escape!r}")
    return rf"(?s)\A{''.join(parts)}\Z"


def _reads(read: Callable[[str], Any], *errors: type[Exception]) -> Test:
    def is_read(text: str) -> bool:
        try:
            read(text)
        except errors:
            return False
        return True

    return is_read


def _json_test(schema: dict[str, Any] | None) -> Test:
    if schema is None:
        return _reads(json.loads, ValueError, RecursionError)
    from jsonschema.validators import validator_for

    keeps = validator_for(schema)(schema).is_valid

    def is_valid(text: str) -> bool:
        try:
            return bool(keeps(json.loads(text)))
        except (ValueError, RecursionError):
            return False

    return is_valid


def remote_references(node: Any) -> Sequence[str]:
    """Return the `$ref`s of a JSON Schema that lead out of it."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) and not node["$ref"].startswith("#") else []
        return [*own, *(ref for value in node.values() for ref in remote_references(value))]
    return [ref for value in node for ref in remote_references(value)] if isinstance(node, list) else []
