"""The rules of cleaning that have keys of their own: a part of the section `preprocess`, and of prepare.json.

They carry the patterns that polars and plain Python share, so that a table and a record are read alike.
"""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.section import Section
from slipway.product.steps import Action

Type = Literal["number", "category", "text", "date", "boolean"]
DatePart = Literal[
    "year", "quarter", "month", "week", "day", "day_of_year", "weekday", "hour", "minute", "second", "days"
]

TRUE = ["true", "t", "yes", "y", "on", "1"]
FALSE = ["false", "f", "no", "n", "off", "0"]

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
ISO = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?Z?)?$"

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

# What a directive of strftime takes. No digit may follow a lone one, so that no reader has to guess.
DIRECTIVES = {
    "%Y": _YEAR,
    "%m": "(?:0[1-9]|1[0-2]|[1-9])",
    "%d": "(?:0[1-9]|[12][0-9]|3[01]|[1-9])",
    "%H": "(?:[01][0-9]|2[0-3]|[0-9])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%b": f"(?:{'|'.join(f'[{name[0].upper()}{name[0]}]{name[1:]}' for name in MONTHS)})",
}


class Separators(Section):
    """How a column of texts writes its numbers."""

    decimal: Literal[".", ","] = "."
    """What stands before the fraction."""

    thousands: Literal[",", ".", " ", "'", "\u00a0", "\u202f", "_"] | None = None
    """What stands between groups of three digits; null: nothing may."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'")
        return self

    @property
    def pattern(self) -> str:
        """The regular expression of a number; grouped digits come in threes."""
        point = f"[{self.decimal}]"
        digits = "[0-9]+" if self.thousands is None else f"(?:[0-9]{{1,3}}(?:[{self.thousands}][0-9]{{3}})+|[0-9]+)"
        return f"^[+-]?(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


class Dates(Section):
    """A column of dates: how it is written, and which numbers are made of it."""

    format: str | None = None
    """As strftime writes it, of %Y %m %d %H %M %S %b; null: ISO 8601, `2026-11-22` or `2026-11-22T09:30:00`."""

    parts: list[DatePart] = ["year", "month", "weekday"]
    """The columns `<name>_<part>` that take its place: weekday is 1 (Monday) to 7, days counts from 1970-01-01.

    Empty: none, for a column that only orders the rows (split.time).
    """

    @model_validator(mode="after")
    def _format_is_readable(self) -> Self:
        if len(set(self.parts)) != len(self.parts):
            raise ValueError(f"parts are listed twice: {self.parts}")
        if self.format is None:
            return self
        found = re.findall("%.?", self.format)
        if strange := [each for each in found if each not in DIRECTIVES]:
            raise ValueError(f"format holds {strange[0]}; allowed: {' '.join(DIRECTIVES)}")
        if {"%Y", "%d"} - set(found) or len({"%m", "%b"} & set(found)) != 1 or len(set(found)) != len(found):
            raise ValueError(f"format '{self.format}' must hold %Y, one of %m and %b, and %d, each once")
        if {"%H", "%M", "%S"} & set(found) not in (set(), {"%H", "%M"}, {"%H", "%M", "%S"}):
            raise ValueError(f"format '{self.format}' must hold %H with %M, and %S only with both")
        return self

    @property
    def pattern(self) -> str:
        """The regular expression of a date in this format; each directive is a group, in its order."""
        if self.format is None:
            return ISO
        pieces = re.split("(%.)", self.format)
        return f"^{''.join(f'({DIRECTIVES[each]})' if each in DIRECTIVES else re.escape(each) for each in pieces)}$"


class Bounds(Section):
    """The range of a column of numbers, and what happens to a value beyond it."""

    low: float | None = None
    """The least value."""

    high: float | None = None
    """The greatest value."""

    action: Action = "quarantine"
    """clip: it becomes the end. null: it becomes missing. quarantine: its row leaves, and a server refuses it."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("neither low nor high is stated")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    @property
    def reason(self) -> str:
        """What is said about a value beyond it."""
        ends = [f"at least {self.low:.15g}"] if self.low is not None else []
        ends += [f"at most {self.high:.15g}"] if self.high is not None else []
        return f"must be {' and '.join(ends)}"


class Unique(Section):
    """Rows that are told apart by a key: more than one row of a key is one too many."""

    key: list[str] = Field(min_length=1)
    """The columns of the key. A row without a value in one of them has no key, and stays."""

    keep: Literal["first", "last", "none"] = "first"
    """Which row of a key stays, in the order of the source; none: all of them leave."""
