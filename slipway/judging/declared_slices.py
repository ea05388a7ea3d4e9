"""The slices that evaluate.slices declares: which rows each holds, and how it reads."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from slipway.errors import ParamsError
from slipway.judging.grouping import MISSING
from slipway.product.evaluate import Condition, Value

MAX_NAMED = 20


def rows_of(declared: dict[str, Condition], frame: pl.DataFrame, released: pl.LazyFrame) -> tuple[dict[str, str], Any]:
    """Return how a declared slice reads, by column, and which rows it holds: [N] bool.

    Args:
        declared: The condition of each column; all must be met.
        frame: The rows.
        released: Those that privatize released: a value that neither has is a slip.

    Raises:
        ParamsError: There is no such column, it has no such value, or the condition is not for its type.
    """
    wanted = {name: _expression(name, condition, frame, released) for name, condition in declared.items()}
    held = frame.select(held=pl.all_horizontal(list(wanted.values())).fill_null(False))["held"]
    return {name: spelt(condition) for name, condition in declared.items()}, held.to_numpy()


def sentence(where: Mapping[str, str]) -> str:
    """Return how a slice reads.

    >>> sentence({"sex": "Female", "age": "30 to 45"})
    'sex: Female, age: 30 to 45'
    """
    return ", ".join(f"{column}: {value}" for column, value in where.items())


def spelt(condition: Condition) -> str:
    """Return how a condition reads.

    >>> [spelt(each) for each in ("Female", None, [30, 45], [None, 45], [30, None], ["a", "b"], True)]
    ['Female', 'missing', '30 to 45', 'at most 45', 'at least 30', 'a or b', 'true']
    """
    match condition:
        case [int() | float() as low, int() | float() as high]:
            return f"{low:g} to {high:g}"
        case [None, int() | float() as high]:
            return f"at most {high:g}"
        case [int() | float() as low, None]:
            return f"at least {low:g}"
        case list():
            return " or ".join(map(_spelt, condition))
    return _spelt(condition)


def _spelt(value: Value) -> str:
    if value is None:
        return MISSING
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _expression(name: str, condition: Condition, frame: pl.DataFrame, released: pl.LazyFrame) -> pl.Expr:
    if name not in frame.columns:
        near = difflib.get_close_matches(name, frame.columns, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ParamsError(f"evaluate.slices: '{name}' is no column; {hint}there are {_listed(frame.columns)}")
    column, dtype = pl.col(name), frame.schema[name]
    if dtype.is_numeric():
        return _numbers(name, condition, is_float=dtype.is_float())
    values = condition if isinstance(condition, list) else [condition]
    kind, right = ("true or false", bool) if dtype == pl.Boolean else ("texts", str)
    if wrong := [value for value in values if value is not None and not isinstance(value, right)]:
        raise ParamsError(
            f"evaluate.slices: '{name}' holds {kind}, and {wrong[0]!r} is none"
            + (f": write {str(wrong[0])!r} in quotes" if right is str else "")
        )
    _require_known(name, [value for value in values if isinstance(value, str)], frame, released)
    among = column.is_in([value for value in values if value is not None])
    return (among | column.is_null()) if None in values else among


def _numbers(name: str, condition: Condition, *, is_float: bool) -> pl.Expr:
    column = pl.col(name).fill_nan(None) if is_float else pl.col(name)
    if condition is None:
        return column.is_null()
    ends = condition if isinstance(condition, list) else [condition, condition]
    are_numbers = all(end is None or (isinstance(end, int | float) and not isinstance(end, bool)) for end in ends)
    if not are_numbers or len(ends) != 2 or ends == [None, None]:
        raise ParamsError(
            f"evaluate.slices: '{name}' holds numbers, and {condition!r} is no range of them: write a number, or "
            "[lowest, highest], where null leaves an end open"
        )
    low, high = ends
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        raise ParamsError(f"evaluate.slices: the range {condition!r} of '{name}' ends before it begins")
    bounds = [column >= low if low is not None else None, column <= high if high is not None else None]
    return pl.all_horizontal([each for each in bounds if each is not None])


def _require_known(name: str, values: Sequence[str], frame: pl.DataFrame, released: pl.LazyFrame) -> None:
    """Refuse a text that no row holds; only released ones are named."""
    rows = frame[name].unique().to_list()
    if not (absent := [value for value in values if value not in rows]):
        return
    known = []
    if name in released.collect_schema().names():
        known = sorted(released.select(pl.col(name).drop_nulls().unique()).collect()[name].to_list())
    if unknown := [value for value in absent if value not in known]:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ParamsError(f"evaluate.slices: no row has '{unknown[0]}' in '{name}'; {hint}there are {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
