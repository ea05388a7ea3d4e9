"""Delimited text: every line checked, then opened lazily with types that all rows have."""

import codecs
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Read
from slipway.sources.copying import Copy, Cut
from slipway.sources.encoding import to_utf8
from slipway.sources.lines import Lines, check_lines
from slipway.sources.names import require_same, stated_names
from slipway.sources.records import Layout, records
from slipway.sources.types import FIRST_ROWS, Types, types_of
from slipway.sources.workplace import Broken, File, Opened, Workplace, require_sound


class Header(NamedTuple):
    """What stands before the first row."""

    names: list[str]
    start: int
    """The byte at which the first row starts."""

    line: int
    """Its line, counted from 1."""

    is_marked: bool
    """Whether a byte order mark stands right before the first row."""


def open_delimited(files: list[File], read: Read, place: Workplace, *, exact: bool) -> Opened:
    """Open files with the same columns, one after the other.

    Args:
        files: Their names and places.
        read: Read options.
        place: Where re-coded files go.
        exact: Whether types are taken from all rows now; else from the first, and reading the frame may fail.

    Raises:
        DataError: A line is broken and `read.broken` is fail, or more of them than allowed; or the columns differ.
        ParamsError: The read options do not fit the file.
    """
    clean: list[Path] = []
    skip: list[int] = []
    columns: list[str] = []
    broken: list[Broken] = []
    blank = 0
    for file in files:
        read_here = _with_delimiter(read, file.name)
        text = to_utf8(file.path, file.name, read, place.new_path(".csv"))
        header = _header(text, file.name, read_here)
        columns = columns or header.names
        require_same(columns, header.names, file.name, files[0].name)
        copy = Copy(text, place.new_path(".csv"))
        if header.is_marked:
            copy.leave_out([Cut(0, len(codecs.BOM_UTF8))])
        lines = _check(File(file.name, text), header, read_here, copy)
        clean.append(copy.finish())
        skip.append(header.line - 1)
        broken += lines.broken
        blank += lines.blank
    frame = _scan(clean, skip, columns, _with_delimiter(read, files[0].name), exact=exact)
    return Opened(frame, broken=broken, blank_lines=blank)


def _check(file: File, header: Header, read: Read, copy: Copy) -> Lines:
    """Go through the lines and stop at the first broken one, or where too many are."""
    lines = Lines()
    layout = Layout(read.delimiter, read.quote, len(header.names), read.trim)
    for lines in check_lines(file.path, file.name, layout, start=header.start, line=header.line):
        require_sound(lines.broken, lines.rows, read, file.name, is_end=False)
        copy.leave_out(lines.cuts)
        lines.cuts.clear()
    require_sound(lines.broken, lines.rows, read, file.name, is_end=True)
    return lines


def _with_delimiter(read: Read, name: str) -> Read:
    """Return the options with the delimiter as stated, else a tab for .tsv."""
    is_tsv = ".tsv" in Path(name.lower()).suffixes
    return read if "delimiter" in read.model_fields_set or not is_tsv else read.model_copy(update={"delimiter": "\t"})


def _header(path: Path, name: str, read: Read) -> Header:
    """Find the columns' names, checked against the first line and the read options."""
    with path.open("rb") as file:
        file.seek(len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0)
        is_marked = file.tell() > 0 and not read.header and not read.skip_lines
        for _ in range(read.skip_lines):
            file.readline()
        start = file.tell()
        lines = (line.decode(errors="replace") for line in iter(file.readline, b""))
        layout = Layout(read.delimiter, read.quote, 0, read.trim)
        reader = records(lines, layout, strict=False)
        try:
            first = [value.strip(" \t") if read.trim else value for value in next(reader, [])]
        except csv.Error as error:
            raise DataError(f"{name}, line {read.skip_lines + 1}: {error}. Lines must end in LF or CR LF.") from None
        names = _names(first, name, read)
        if not read.header:
            return Header(names, start, read.skip_lines + 1, is_marked)
        return Header(names, file.tell(), read.skip_lines + reader.line_num + 1, is_marked=False)


def _names(first: list[str], name: str, read: Read) -> list[str]:
    if not first:
        raise DataError(f"{name} is empty, or its first line is (after read.skip_lines = {read.skip_lines})")
    other = next((one for one in ";\t|," if len(first) == 1 and one in first[0] and one != read.delimiter), None)
    if other is not None:
        raise ParamsError(
            f"{name}: its first line is one value, {first[0][:60]!r}: "
            f"set ingest.source to {{file: {name}, read: {{delimiter: {other!r}}}}}"
        )
    return stated_names(first, name, read)


def _scan(files: list[Path], skip: list[int], columns: list[str], read: Read, *, exact: bool) -> pl.LazyFrame:
    """Scan checked files: as texts to find the types, then with them."""

    def scan(schema: dict[str, pl.DataType]) -> pl.LazyFrame:
        return pl.concat(
            pl.scan_csv(
                list(group),
                has_header=False,
                skip_lines=lines,
                schema=schema,
                separator=read.delimiter,
                quote_char=read.quote,
                null_values=["", *read.missing],
                decimal_comma=read.decimal_comma,
            )
            for lines, group in _runs(files, skip)
        )

    texts = scan(dict.fromkeys(columns, pl.String()))
    if read.trim:
        texts = texts.with_columns(_trimmed(name, read) for name in columns)
    types = _types(texts, columns, read, exact=exact or read.trim)
    if not read.trim:
        return scan(types)
    return texts.with_columns(_converted(name, dtype, read) for name, dtype in types.items())


def _runs(files: list[Path], skip: list[int]) -> Iterator[tuple[int, list[Path]]]:
    """Group neighbours with as many lines before their first row, since one scan skips the same in all of its files."""
    for lines, group in itertools.groupby(zip(skip, files, strict=True), key=lambda pair: pair[0]):
        yield lines, [file for _, file in group]


def _types(texts: pl.LazyFrame, columns: list[str], read: Read, *, exact: bool) -> dict[str, pl.DataType]:
    guess: Types = {name: None for name in columns if name not in read.strings}
    first = types_of(texts.head(FIRST_ROWS), guess, decimal_comma=read.decimal_comma)
    unsure = {
        name: dtype for name, dtype in first.items() if dtype in (None, pl.Int128) or (exact and dtype != pl.String)
    }
    found = first | types_of(texts, unsure, decimal_comma=read.decimal_comma)
    return {name: _kept(found.get(name)) for name in columns}


def _kept(dtype: pl.DataType | None) -> pl.DataType:
    """Return the type that is read: whole numbers that no 64 bits hold are codes, which a float would change."""
    return pl.String() if dtype is None or dtype == pl.Int128 else dtype


def _trimmed(name: str, read: Read) -> pl.Expr:
    value = pl.col(name).str.strip_chars(" \t")
    return pl.when(~value.is_in(["", *read.missing])).then(value).alias(name)


def _converted(name: str, dtype: pl.DataType, read: Read) -> pl.Expr:
    """Return a trimmed text as what all texts of its column are."""
    value = pl.col(name)
    if dtype == pl.Boolean:
        return value.str.to_lowercase() == "true"
    if dtype == pl.Float64 and read.decimal_comma:
        value = value.str.replace(",", ".", literal=True)
    return value.cast(dtype)
