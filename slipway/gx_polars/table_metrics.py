"""Metrics about the table: its columns, its rows, and a query over it."""

from collections.abc import Callable
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Domain
from slipway.gx_polars.rounds import Metric, Query


def row_count(domain: Domain) -> Metric:
    """Count the rows."""
    return (yield {"rows": domain.num_rows()})["rows"]


def columns(domain: Domain) -> Metric:
    """Name the columns in order."""
    yield from ()
    return list(domain.table.schema)


def column_count(domain: Domain) -> Metric:
    """Count the columns."""
    yield from ()
    return len(domain.table.schema)


def column_types(domain: Domain, include_nested: bool = True) -> Metric:
    """Name the columns with their types."""
    yield from ()
    return [{"name": name, "type": dtype} for name, dtype in domain.table.schema.items()]


def head(domain: Domain, n_rows: int | None = 5, fetch_all: bool = False) -> Metric:
    """Return the first rows."""
    where = pl.lit(True) if domain.where is None else domain.where
    frame = yield Query(lambda rows: rows.filter(where) if fetch_all else rows.filter(where).head(n_rows or 5))
    return to_pandas(frame)


def queried_rows(domain: Domain, unexpected_rows_query: str) -> Metric:
    """Return rows that a SQL query finds, 200 at most; `{batch}` in it stands for the table."""
    sql = _sql(domain, unexpected_rows_query)
    frame = yield Query(lambda rows: pl.SQLContext(batch=rows).execute(sql).head(200))
    return frame.to_dicts()


def num_queried_rows(domain: Domain, unexpected_rows_query: str) -> Metric:
    """Count the rows that a SQL query finds."""
    sql = _sql(domain, unexpected_rows_query)
    frame = yield Query(lambda rows: pl.SQLContext(batch=rows).execute(sql).select(pl.len()))
    return frame.item()


def _sql(domain: Domain, query: str) -> str:
    if domain.where is not None:
        raise ValueError("a query over the table takes no row_condition: state it in its WHERE")
    return query.format(batch="batch")


def to_pandas(frame: pl.DataFrame) -> Any:
    """Return a few rows as Great Expectations expects them; polars' own way needs pyarrow."""
    import pandas as pd

    return pd.DataFrame(frame.to_dict(as_series=False))


TABLE_METRICS: dict[str, Callable[..., Metric]] = {
    "table.row_count": row_count,
    "table.columns": columns,
    "table.column_count": column_count,
    "table.column_types": column_types,
    "table.head": head,
    "unexpected_rows_query.table": queried_rows,
    "unexpected_rows_query.row_count": num_queried_rows,
}
