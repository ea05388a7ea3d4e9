"""How a delimited text is written: encoding, delimiter, quote, junk lines, header, missing markers, decimal comma.

Python's own `csv.Sniffer` looks at characters alone; here each candidate is judged by what it makes of the
text: rows of one width, and cells that are numbers, dates or plain words (the idea of van den Burg,
Nazábal and Sutton 2019, "Wrangling messy CSV files by detecting row and type patterns").
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slipway.drafting.cells import COMMA_NUMBER, MARKERS, WEAK_MARKERS, is_missing, is_number, is_typed
from slipway.drafting.headers import has_header
from slipway.drafting.strays import Strays, strays
from slipway.errors import DataError
from slipway.sources.encoding import windows_1252

Encoding = Literal["utf-8", "latin-1", "utf-16"]

DELIMITERS = (",", ";", "\t", "|", ":", " ", "^", "~")
MAX_LINES = 2_000
MAX_JUNK = 20


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is written.

    Attributes:
        encoding: utf-8 with or without a byte order mark, latin-1 (which reads any bytes), utf-16.
        delimiter: One character between values; None where each line is one value.
        quote: What stands around values that hold the delimiter; None where no character does.
        skip_lines: Lines before the header or the first row.
        header: Whether the first line then names the columns.
        names: The columns' names; `column_1` ... where there is no header.
        missing: Markers seen in the sample, sorted.
        decimal_comma: Whether numbers are written 1,5.
        trim: Whether spaces stand around values.
        codes: Columns whose numbers begin with zeros, as 01234 does.
        num_odd: Sampled lines, after the first rows, that have another number of values.
        rows: Sampled rows, the header left out.
        strays: Texts among numbers, those that are markers in `missing`, too.
    """

    encoding: Encoding
    delimiter: str | None
    quote: str | None
    skip_lines: int
    header: bool
    names: list[str]
    missing: list[str]
    decimal_comma: bool
    trim: bool
    codes: list[str]
    num_odd: int
    rows: list[list[str]]
    strays: Strays


def sniff(head: bytes, *, whole: bool = True) -> Dialect:
    """Infer the dialect from the first bytes of a text.

    Args:
        head: The bytes, a byte order mark included.
        whole: Whether they are all of the text; else the last line is incomplete and left out.

    Raises:
        DataError: The bytes are no table: empty, not text, or lines without a common shape.
    """
    encoding, text = decode(head)
    lines = _lines(text) if whole else _lines(text)[:-1]
    lines = lines[:MAX_LINES]
    if not any(line.strip() for line in lines):
        raise DataError("the file holds no lines of text: there is nothing to draft from")
    delimiter, quote = _delimiter_and_quote(lines)
    table = _parse(lines, delimiter or "\x00", quote)
    skip, rows = _without_junk(table)
    if delimiter is None:
        _require_values(rows)
    header = has_header(rows)
    names = [cell.strip() for cell in rows[0]] if header else [f"column_{n + 1}" for n in range(len(rows[0]))]
    body = rows[1:] if header else rows
    among = strays(names, body)
    missing = sorted({*_markers(body), *(text for texts in among.missing.values() for text in texts)})
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        skip_lines=skip,
        header=header,
        names=names,
        missing=missing,
        decimal_comma=_decimal_comma(body, delimiter, missing),
        trim=_has_spaces(body),
        codes=_codes(names, body),
        num_odd=sum(bool(row) for row in table[skip:]) - len(rows),
        rows=body,
        strays=among,
    )


def decode(head: bytes) -> tuple[Encoding, str]:
    """Return the encoding and the text; a character that the end cuts in two is left out."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", head[: len(head) // 2 * 2].decode("utf-16", errors="ignore")
    zeros = head[:4096].count(0)
    if zeros > len(head[:4096]) // 4:
        little = head[:4096:2].count(0) < zeros / 2
        return "utf-16", head[: len(head) // 2 * 2].decode("utf-16-le" if little else "utf-16-be", errors="ignore")
    if zeros:
        raise DataError("the file holds bytes that are no text, and is of no other kind that slipway knows")
    try:
        return "utf-8", codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return "latin-1", codecs.charmap_decode(head, "strict", windows_1252())[0]


def _lines(text: str) -> list[str]:
    """Cut a text where ingest does: `str.splitlines` would cut within values, at a line separator of Unicode, too."""
    return io.StringIO(text, newline=None).read().removesuffix("\n").split("\n")


def _delimiter_and_quote(lines: list[str]) -> tuple[str | None, str | None]:
    """Return the pair whose rows are most alike and whose cells look most like values."""
    best: tuple[float, str | None, str | None] = (0.5, None, '"')
    text = "\n".join(lines)
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        quotes = ['"', *(["'"] if "'" in text else []), *([None] if '"' in text else [])]
        for quote in quotes:
            score = _score(_parse(lines, delimiter, quote), delimiter, quote)
            if score > best[0] + 1e-9:
                best = (score, delimiter, quote)
    return best[1], best[2]


def _score(table: list[list[str]], delimiter: str, quote: str | None) -> float:
    """Say in 0..1 how much a parse looks like a table: rows of one width, and cells that are values."""
    rows = [row for row in table if row]
    if not rows:
        return 0.0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width < 2 or (count < 2 and len(rows) > 1):
        return 0.0
    first = next(number for number, row in enumerate(rows) if len(row) == width)
    rows = rows[first:] if first <= min(MAX_JUNK, count) else rows
    alike = [row for row in rows if len(row) == width]
    sample = [cell.strip() for row in alike[:300] for cell in row]
    worth = sum(_worth(cell, delimiter, quote) for cell in sample) / len(sample)
    return (count / len(rows)) ** 2 * worth * (width - 0.5) / width


def _worth(cell: str, delimiter: str, quote: str | None) -> float:
    if is_missing(cell) or is_typed(cell):
        return 1.0
    if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'" and cell[0] != quote:
        return 0.3  # quotes that nobody took off
    others = [one for one in ",;\t|" if one != delimiter and one in cell]
    if others:
        return 0.2 if set(others) & set(";\t|") else 0.7
    return 0.9


def _parse(lines: list[str], delimiter: str, quote: str | None) -> list[list[str]]:
    """Return the rows, the empty ones included: a junk line is counted where it stands."""

    def parsed() -> Iterator[list[str]]:
        how: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        reader = csv.reader([f"{line}\n" for line in lines], delimiter=delimiter, quotechar=quote or '"', quoting=how)
        while True:
            try:
                yield next(reader)
            except csv.Error:
                yield []
            except StopIteration:
                return

    return list(parsed())


def _without_junk(table: list[list[str]]) -> tuple[int, list[list[str]]]:
    """Return how many first lines are not of the table's width, and the rows that are."""
    width = Counter(len(row) for row in table if row).most_common(1)[0][0]
    skip = next(number for number, row in enumerate(table) if len(row) == width)
    if skip > MAX_JUNK:
        skip = 0
    return skip, [row for row in table[skip:] if len(row) == width]


def _require_values(rows: list[list[str]]) -> None:
    """Refuse lines of prose: where each line is one value, they must look like values of one column."""
    cells = [row[0].strip() for row in rows if row]
    typed = sum(is_typed(cell) for cell in cells) / len(cells)
    if typed < 0.5 and len(set(cells)) > len(cells) / 2 and sum(" " in cell for cell in cells) > len(cells) / 2:
        raise DataError(
            "the file is running text, no table: no delimiter gives rows of one width. "
            "Give a table with a text in each row, and what is to be learned about it in another column."
        )


def _markers(body: list[list[str]]) -> list[str]:
    """Return the markers of missing values: the plain ones anywhere, the weak ones among numbers and dates."""
    found: set[str] = set()
    for column in zip(*body, strict=True):
        cells = Counter(cell.strip() for cell in column)
        known = {cell: count for cell, count in cells.items() if cell and cell not in MARKERS | WEAK_MARKERS}
        found |= cells.keys() & MARKERS
        weak = cells.keys() & WEAK_MARKERS
        if weak and known:
            typed = sum(count for cell, count in known.items() if is_typed(cell)) / sum(known.values())
            found |= weak if typed > 0.95 else set()
    return sorted(found)


def _decimal_comma(body: list[list[str]], delimiter: str | None, missing: list[str]) -> bool:
    """Say whether there are numbers with a decimal comma, and none with a decimal point in the same column."""
    if delimiter in (None, ","):
        return False
    for column in zip(*body, strict=True):
        cells = [cell.strip() for cell in column if cell.strip() and cell.strip() not in missing]
        commas = sum(COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
        if commas and commas + sum(is_number(cell) and "." not in cell for cell in cells) > 0.95 * len(cells):
            return True
    return False


def _has_spaces(body: list[list[str]]) -> bool:
    """Say whether spaces stand around most values of a column."""
    return any(
        sum(cell != cell.strip() for cell in column) > 0.5 * sum(bool(cell) for cell in column)
        for column in zip(*body, strict=True)
    )


def _codes(names: list[str], body: list[list[str]]) -> list[str]:
    """Return the columns of whole numbers of which some begin with a zero: a number would lose it."""
    found: list[str] = []
    if not body:
        return found
    for name, column in zip(names, zip(*body, strict=True), strict=True):
        cells = [cell.strip() for cell in column if not is_missing(cell.strip())]
        zeros = any(len(cell) > 1 and cell.startswith("0") for cell in cells)
        if zeros and all(cell.isascii() and cell.isdigit() for cell in cells):
            found.append(name)
    return found
