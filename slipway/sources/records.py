"""Records of delimited text, one at a time, as Python's csv module reads them."""

import csv
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

MAX_RECORD_BYTES = 1 << 24
MAX_RECORD_LINES = 1000
RETURN_IN_VALUE = "\ue00d"  # no character of any script
ONE_AT_A_TIME = threading.Lock()

REASONS = [
    ("unexpected end", "a quote is never closed"),
    ("expected after", "text follows a closing quote"),
]


class Layout(NamedTuple):
    """How the values of a line are told apart."""

    delimiter: str
    quote: str | None
    width: int
    """Values in a line."""

    skip_spaces: bool = False
    """Whether spaces may stand between a delimiter and a quote."""


def next_record(lines: list[bytes], index: int, layout: Layout) -> tuple[list[str], int, str | None]:
    """Return the values of the record that starts at a line, how many lines it takes, and why it is none."""
    texts = (_without_returns(line.decode(errors="replace")) for line in lines[index : index + MAX_RECORD_LINES])
    reader = records(texts, layout, strict=True)
    try:
        with _long_values():
            values = next(reader)
    except csv.Error as error:
        return [], max(reader.line_num, 1), next((mine for theirs, mine in REASONS if theirs in str(error)), str(error))
    return [value.replace(RETURN_IN_VALUE, "\r") for value in values] or [""], reader.line_num, None


def _without_returns(line: str) -> str:
    """Hide carriage returns that end no line from the csv module, which refuses them and polars does not."""
    if "\r" not in line:
        return line
    text = line.removesuffix("\n")
    end = "\r\n" if line != text and text.endswith("\r") else line[len(text) :]
    return text[: len(line) - len(end)].replace("\r", RETURN_IN_VALUE) + end


def records(lines: Iterable[str], layout: Layout, *, strict: bool) -> Any:
    """Return Python's reader of lines with this layout."""
    return csv.reader(
        lines,
        delimiter=layout.delimiter,
        quotechar=layout.quote,
        quoting=csv.QUOTE_NONE if layout.quote is None else csv.QUOTE_MINIMAL,
        skipinitialspace=layout.skip_spaces,
        strict=strict,
    )


@contextmanager
def _long_values() -> Iterator[None]:
    """Lift the csv module's limit of 128 KiB a value, which is the process's, for a moment."""
    with ONE_AT_A_TIME:
        before = csv.field_size_limit(MAX_RECORD_BYTES * 2)
        try:
            yield
        finally:
            csv.field_size_limit(before)
