"""The rows of a SQL query, fetched in batches: SQLite with Python's own driver, the others with the extra `sql`."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from slipway.errors import DataError, ParamsError, SlipwayError
from slipway.product.ingest import Located, SqlSource
from slipway.sources.batches import Batches, scan_written
from slipway.sources.finding import locate
from slipway.sources.names import require_names
from slipway.sources.passwords import VARIABLE, require_no_password
from slipway.sources.workplace import Opened, Workplace

SMALLEST_ROW_GROUP = 2048  # DuckDB's


def open_sql(source: SqlSource, place: Workplace) -> Opened:
    """Run the query, write its rows to the scratch folder, and scan them there.

    The database is opened for reading alone.

    Raises:
        ParamsError: The environment lacks a variable that the connection names, or it holds a password itself.
        DataError: The database cannot be opened, or does not answer the query.
    """
    require_no_password(source.connection)
    scheme, _, rest = source.connection.partition("://")
    run = {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql}[scheme]
    frame = run(_filled(rest), source, place)
    names = frame.collect_schema().names()
    if not names:
        raise DataError("ingest.source.query returns no rows: nothing can be built on it")
    require_names(names, "ingest.source.query")
    return Opened(frame, origin={"connection": source.connection, "query": source.query, "revision": source.revision})


def _filled(text: str) -> str:
    """Put the values of environment variables in their places."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise ParamsError(f"ingest.source.connection names ${{{found[1]}}}, but the environment has no {found[1]}")
        return os.environ[found[1]]

    return VARIABLE.sub(value, text)


@contextmanager
def _errors_told(kinds: type[Exception] | tuple[type[Exception], ...], source: SqlSource) -> Iterator[None]:
    """Say which database does not answer, without the values of variables, which may be secrets."""
    try:
        yield
    except kinds as error:
        reason = " ".join(str(error).split())
        for name in VARIABLE.findall(source.connection):
            if secret := os.environ[name]:
                reason = reason.replace(secret, f"${{{name}}}")
        raise DataError(f"ingest.source: {source.connection} does not answer the query: {reason[:500]}") from None


def _file(rest: str, place: Workplace) -> Path:
    """Return the database's file: `/name` in the product's folder, `//name` anywhere."""
    name = rest.removeprefix("/")
    if not name:
        raise ParamsError("ingest.source.connection names no file: `sqlite:///FILE` has three slashes")
    if not name.startswith("/"):
        return locate(Located(file=name), place)[0].path
    if not Path(name).is_file():
        raise DataError(f"{name} does not exist: correct ingest.source.connection")
    return Path(name)


def _sqlite(rest: str, source: SqlSource, place: Workplace) -> pl.LazyFrame:
    path = _file(rest, place)
    batches = Batches(place)
    with (
        _errors_told((sqlite3.Error, pl.exceptions.PolarsError), source),
        closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as connection,
    ):
        for batch in pl.read_database(
            source.query, connection, iter_batches=True, batch_size=source.batch_rows, infer_schema_length=None
        ):
            batches.add_frame(batch)
        return batches.finish()


def _duckdb(rest: str, source: SqlSource, place: Workplace) -> pl.LazyFrame:
    """Have DuckDB itself write the rows to a Parquet file, in bounded memory."""
    path, out = _file(rest, place), place.new_path(".parquet")
    duckdb = _driver("duckdb")
    group = max(source.batch_rows, SMALLEST_ROW_GROUP)
    with _errors_told(duckdb.Error, source), duckdb.connect(str(path), read_only=True) as connection:
        target = str(out).replace("'", "''")
        query = source.query.strip().rstrip(";")
        connection.execute(f"COPY ({query}\n) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {group})")
    return scan_written(out)


def _postgresql(rest: str, source: SqlSource, place: Workplace) -> pl.LazyFrame:
    driver, nanoarrow = _driver("adbc_driver_postgresql.dbapi"), _driver("nanoarrow")
    batches, waiting = Batches(place), []
    with (
        _errors_told((driver.Error, pl.exceptions.PolarsError), source),
        driver.connect(f"postgresql://{rest}") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(source.query)
        for array in nanoarrow.ArrayStream(cursor.fetch_arrow()):
            waiting.append(_without_extensions(pl.DataFrame(array)))
            if sum(frame.height for frame in waiting) >= source.batch_rows:
                _add(batches, waiting, source)
                waiting = []
        if waiting:
            _add(batches, waiting, source)
        return batches.finish()


def _add(batches: Batches, frames: list[pl.DataFrame], source: SqlSource) -> None:
    """Add what has come, which the driver measures in bytes, in pieces of so many rows."""
    for part in pl.concat(frames).iter_slices(source.batch_rows):
        batches.add_frame(part)


def _without_extensions(frame: pl.DataFrame) -> pl.DataFrame:
    """Return types that Arrow has no name for as their texts, and numerics, of any precision, as floats."""
    changes = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.BaseExtension):
            storage = pl.col(name).ext.storage()
            changes.append(storage.cast(pl.Float64) if '"numeric"' in (dtype.ext_metadata() or "") else storage)
    return frame.with_columns(changes)


def _driver(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise SlipwayError(
            f"this database needs {name.split('.')[0]}: install it with `pip install 'slipway[sql]'`"
        ) from None
