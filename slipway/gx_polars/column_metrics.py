"""Metrics about the values of one column: its extremes, mean, spread, quantiles and how many there are."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from slipway.gx_polars.batch import Domain
from slipway.gx_polars.column_rules import between, length
from slipway.gx_polars.columns import Values
from slipway.gx_polars.rounds import Apart, Metric


def _aggregate(expr: Callable[[Values], pl.Expr | Apart]) -> Callable[..., Metric]:
    def compute(domain: Domain) -> Metric:
        return (yield {"value": expr(domain.column)})["value"]

    return compute


def _numbers(values: Values) -> pl.Expr:
    """Return a column that can be added up; a date's mean would be no number."""
    if not values.dtype.is_numeric() and not isinstance(values.dtype, pl.Boolean | pl.Duration | pl.Null):
        raise TypeError(f"a column of {values.dtype} has no mean, sum, spread or median")
    return values.comparable()


def nonnull_count(domain: Domain) -> Metric:
    """Count values, as NumPy's integer: Great Expectations divides by it, by zero too where there is none."""
    return np.int64((yield {"present": domain.column.expr.count()})["present"])


def null_count(domain: Domain) -> Metric:
    """Count missing values."""
    answer = yield {"rows": domain.num_rows(), "present": domain.column.expr.count()}
    return answer["rows"] - answer["present"]


def non_null_proportion(domain: Domain) -> Metric:
    """Return the share of rows with a value; 0 of no rows."""
    answer = yield {"rows": domain.num_rows(), "present": domain.column.expr.count()}
    return answer["present"] / answer["rows"] if answer["rows"] else 0


def unique_proportion(domain: Domain) -> Metric:
    """Return the number of distinct values over that of values; 0 of no values."""
    present = domain.column.expr
    answer = yield {"distinct": Apart(present.drop_nulls().n_unique()), "present": present.count()}
    return answer["distinct"] / answer["present"] if answer["present"] else 0


def few_distinct(domain: Domain, threshold: int) -> Metric:
    """Say whether there are fewer distinct values."""
    answer = yield {"distinct": Apart(domain.column.expr.drop_nulls().n_unique())}
    return answer["distinct"] < threshold


def quantile_values(domain: Domain, quantiles: Sequence[float], allow_relative_error: Any = False) -> Metric:
    """Return values at quantiles; the nearest one, as pandas takes it, where no interpolation is named."""
    how: Any = allow_relative_error or "nearest"
    at = list(quantiles)
    if how not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(f"allow_relative_error is {how!r}, not one of linear, lower, higher, midpoint, nearest")
    values = _numbers(domain.column)
    present = (yield {"present": values.count()})["present"]
    if present == 0:
        return [math.nan] * len(at)
    if how == "nearest" and present > 1:
        # numpy rounds a half index to the even one, polars does not: name the index itself
        at = [round((present - 1) * each) / (present - 1) for each in at]
    return list((yield {"values": Apart(values.quantile(at, how))})["values"])


def descriptive_stats(domain: Domain) -> Metric:
    """Return minimum, maximum, mean and standard deviation."""
    from great_expectations.metrics.column.descriptive_stats import DescriptiveStats

    values = _numbers(domain.column)
    answer = yield {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
    return DescriptiveStats(min=answer["min"], max=answer["max"], mean=answer["mean"], standard_deviation=answer["std"])


def between_count(
    domain: Domain,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool | None = None,
    strict_max: bool | None = None,
) -> Metric:
    """Count values inside an interval."""
    outside = between(domain.column, min_value, max_value, strict_min, strict_max)
    return (yield {"inside": (~outside).sum()})["inside"]


def histogram(domain: Domain, bins: Sequence[float]) -> Metric:
    """Count values in bins, each open above but the last."""
    values, edges = _numbers(domain.column), list(bins)
    above: dict[str, pl.Expr | Apart] = {str(place): (values >= edge).sum() for place, edge in enumerate(edges[:-1])}
    answer = yield above | {"beyond": (values > edges[-1]).sum()}
    counts = [*(answer[str(place)] for place in range(len(edges) - 1)), answer["beyond"]]
    return [higher - lower for higher, lower in itertools.pairwise(counts)]


COLUMN_METRICS: dict[str, Callable[..., Metric]] = {
    "column.min": _aggregate(lambda values: values.expr.min()),
    "column.max": _aggregate(lambda values: values.expr.max()),
    "column.sum": _aggregate(lambda values: _numbers(values).sum()),
    "column.mean": _aggregate(lambda values: _numbers(values).mean()),
    "column.standard_deviation": _aggregate(lambda values: _numbers(values).std()),
    "column.median": _aggregate(lambda values: Apart(_numbers(values).quantile(0.5, "linear"))),
    "column.distinct_values.count": _aggregate(lambda values: Apart(values.expr.drop_nulls().n_unique())),
    "column.non_null_count": _aggregate(lambda values: values.expr.count()),
    "column_values.nonnull.count": nonnull_count,
    "column_values.length.max": _aggregate(lambda values: length(values).max()),
    "column_values.length.min": _aggregate(lambda values: length(values).min()),
    "column_values.null.count": null_count,
    "column.non_null_proportion": non_null_proportion,
    "column.unique_proportion": unique_proportion,
    "column.distinct_values.count.under_threshold": few_distinct,
    "column.quantile_values": quantile_values,
    "column.descriptive_stats": descriptive_stats,
    "column_values.between.count": between_count,
    "column.histogram": histogram,
}
