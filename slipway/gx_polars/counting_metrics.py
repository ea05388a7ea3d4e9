"""Metrics that count each distinct value of a column: what there is, what is missing, what is most common."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Domain
from slipway.gx_polars.rounds import Metric, Query

MAX_LISTED = 20


def _counts(domain: Domain) -> Query:
    """Ask for the values, each with its number, in order."""
    value = domain.column.expr.alias("value")
    key = ("counts", domain.kwargs["column"], str(domain.kwargs.get("row_condition")))
    return Query(
        lambda rows: rows.select(value).drop_nulls().group_by("value").agg(pl.len().alias("count")).sort("value"), key
    )


def value_counts(domain: Domain, sort: str = "value", collate: str | None = None) -> Metric:
    """Return the number of each value."""
    import pandas as pd

    if sort not in ("value", "count", "none"):
        raise ValueError(f"sort is {sort!r}, not one of value, count, none")
    if collate is not None:
        raise ValueError(f"collate is {collate!r}: texts are ordered by their characters alone")
    counts = yield _counts(domain)
    counts = counts.sort("count", maintain_order=True) if sort == "count" else counts
    index = pd.Index(counts["value"].to_list(), name="value")
    return pd.Series(counts["count"].to_list(), index=index, name="count", dtype="int64")


def distinct_values(domain: Domain) -> Metric:
    """Return the values."""
    return set((yield _counts(domain))["value"])


def most_common_values(domain: Domain) -> Metric:
    """Return the values that no other is more frequent than."""
    counts = yield _counts(domain)
    return counts.filter(pl.col("count") == pl.col("count").max())["value"].to_list()


def _unlisted(domain: Domain, value_set: Sequence[Any] | None) -> Metric:
    """Return the distinct values that are not listed."""
    counts = yield _counts(domain)
    listed = _listed(domain, value_set)
    return [value for value in counts["value"] if value not in listed]


def _missing(domain: Domain, value_set: Sequence[Any] | None) -> Metric:
    """Return the listed values that do not occur."""
    present = set((yield _counts(domain))["value"])
    return sorted((value for value in _listed(domain, value_set) if value not in present), key=_order)


def _listed(domain: Domain, value_set: Sequence[Any] | None) -> set[Any]:
    """Return the listed values as the column's type writes them."""
    values = domain.column
    listed = {values.literal(value) for value in value_set or ()}
    is_date = isinstance(values.dtype, pl.Date)
    return {value.date() if is_date and hasattr(value, "date") else value for value in listed}


def _order(value: Any) -> tuple[str, Any]:
    return ("number", value) if isinstance(value, int | float) else (type(value).__name__, str(value))


def not_in_set(domain: Domain, value_set: Sequence[Any] | None = None, limit: int = MAX_LISTED) -> Metric:
    """Return the first distinct values that are not listed."""
    return (yield from _unlisted(domain, value_set))[:limit]


def num_not_in_set(domain: Domain, value_set: Sequence[Any] | None = None) -> Metric:
    """Count the distinct values that are not listed."""
    return len((yield from _unlisted(domain, value_set)))


def missing_from_column(domain: Domain, value_set: Sequence[Any] | None = None, limit: int = MAX_LISTED) -> Metric:
    """Return the first listed values that do not occur."""
    return (yield from _missing(domain, value_set))[:limit]


def num_missing_from_column(domain: Domain, value_set: Sequence[Any] | None = None) -> Metric:
    """Count the listed values that do not occur."""
    return len((yield from _missing(domain, value_set)))


COUNTING_METRICS: dict[str, Callable[..., Metric]] = {
    "column.value_counts": value_counts,
    "column.distinct_values": distinct_values,
    "column.most_common_value": most_common_values,
    "column.distinct_values.not_in_set": not_in_set,
    "column.distinct_values.not_in_set.count": num_not_in_set,
    "column.distinct_values.missing_from_column": missing_from_column,
    "column.distinct_values.missing_from_column.count": num_missing_from_column,
}
