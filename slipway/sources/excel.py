"""Sheets of Excel (.xlsx, .xlsm, .xlsb, .xls) and OpenDocument files: at most a million rows, so read at once."""

from typing import Any

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Read
from slipway.sources.columnar import plain
from slipway.sources.names import require_same, stated_names
from slipway.sources.types import types_of
from slipway.sources.workplace import File, Opened


def open_excel(files: list[File], read: Read) -> Opened:
    """Open one sheet of each file, one after the other; a cell that holds an error (#N/A) is a missing value.

    Types are those of the cells; a column with several is one of texts.
    """
    frames = [_load(file, read) for file in files]
    for file, frame in zip(files, frames, strict=True):
        require_same(frames[0].columns, frame.columns, file.name, files[0].name)
    return Opened(pl.concat([frame.lazy() for frame in frames], how="vertical_relaxed"))


def _load(file: File, read: Read) -> pl.DataFrame:
    import fastexcel

    try:
        book = fastexcel.read_excel(file.path)
        sheet = _sheet(book.sheet_names, file.name, read)
        first = book.load_sheet(sheet, header_row=None, skip_rows=read.skip_lines, n_rows=1, dtypes="string")
        names = stated_names(_texts(first, read), file.name, read)
        loaded = book.load_sheet(
            sheet,
            header_row=None,
            skip_rows=read.skip_lines + read.header,
            column_names=names,
            schema_sample_rows=None,
            dtypes=dict.fromkeys(read.strings, "string"),
        )
    except fastexcel.InvalidParametersError:
        raise DataError(f"{file.name} is empty, or has no line after read.skip_lines = {read.skip_lines}") from None
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0].removeprefix("calamine error: ")
        raise DataError(f"{file.name} is no Excel file, damaged, or locked by a password: {reason}") from None
    return _converted(plain(loaded.to_polars().lazy()).collect(), read)


def _sheet(names: list[str], file: str, read: Read) -> str:
    if read.sheet is None and len(names) > 1:
        raise ParamsError(f"{file} has the sheets {', '.join(names)}: say which in ingest.source.read.sheet")
    if read.sheet is not None and read.sheet not in names:
        raise ParamsError(f"ingest.source.read.sheet = {read.sheet!r}: {file} has {', '.join(names)}")
    return read.sheet or names[0]


def _texts(first: Any, read: Read) -> list[str]:
    """Return the cells of the first line, as many as the sheet is wide."""
    rows = first.to_polars().rows()
    texts = ["" if value is None else str(value) for value in rows[0]] if rows else []
    return [text.strip() for text in texts] if read.trim else texts


def _converted(frame: pl.DataFrame, read: Read) -> pl.DataFrame:
    """Take markers for missing values out of the texts, and make numbers of those that only a marker kept from it."""
    names = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    texts = [pl.col(name).str.strip_chars() if read.trim else pl.col(name) for name in names]
    cleared = frame.with_columns(
        pl.when(~text.is_in(["", *read.missing])).then(text).alias(text.meta.output_name()) for text in texts
    )
    marked = [name for name in names if name not in read.strings and frame[name].is_in(read.missing).any()]
    types = types_of(cleared.lazy(), dict.fromkeys(marked), decimal_comma=False)
    numbers = {name: dtype for name, dtype in types.items() if dtype is not None and dtype.is_numeric()}
    return cleared.with_columns(pl.col(name).cast(dtype) for name, dtype in numbers.items())
