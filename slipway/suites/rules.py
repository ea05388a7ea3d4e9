"""rules.json: the row rules of a suite in plain Python, for a server that holds neither Great Expectations nor polars.

A record is judged as validate would judge the raw row that it came from. slipway/suites/compiling.py
writes the file; tests/slipway/suites/test_rule_parity.py holds the two against Great Expectations.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from slipway.errors import BundleError
from slipway.files import write_json
from slipway.product.section import Section
from slipway.suites.checks import Check, Required
from slipway.suites.conditions import Condition

FORMAT = 2

Kind = Literal["number", "text", "bytes", "date"]
"""What a column holds; a date with or without a time, as JSON gives it: in ISO 8601."""


class Rule(Section):
    """One promise about the values of one record."""

    columns: list[str]
    """The columns that it is about, in the check's order."""

    kinds: list[Kind]
    """What each of them holds."""

    severity: Literal["critical", "warning"]
    """As in the suite; a server refuses both."""

    reason: str
    """What must be, said to whoever sent the record."""

    check: Check
    """What is asked of the values; of a single one that is missing only whether it must be there."""

    when: Condition | None = None
    """Which records it is about; null: all."""

    when_kinds: dict[str, Kind] = {}
    """What the columns of `when` hold."""

    ignore_missing: Literal["any", "all", "never"] = "never"
    """Of several columns: a record is not judged where any, or all, of them are missing."""

    @property
    def names(self) -> set[str]:
        """Every column that it looks at."""
        return {*self.columns, *self.when_kinds}


class NotServed(Section):
    """An expectation that a server does not check."""

    expectation: str
    """Its title."""

    reason: str
    """Why not."""


class Rules(Section):
    """The content of rules.json."""

    format: int = FORMAT
    """Of this file; an older bundle's rules are refused."""

    rules: list[Rule]
    """What a server checks."""

    not_served: list[NotServed]
    """What it does not."""

    def write(self, path: Path) -> None:
        """Write rules.json."""
        write_json(path, {"format": self.format, **self.model_dump(mode="json", exclude_defaults=True)})

    def for_inputs(self, names: Iterable[str]) -> "Rules":
        """Return the rules for a model that takes these columns alone; the others are listed as not served."""
        known = set(names)
        lacking = [(rule, sorted(rule.names - known)) for rule in self.rules]
        return Rules(
            rules=[rule for rule, missing in lacking if not missing],
            not_served=self.not_served
            + [
                NotServed(
                    expectation=f"{', '.join(rule.columns)} {rule.reason}",
                    reason=f"{', '.join(missing)}: no input of the model",
                )
                for rule, missing in lacking
                if missing
            ],
        )


def parse_rules(content: bytes, *, where: str) -> Rules:
    """Read the bytes of a rules.json.

    Raises:
        BundleError: They are something else, or of another format.
    """
    try:
        stored = json.loads(content)
        found = stored.get("format", 1) if isinstance(stored, dict) else FORMAT
        if found != FORMAT:
            raise BundleError(
                f"{where} is of format {found}, this slipway reads {FORMAT}: "
                "run validate and package again, or serve the bundle with the slipway that packed it"
            )
        return Rules.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BundleError(f"{where}: {place} {first['msg']}: run validate again") from None
    except ValueError:
        raise BundleError(f"{where} is no JSON: run validate again") from None


class RowRules:
    """Rules that are ready to judge records, many at once from many threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Compile the rules: regular expressions and sets are built here, once."""
        self._tests = [(rule, _keeps(rule)) for rule in rules]
        kinds = {name: kind for rule in rules for name, kind in [*rule.when_kinds.items(), *_kinds(rule)]}
        self._readers = [(name, READERS[kind]) for name, kind in kinds.items()]

    def broken(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the (first) column and the reason of each rule that a record breaks.

        Args:
            record: A raw record as JSON gives it; an absent key is a missing value.
        """
        values = {name: read(record.get(name)) for name, read in self._readers}
        return [(rule.columns[0], rule.reason) for rule, keeps in self._tests if not keeps(values)]


def _kinds(rule: Rule) -> list[tuple[str, Kind]]:
    return list(zip(rule.columns, rule.kinds, strict=True))


def _keeps(rule: Rule) -> Callable[[Mapping[str, Any]], bool]:
    """Return the function that says whether the values of a record, missing ones as None, keep a rule."""
    judged = _single(rule) if len(rule.columns) == 1 else _several(rule)
    if rule.when is None:
        return judged
    applies = rule.when.compiled()
    return lambda values: not applies(values) or judged(values)


def _single(rule: Rule) -> Callable[[Mapping[str, Any]], bool]:
    (column,), test, missing_keeps = rule.columns, rule.check.compiled(), not isinstance(rule.check, Required)

    def keeps(values: Mapping[str, Any]) -> bool:
        value = values[column]
        if value is None:
            return missing_keeps
        return value is UNREADABLE or test(value)

    return keeps


def _several(rule: Rule) -> Callable[[Mapping[str, Any]], bool]:
    columns, test, ignore = rule.columns, rule.check.compiled(), rule.ignore_missing

    def keeps(values: Mapping[str, Any]) -> bool:
        row = [values[column] for column in columns]
        if ignore != "never" and None in row and (ignore == "any" or row.count(None) == len(row)):
            return True
        return UNREADABLE in row or test(*row)

    return keeps


class _Unreadable:
    """A value that is none of its column's kind: for whoever reads the record to refuse; conditions do not hold."""

    def __lt__(self, other: Any) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


UNREADABLE = _Unreadable()


def _number(value: Any) -> Any:
    if value is None or value != value:  # NaN is missing, as it is for validate
        return None
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return UNREADABLE  # a missing marker, or no number at all
    return None if number != number else number


def _text(value: Any) -> str | None:
    return None if value is None or value != value else as_text(value)


def _date(value: Any) -> Any:
    """Read a date with or without a time; one without begins its day."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return UNREADABLE
    return UNREADABLE if read.tzinfo else read


def _bytes(value: Any) -> Any:
    return value


READERS: dict[Kind, Callable[[Any], Any]] = {"number": _number, "text": _text, "bytes": _bytes, "date": _date}


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
