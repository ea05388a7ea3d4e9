"""prepare.json: the row-wise cleaning of preprocess that ONNX cannot express, done in plain Python for one record.

It must equal the polars cleaning of preprocess, value by value; otherwise a server would feed the
model what it was never trained on. tests/slipway/bundle/test_prepare.py compares the two.
"""

import math
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from slipway.bundle.dates import part_of, reader_of
from slipway.bundle.parsing import parse
from slipway.files import write_text
from slipway.product.anonymise import Generalise
from slipway.product.cleaning import FALSE, TRUE, Bounds, DatePart, Dates, Separators, Type
from slipway.product.section import Section
from slipway.suites.rules import as_text

PREPARE = "prepare.json"

# Unicode's White_Space, which polars strips; str.strip() alone would also take the separators \x1c to \x1f.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_RUN_OF_SPACE = re.compile(f"[{WHITE_SPACE}]+")

USUAL = Separators()

Cleaner = Callable[[Any], Any]


class Prepare(Section):
    """The declared cleaning of one value; the fields are those of the section `preprocess`, for features alone."""

    trim: bool = True
    """Whether white space around texts is removed first."""

    unicode: Literal["NFC", "NFKC"] | None = None
    """The form of Unicode of texts."""

    collapse: bool = False
    """Whether white space within texts becomes one space."""

    lower: list[str] = []
    """Columns written in lower case."""

    replace: dict[str, dict[str, str | None]] = {}
    """For each column, values and what takes their place."""

    missing: list[str] = []
    """Texts that mean a missing value."""

    types: dict[str, Type] = {}
    """Columns that are coerced."""

    separators: dict[str, Separators] = {}
    """How texts write numbers."""

    dates: dict[str, Dates] = {}
    """Every column of dates: how it is written, and its parts."""

    generalise: dict[str, Generalise] = {}
    """Columns made coarser."""

    bounds: dict[str, Bounds] = {}
    """Ranges of columns of numbers."""

    fill: dict[str, bool | int | float | str] = {}
    """What takes the place of a missing value."""

    def clean(self, column: str, value: Any) -> Any:
        """Return the value as preprocess would (see `cleaner`)."""
        return self.cleaner(column)(value)

    def cleaner(self, column: str) -> Cleaner:
        """Return the function that cleans a value of a column as preprocess would; None is missing.

        It takes a text, number, boolean, bytes or None, and gives a date as the list of its parts. It raises
        `ValueError` with the reason where preprocess would send the row to quarantine.
        """
        text, typed, rest = self._text_steps(column), self._typed_steps(column), self._value_steps(column)

        def clean(value: Any) -> Any:
            for step in (text if isinstance(value, str) else typed, rest):
                for apply in step:
                    value = apply(value)
            return value

        return clean

    def keeps_numbers(self, column: str) -> bool:
        """Say whether a number of this column is never changed or refused."""
        return not self._typed_steps(column) and not self._value_steps(column)

    @staticmethod
    def parts(names: Sequence[DatePart], value: datetime | None) -> list[int | None]:
        """Return parts of a clean date; None where it is missing."""
        return [None if value is None else part_of(value, name) for name in names]

    def _text_steps(self, column: str) -> list[Cleaner]:
        steps: list[Cleaner] = []
        if self.trim:
            steps.append(lambda text: text.strip(WHITE_SPACE))
        if (form := self.unicode) is not None:
            steps.append(lambda text: text if text.isascii() else unicodedata.normalize(form, text))
        if self.collapse:
            steps.append(lambda text: _RUN_OF_SPACE.sub(" ", text))
        if column in self.lower:
            steps.append(str.lower)
        if (pairs := self.replace.get(column)) is not None:
            steps.append(lambda text: pairs.get(text, text))
        missing = frozenset(self.missing)
        steps.append(lambda text: None if text in missing else text)
        if (read := self._reader(column)) is not None:
            steps.append(lambda text: None if text is None else read(text))
        return steps

    def _reader(self, column: str) -> Cleaner | None:
        """Return what makes a value of the declared type of a text; None where it stays a text."""
        wanted = self.types.get(column)
        if wanted == "number":
            separators = self.separators.get(column, USUAL)
            pattern = re.compile(separators.pattern)
            return lambda text: number_of(text, separators, pattern)
        if wanted == "boolean":
            known = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
            return lambda text: known.get(text.lower())
        return reader_of(self.dates[column]) if wanted == "date" else None

    def _typed_steps(self, column: str) -> list[Cleaner]:
        """Return the steps of a value that came as something else than a text."""
        steps: list[Cleaner] = []
        wanted = self.types.get(column)
        if (pairs := self.replace.get(column)) is not None:
            steps.append(_replace_numbers(pairs))
        if wanted in ("category", "text"):
            steps.append(lambda value: as_text(value) if isinstance(value, int | float) else value)
        elif wanted == "boolean":
            steps.append(lambda value: bool(value) if value in (0, 1) else None)
        elif wanted == "date":
            steps.append(_require_text_of_date)
        return steps

    def _value_steps(self, column: str) -> list[Cleaner]:
        """Return the steps of a value in its type."""
        steps: list[Cleaner] = []
        if (coarser := self.generalise.get(column)) is not None:
            steps.append(lambda value: value if value is None else generalise(coarser, value))
        if (bounds := self.bounds.get(column)) is not None:
            steps.append(lambda value: _bound(bounds, value))
        if (constant := self.fill.get(column)) is not None:
            steps.append(lambda value: constant if value is None else value)
        return steps

    def write(self, folder: Path) -> None:
        """Write prepare.json into a bundle's folder."""
        write_text(folder / PREPARE, self.model_dump_json(indent=1) + "\n")


def _replace_numbers(pairs: dict[str, str | None]) -> Cleaner:
    numbers: dict[float, float | None] = {}
    for old, new in pairs.items():
        try:
            numbers[float(old)] = None if new is None else float(new)
        except ValueError:
            continue  # a text, which no number is equal to
    return lambda value: numbers.get(value, value) if isinstance(value, int | float) else value


def _require_text_of_date(value: Any) -> None:
    if value is not None:
        raise ValueError(f"must be the text of a date, not {value!r}")


def _bound(bounds: Bounds, value: Any) -> Any:
    """Keep, change or refuse a number as the bounds say; what is no number is for the reader to refuse."""
    if not isinstance(value, int | float):
        return value
    low, high = bounds.low, bounds.high
    if (low is None or value >= low) and (high is None or value <= high):
        return value
    if bounds.action == "quarantine":
        raise ValueError(f"{bounds.reason}, not {value!r}")
    if bounds.action == "null":
        return None
    return low if low is not None and value < low else high


def generalise(params: Generalise, value: Any) -> Any:
    """Make a value coarser, as slipway/tables/anonymising.py does.

    >>> generalise(Generalise(width=10), 37), generalise(Generalise(edges=[0, 18]), 17), generalise(
    ...     Generalise(prefix=2), "89073"
    ... )
    (30.0, 0.0, '89')
    """
    if params.prefix is not None:
        return value[: params.prefix] if isinstance(value, str) else value
    if not isinstance(value, int | float) or abs(value) > sys.float_info.max:  # no number that a model takes
        return value
    if params.width is not None:
        return _lower_end(float(value), params.width)
    edges = params.edges or []
    return max((edge for edge in edges if value >= edge), default=edges[0])


def _lower_end(number: float, width: float) -> float:
    """Return the greatest multiple of the width that is not above a number, as preprocess finds it."""
    scaled = number * (1 / width)
    count = float(math.floor(scaled)) if math.isfinite(scaled) else scaled
    if number >= (count + 1) * width:
        return (count + 1) * width
    return (count - 1) * width if number < count * width else count * width


def number_of(text: str, separators: Separators = USUAL, pattern: re.Pattern[str] | None = None) -> float | None:
    """Return the number that a text holds; None where it holds none, or none that is finite.

    >>> number_of("-1.5e3"), number_of("1_000"), number_of("1e999"), number_of("nan")
    (-1500.0, None, None, None)
    >>> number_of("1.234,5", Separators(decimal=",", thousands="."))
    1234.5
    """
    pattern = pattern or re.compile(separators.pattern)
    if pattern.fullmatch(text) is None:
        return None
    plain = text if separators.thousands is None else text.replace(separators.thousands, "")
    number = float(plain.replace(separators.decimal, "."))
    return number if math.isfinite(number) else None


def parse_prepare(content: bytes) -> Prepare:
    """Read the bytes of prepare.json.

    Raises:
        BundleError: it holds something else.
    """
    return parse(content, Prepare, name=PREPARE)
