"""Parquet and Arrow files, opened lazily with the types that every later step knows."""

from typing import Any

import polars as pl

from slipway.errors import DataError
from slipway.sources.names import require_names, require_same
from slipway.sources.workplace import File, Opened

PROBLEMS = (pl.exceptions.PolarsError, OSError)


def open_parquet(files: list[File]) -> Opened:
    """Open Parquet files with the same columns."""
    return _together(files, [_scan(file, pl.scan_parquet, "Parquet") for file in files])


def open_arrow(files: list[File]) -> Opened:
    """Open Arrow IPC files (Feather version 2); a stream has no index, so that it could not be read in pieces."""
    for file in files:
        with file.path.open("rb") as opened:
            start = opened.read(6)
        if start[:4] == b"\xff\xff\xff\xff":
            raise DataError(f"{file.name} is an Arrow stream: write it as an Arrow file (Feather), or as Parquet")
    return _together(files, [_scan(file, pl.scan_ipc, "Arrow") for file in files])


def _scan(file: File, scan: Any, kind: str) -> pl.LazyFrame:
    try:
        frame: pl.LazyFrame = scan(file.path)
        require_names(frame.collect_schema().names(), file.name)
    except PROBLEMS as error:
        raise DataError(f"{file.name} is no {kind} file, or cut short: {first_line(error)}") from None
    return frame


def _together(files: list[File], frames: list[pl.LazyFrame]) -> Opened:
    columns = [frame.collect_schema().names() for frame in frames]
    for file, names in zip(files, columns, strict=True):
        require_same(columns[0], names, file.name, files[0].name)
    return Opened(pl.concat([plain(frame) for frame in frames], how="vertical_relaxed"))


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return str(error).strip().splitlines()[0]


def plain(frame: pl.LazyFrame, *, is_whole: bool = True) -> pl.LazyFrame:
    """Return the frame with plain types: dictionaries as text, decimals and wide integers as floats or text.

    A column without values is one of texts, if this is the whole table and not a batch of it. What no step knows
    (lists, structs, times) passes as it is.
    """
    changes = []
    for name, dtype in frame.collect_schema().items():
        if isinstance(dtype, pl.Categorical | pl.Enum) or (is_whole and dtype == pl.Null):
            changes.append(pl.col(name).cast(pl.String))
        elif dtype.is_decimal() or dtype == pl.Float16:
            changes.append(pl.col(name).cast(pl.Float64))
        elif dtype in (pl.Int128, pl.UInt128):
            changes.append(pl.col(name).cast(pl.String))
    return frame.with_columns(changes)
