"""What Great Expectations asks of every row-level expectation: how many rows break it, which, and samples of them."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Domain
from slipway.gx_polars.dependent_rules import NONE, Broken, dependent_rows
from slipway.gx_polars.rounds import Aggregates, Metric, Query, signature
from slipway.gx_polars.row_rules import DEPENDENT, LOCAL, broken_rows
from slipway.gx_polars.table_metrics import to_pandas

MAX_RECORDS = 200
"""Great Expectations' own limit on what a result lists, COMPLETE ones included."""


def _broken(name: str, domain: Domain, arguments: Mapping[str, Any]) -> Generator[Aggregates | Query, Any, Broken]:
    kwargs = {**domain.kwargs, **arguments}
    if name in DEPENDENT.values():
        return (yield from dependent_rows(name, kwargs, domain.table))
    return Broken(expr=broken_rows(name, kwargs, domain.table))


def _count(broken: Broken) -> Metric:
    if broken is NONE:
        return 0
    if broken.rows is not None:
        return int(broken.rows.sum())
    assert broken.expr is not None
    return (yield {"broken": broken.expr.sum()})["broken"]


def _sample(broken: Broken, columns: list[pl.Expr] | None, limit: int) -> Metric:
    """Return the first broken rows, with their places; None where there are none."""
    if limit == 0 or not (yield from _count(broken)):
        return None
    if broken.rows is not None:
        is_broken = pl.col("__place").is_in(broken.rows.arg_true().head(limit).to_list())
    else:
        assert broken.expr is not None
        is_broken = broken.expr
    kept = [pl.all()] if columns is None else [pl.col("__place"), *columns]
    key = (limit, signature(is_broken), *map(signature, kept))  # values and their places are asked for in turn
    return (yield Query(lambda rows: rows.with_row_index("__place").filter(is_broken).select(kept).head(limit), key))


def _limit(result_format: Mapping[str, Any] | None) -> int:
    if result_format is None or result_format.get("result_format") == "COMPLETE":
        return MAX_RECORDS
    return min(result_format.get("partial_unexpected_count", 20), MAX_RECORDS)


def _records(frame: pl.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    return frame.select(names).to_dicts()


def _metrics_of(name: str) -> dict[str, Callable[..., Metric]]:
    """Return the metrics of one row-level expectation by Great Expectations' names."""

    def count(domain: Domain, **arguments: Any) -> Metric:
        return (yield from _count((yield from _broken(name, domain, arguments))))

    def values(domain: Domain, result_format: Mapping[str, Any] | None = None, **arguments: Any) -> Metric:
        columns = [domain.table[each].expr.alias(each) for each in domain.names]
        broken = yield from _broken(name, domain, arguments)
        frame = yield from _sample(broken, columns, _limit(result_format))
        if frame is None:
            return []
        if "column" in domain.kwargs:
            return frame[domain.kwargs["column"]].to_list()
        return frame.select(domain.names).rows() if "column_A" in domain.kwargs else _records(frame, domain.names)

    def index_list(domain: Domain, result_format: Mapping[str, Any] | None = None, **arguments: Any) -> Metric:
        ids = list((result_format or {}).get("unexpected_index_column_names") or [])
        names = list(dict.fromkeys([*domain.names, *ids]))
        columns = [domain.table[each].expr.alias(each) for each in names]
        broken = yield from _broken(name, domain, arguments)
        frame = yield from _sample(broken, columns, _limit(result_format))
        if frame is None:
            return []
        return _records(frame, names) if ids else frame["__place"].to_list()

    def rows(domain: Domain, result_format: Mapping[str, Any] | None = None, **arguments: Any) -> Metric:
        broken = yield from _broken(name, domain, arguments)
        frame = yield from _sample(broken, None, _limit(result_format))
        return None if frame is None else to_pandas(frame.drop("__place"))

    def looked_at(domain: Domain, **arguments: Any) -> Metric:
        return (yield {"rows": domain.num_rows()})["rows"]

    def index_query(domain: Domain, **arguments: Any) -> Metric:
        yield from ()
        return None  # a lazy frame has no text that finds its rows again

    return {
        f"{name}.unexpected_count": count,
        f"{name}.unexpected_values": values,
        f"{name}.unexpected_index_list": index_list,
        f"{name}.unexpected_rows": rows,
        f"{name}.filtered_row_count": looked_at,
        f"{name}.unexpected_index_query": index_query,
    }


MAP_METRICS = {
    key: compute for name in [*LOCAL.values(), *DEPENDENT.values()] for key, compute in _metrics_of(name).items()
}
