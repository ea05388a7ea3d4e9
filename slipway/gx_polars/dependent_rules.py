"""Row-level expectations that judge a row by the others: unique, increasing, z-score, outliers.

Each is a generator of rounds.py's kind that returns `Broken`: an expression where a few aggregates
turn it into one, else a column of Booleans, one bit a row. Memory stays bounded: keys are
counted in partitions of a hash, a column at a time.
"""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Table, Values
from slipway.gx_polars.rounds import Aggregates, Apart, Query
from slipway.gx_polars.row_rules import columns_of, known, rows_looked_at

ROWS_PER_PARTITION = 16_000_000


@dataclass(frozen=True)
class Broken:
    """Which rows break an expectation.

    Attributes:
        expr: True on such a row, null on none; None where no row alone tells.
        rows: One Boolean a row of the table, where there is no expression.
    """

    expr: pl.Expr | None = None
    rows: pl.Series | None = None


Steps = Generator[Aggregates | Query, Any, Broken]
NONE = Broken(expr=pl.lit(False))


@dataclass(frozen=True)
class Looked:
    """The columns of an expectation, and the rows that it looks at."""

    columns: Sequence[Values]
    names: Sequence[str]
    where: pl.Expr | None
    key: str

    @property
    def values(self) -> pl.Expr:
        """The first column's values, null on rows that are not looked at."""
        expr = self.columns[0].comparable()
        return expr if self.where is None else pl.when(self.where).then(expr)


def dependent_rows(metric: str, kwargs: Mapping[str, Any], table: Table) -> Steps:
    """Find the rows that break an expectation of `row_rules.DEPENDENT`."""
    columns = columns_of(kwargs, table)
    names = [kwargs["column"]] if "column" in kwargs else list(kwargs["column_list"])
    key = str((metric, names, kwargs.get("row_condition"), kwargs.get("ignore_row_if")))
    rule = DEPENDENT_RULES[metric]
    return rule(Looked(columns, names, rows_looked_at(kwargs, table), key), **known(rule, kwargs))


def z_score(looked: Looked, threshold: float, double_sided: bool = True) -> Steps:
    """Break where a value is `threshold` standard deviations from the mean, or more."""
    answer = yield _spread(looked.values)
    if answer["std"] is None or answer["min"] == answer["max"]:
        return NONE
    score = (looked.values - answer["mean"]) / answer["std"]
    broken = score.abs() >= abs(threshold) if double_sided else score >= threshold
    return Broken(expr=broken.fill_null(False))


def _spread(values: pl.Expr) -> Aggregates:
    """Ask for mean and deviation; equal values have none, whatever rounding makes of it."""
    return {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}


def not_outliers(looked: Looked, method: str = "iqr", multiplier: float = 1.5) -> Steps:
    """Break outside Tukey's fences, or (`std`) where a value is `multiplier` deviations from the mean, or more."""
    values = looked.values
    if method not in ("iqr", "std"):
        raise ValueError(f"method is {method!r}, not one of iqr, std")
    if method == "iqr":
        [low, high] = (yield {"at": Apart(values.quantile([0.25, 0.75], "linear"))})["at"]
        if low is None:
            return NONE
        reach = multiplier * (high - low)
        return Broken(expr=((values < low - reach) | (values > high + reach)).fill_null(False))
    answer = yield _spread(values)
    if answer["std"] is None or answer["min"] == answer["max"]:
        return NONE
    distance, reach = (values - answer["mean"]).abs(), multiplier * answer["std"]
    broken = values != answer["mean"] if reach <= 0 else distance >= reach
    return Broken(expr=broken.fill_null(False))


def _in_order(before_breaks: Callable[[pl.Expr, pl.Expr], pl.Expr], looked: Looked) -> Steps:
    values = looked.values
    following = values.drop_nulls()
    broken = before_breaks(following.shift(1), following)
    if not (yield {"broken": Apart(broken.sum())})["broken"]:
        return NONE
    rows = before_breaks(values.forward_fill().shift(1), values).fill_null(False)
    frame = yield Query(lambda table: table.select(rows.alias("broken")), ("order", looked.key, str(rows)))
    return Broken(rows=frame.to_series())


def increasing(looked: Looked, strictly: bool = False) -> Steps:
    """Break where a value is below the last one before it that is not missing (strictly: or equals it)."""
    return _in_order(lambda before, value: value <= before if strictly else value < before, looked)


def decreasing(looked: Looked, strictly: bool = False) -> Steps:
    """Break where a value is above the last one before it that is not missing (strictly: or equals it)."""
    return _in_order(lambda before, value: value >= before if strictly else value > before, looked)


def unique_column(looked: Looked) -> Steps:
    """Break on every row whose value occurs twice; a missing value is no value."""
    present = looked.columns[0].expr.is_not_null()
    where = present if looked.where is None else present & looked.where
    answer = yield _rising(looked)
    if _proves_unique(answer):
        return NONE
    return (yield from _duplicates(looked, where, answer["rows"]))


def unique_columns(looked: Looked) -> Steps:
    """Break on every row whose combination occurs twice; missing equals missing."""
    answer = yield _rising(looked)
    if _proves_unique(answer):
        return NONE
    return (yield from _duplicates(looked, looked.where, answer["rows"]))


def _rising(looked: Looked) -> Aggregates:
    """Ask how often each column rises from row to row: where one always does, no table of keys is needed."""
    columns = {name: values.comparable() for name, values in zip(looked.names, looked.columns, strict=True)}
    return {"rows": pl.len(), **{f"rising {name}": Apart((col > col.shift(1)).sum()) for name, col in columns.items()}}


def _proves_unique(answer: dict[str, int]) -> bool:
    return any(times >= answer["rows"] - 1 for name, times in answer.items() if name.startswith("rising "))


def _duplicates(looked: Looked, where: pl.Expr | None, num_rows: int) -> Steps:
    """Count distinct hashes, and only where they fall short count the keys, partition by partition."""
    keys = [values.expr.alias(f"key_{place}") for place, values in enumerate(looked.columns)]
    names = [f"key_{place}" for place in range(len(keys))]
    hashed = keys[0].hash() if len(keys) == 1 else pl.struct(keys).hash()
    if len(keys) == 1 and looked.columns[0].dtype.is_integer():
        hashed = keys[0]
    looked_at = pl.lit(True) if where is None else where
    num_parts = math.ceil(num_rows / ROWS_PER_PARTITION) or 1
    distinct = looked_num = 0
    for part in range(num_parts):
        mine = looked_at if num_parts == 1 else looked_at & (hashed.hash(0) % num_parts == part)
        answer = yield {
            "distinct": Apart(hashed.filter(mine).n_unique()),
            "looked": looked_at.sum() if where is not None else pl.len(),
        }
        distinct, looked_num = distinct + answer["distinct"], answer["looked"]
    if distinct == looked_num:
        return NONE
    found = []
    for part in range(num_parts):
        mine = looked_at if num_parts == 1 else looked_at & (hashed.hash(0) % num_parts == part)
        found.append((yield Query(partial(_twice, keys=keys, names=names, where=mine), ("keys", looked.key, part))))
    twice = pl.concat(found)
    if twice.is_empty():
        return NONE  # two hashes were equal, no two keys
    frame = yield Query(
        lambda table: (
            table.with_row_index("place")
            .filter(looked_at)
            .select("place", *keys)
            .join(twice.lazy(), on=names, how="semi", nulls_equal=True)
            .select("place")
        ),
        ("places", looked.key),
    )
    return Broken(rows=_marked(frame["place"], num_rows))


def _twice(table: pl.LazyFrame, *, keys: list[pl.Expr], names: list[str], where: pl.Expr) -> pl.LazyFrame:
    times = table.filter(where).select(keys).group_by(names).len("times")
    return times.filter(pl.col("times") > 1).select(names)


def _marked(places: pl.Series, num_rows: int) -> pl.Series:
    import numpy as np

    marks = np.zeros(num_rows, dtype=np.bool_)
    marks[places.to_numpy()] = True
    return pl.Series("broken", marks)


DEPENDENT_RULES: dict[str, Callable[..., Steps]] = {
    "column_values.z_score.under_threshold": z_score,
    "column_values.not_outliers": not_outliers,
    "column_values.increasing": increasing,
    "column_values.decreasing": decreasing,
    "column_values.unique": unique_column,
    "compound_columns.unique": unique_columns,
}
