"""Check every line of a delimited file: as many values as columns, quotes that close, valid UTF-8.

polars fills a line that is too short with missing values and says nothing, so the lines are counted before it reads
them. Blocks of the file are looked at as arrays of bytes, which costs a sixth of reading them; where quotes do not
stand as they should, Python's csv module reads the block line by line.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipway.sources.copying import Cut
from slipway.sources.records import MAX_RECORD_BYTES, MAX_RECORD_LINES, Layout, next_record
from slipway.sources.workplace import Broken

BLOCK_BYTES = 1 << 20
NEWLINE = 0x0A
RETURN = 0x0D

Positions = npt.NDArray[np.intp]


@dataclass
class Lines:
    """What the check of a file found."""

    rows: int = 0
    """Good records."""

    blank: int = 0
    """Empty lines."""

    broken: list[Broken] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)


@dataclass
class _Block:
    """Bytes that start where a record does, and where they stand in the file."""

    data: bytes
    offset: int
    line: int
    is_last: bool

    def text(self, start: int, end: int) -> str:
        return self.data[start:end].rstrip(b"\r\n").decode(errors="backslashreplace")

    def line_at(self, position: int) -> int:
        return self.line + self.data.count(b"\n", 0, position)


def check_lines(path: Path, name: str, layout: Layout, *, start: int, line: int) -> Iterator[Lines]:
    """Yield what was found so far after each block, so that the caller may stop.

    Args:
        path: A file in UTF-8.
        name: What broken lines are reported under.
        layout: How values are told apart.
        start: The byte at which the first row starts.
        line: The number of its line.
    """
    found = Lines()
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while True:
            more = file.read(BLOCK_BYTES)
            block = _Block(rest + more, start, line, is_last=not more)
            end = _check_block(block, name, layout, found)
            start, line = start + end, block.line_at(end)
            rest = block.data[end:]
            yield found
            if not more:
                return


def _check_block(block: _Block, name: str, layout: Layout, found: Lines) -> int:
    """Check the records that end in this block; return where the first one that does not begins."""
    if not block.data:
        return 0
    ends = _ends_of_values(block, layout)
    if ends is None:
        return _check_line_by_line(block, name, layout, found)
    data = np.frombuffer(block.data, np.uint8)
    of_records = np.flatnonzero(data[ends] == NEWLINE)  # indices into `ends`
    end = int(ends[of_records[-1]]) + 1 if len(of_records) else 0
    if block.is_last and end < len(block.data):
        return _check_line_by_line(block, name, layout, found)
    if not len(of_records):
        too_long = len(block.data) > MAX_RECORD_BYTES
        return _check_line_by_line(block, name, layout, found) if too_long else 0
    counts = np.diff(of_records, prepend=-1)
    invalid = _records_of_invalid_text(block.data[:end], ends[of_records])
    bad = sorted({*np.flatnonzero(counts != layout.width).tolist(), *invalid})
    newlines = np.flatnonzero(data == NEWLINE) if bad else ends[:0]
    for record in bad:
        first = int(ends[of_records[record - 1]]) + 1 if record else 0
        reason = "is not UTF-8" if record in invalid else _count(int(counts[record]), layout)
        line = block.line + int(np.searchsorted(newlines, first))
        _put_aside(block, (first, int(ends[of_records[record]]) + 1), line, name, found, reason)
    found.rows += len(of_records) - len(bad)
    return end


def _ends_of_values(block: _Block, layout: Layout) -> Positions | None:
    """Return where values end, delimiters and line ends outside quotes; None if quotes do not stand as they should."""
    data = np.frombuffer(block.data, np.uint8)
    ends = np.flatnonzero((data == NEWLINE) | (data == ord(layout.delimiter)))
    if layout.quote is None or layout.quote.encode() not in block.data:
        return ends
    quotes = np.flatnonzero(data == ord(layout.quote))
    if not _stand_around_values(data, quotes, layout) or (block.is_last and len(quotes) & 1):
        return None
    return ends[(np.searchsorted(quotes, ends) & 1) == 0]


def _stand_around_values(data: npt.NDArray[np.uint8], quotes: Positions, layout: Layout) -> bool:
    """Say whether each opening quote follows a delimiter and each closing one is followed by one, or is doubled."""
    around = [NEWLINE, ord(layout.delimiter), ord(layout.quote or '"')]
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[opening[opening > 0] - 1]
    behind = closing[closing < len(data) - 1] + 1
    after = data[behind]
    returns = behind[after == RETURN]
    fed = data[returns[returns < len(data) - 1] + 1]  # a carriage return ends a line only before a line feed
    return bool(np.isin(before, around).all() and np.isin(after, [*around, RETURN]).all() and (fed == NEWLINE).all())


def _records_of_invalid_text(data: bytes, ends: Positions) -> set[int]:
    """Return the indices of the records that hold bytes which are not UTF-8."""
    found: set[int] = set()
    position = 0
    while not data.isascii():
        try:
            str(memoryview(data)[position:], "utf-8")
            break
        except UnicodeDecodeError as error:
            record = int(np.searchsorted(ends, position + error.start))
            found.add(record)
            position = int(ends[record]) + 1
    return found


def _check_line_by_line(block: _Block, name: str, layout: Layout, found: Lines) -> int:
    """Check the block with Python's csv module, which tells a stray quote from an open one.

    A quote inside an unquoted value is a character like any other, but polars takes it for an opening one: it gets
    the same line with quotes around the value. Where a quote never closes, or is followed by more text, the first
    line alone is put aside, and the next one starts afresh: the rest of the file is not swallowed.
    """
    lines = io.BytesIO(block.data).readlines()  # split at line feeds alone
    position, index, line = 0, 0, block.line
    while index < len(lines):
        values, used, reason = next_record(lines, index, layout)
        is_open = reason is not None and index + used >= len(lines)
        if not block.is_last and (is_open or not lines[index + used - 1].endswith(b"\n")):
            too_long = len(block.data) - position > MAX_RECORD_BYTES or used >= MAX_RECORD_LINES
            if not too_long:
                return position
        if reason is not None:
            used = 1
        end = position + sum(map(len, lines[index : index + used]))
        reason = reason or (None if len(values) == layout.width else _count(len(values), layout))
        if not _is_text(block.data[position:end]):
            reason = "is not UTF-8"
        if reason is not None:
            _put_aside(block, (position, end), line, name, found, reason)
        else:
            found.rows += 1
            _write_plainly(block, position, end, values, layout, found)
        position, index, line = end, index + used, line + used
    return position


def _write_plainly(block: _Block, start: int, end: int, values: list[str], layout: Layout, found: Lines) -> None:
    """Have polars see the record with quotes around every value that holds one, where they do not stand so."""
    data = np.frombuffer(block.data[start:end], np.uint8)
    quotes = np.flatnonzero(data == ord(layout.quote or "\n"))
    if layout.quote is None or len(quotes) == 0 or _stand_around_values(data, quotes, layout):
        return
    text = io.StringIO()
    csv.writer(text, delimiter=layout.delimiter, quotechar=layout.quote, lineterminator="\n").writerow(values)
    found.cuts.append(Cut(block.offset + start, block.offset + end, text.getvalue().encode()))


def _put_aside(block: _Block, span: tuple[int, int], line: int, name: str, found: Lines, reason: str) -> None:
    start, end = span
    found.cuts.append(Cut(block.offset + start, block.offset + end))
    if not block.data[start:end].strip():
        found.blank += 1
        return
    if block.is_last and end == len(block.data) and block.data[-1:] != b"\n" and "instead of" in reason:
        reason += ", and the file ends in the middle of this line"
    found.broken.append(Broken(name, line, block.text(start, end), reason))


def _count(count: int, layout: Layout) -> str:
    return f"{count} value{'s' * (count != 1)} instead of {layout.width}"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
