"""Row-level expectations about several columns: an expression that is true on a row that breaks it.

`ignore_row_if` says which rows with missing values an expectation leaves alone.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Values, are_comparable

IGNORE_PAIR = ("both_values_are_missing", "either_value_is_missing", "neither")
IGNORE_LIST = ("all_values_are_missing", "any_value_is_missing", "never")


def kept(columns: Sequence[Values], ignore_row_if: str | None) -> pl.Expr | None:
    """Return which rows are looked at; None for all.

    Raises:
        ValueError: `ignore_row_if` is none of the known ones.
    """
    present = [values.expr.is_not_null() for values in columns]
    match ignore_row_if:
        case None | "both_values_are_missing" | "all_values_are_missing":
            return pl.any_horizontal(present)
        case "either_value_is_missing" | "any_value_is_missing":
            return pl.all_horizontal(present)
        case "neither" | "never":
            return None
    raise ValueError(f"ignore_row_if is {ignore_row_if!r}, not one of {', '.join((*IGNORE_PAIR, *IGNORE_LIST))}")


def _equal(left: Values, right: Values) -> pl.Expr:
    """Compare two columns; missing values, and values of types that do not compare, are not equal."""
    if not are_comparable(left, right):
        return left.always(False)
    return (left.comparable() == right.comparable()).fill_null(False)


def _both_missing(left: Values, right: Values) -> pl.Expr:
    return left.expr.is_null() & right.expr.is_null()


def a_greater_than_b(columns: Sequence[Values], or_equal: bool | None = None) -> pl.Expr:
    """Break where the first is not greater than the second, or one is missing."""
    first, second = (values.comparable() for values in columns)
    return ~(first >= second if or_equal else first > second).fill_null(False)


def pair_equal(columns: Sequence[Values]) -> pl.Expr:
    """Break where the two differ, or one is missing."""
    return ~_equal(*columns)


def pair_in_set(columns: Sequence[Values], value_pairs_set: Sequence[Sequence[Any]] | None = None) -> pl.Expr:
    """Break where the pair is not listed; None in a listed pair stands for a missing value."""
    if value_pairs_set is None:
        return columns[0].always(False)
    seconds: dict[Any, list[Any]] = defaultdict(list)
    for first, second in value_pairs_set:
        seconds[first].append(second)
    found = [_is_one_of(columns[0], [first]) & _is_one_of(columns[1], listed) for first, listed in seconds.items()]
    return ~pl.any_horizontal(found) if found else columns[0].always(True)


def _is_one_of(values: Values, members: Sequence[Any]) -> pl.Expr:
    found = values.is_in([member for member in members if member is not None]).fill_null(False)
    return found | values.expr.is_null() if None in members else found


def sum_equal(columns: Sequence[Values], sum_total: float) -> pl.Expr:
    """Break where the sum is another, or a value is missing."""
    total = pl.sum_horizontal([values.comparable() for values in columns], ignore_nulls=False)
    return (total != sum_total).fill_null(True)


def all_equal(columns: Sequence[Values]) -> pl.Expr:
    """Break where one differs from the first; missing equals missing."""
    first = columns[0]
    return ~pl.all_horizontal([_equal(first, each) | _both_missing(first, each) for each in columns])


def unique_within_record(columns: Sequence[Values]) -> pl.Expr:
    """Break where two are equal; missing equals missing."""
    return pl.any_horizontal([_equal(*pair) | _both_missing(*pair) for pair in itertools.combinations(columns, 2)])


MULTICOLUMN_RULES: dict[str, Callable[..., pl.Expr]] = {
    "column_pair_values.a_greater_than_b": a_greater_than_b,
    "column_pair_values.equal": pair_equal,
    "column_pair_values.in_set": pair_in_set,
    "multicolumn_sum.equal": sum_equal,
    "multicolumn_values.equal": all_equal,
    "select_column_values.unique.within_record": unique_within_record,
}
