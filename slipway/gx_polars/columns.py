"""Columns of a table as Great Expectations sees them: NaN is missing, and a literal takes its column's type."""

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Values:
    """The values of one column.

    Attributes:
        expr: The column, NaN turned to null; categories read as texts.
        dtype: Its type.
    """

    expr: pl.Expr
    dtype: pl.DataType

    def literal(self, value: Any) -> Any:
        """Return a value as this column's type compares it: 3.0 as 3, "2025-01-31" as a moment.

        Great Expectations turns the bounds that it reads into floats; whole numbers beyond 2**53 stay exact this way.
        """
        if isinstance(value, float) and self.dtype.is_integer() and value.is_integer():
            return int(value)
        if isinstance(value, int) and self.dtype.is_float():
            return float(value)
        if isinstance(value, str) and isinstance(self.dtype, pl.Date | pl.Datetime):
            return parse_moment(value)
        return value

    def always(self, truth: bool) -> pl.Expr:
        """Return the same truth for every row; a literal would be one row long in a sum."""
        return self.expr.is_null() | self.expr.is_not_null() if truth else self.expr.is_null() & self.expr.is_not_null()

    def comparable(self) -> pl.Expr:
        """Return the column as it compares with numbers: a Boolean as 0 and 1."""
        return self.expr.cast(pl.Int8) if self.dtype == pl.Boolean else self.expr

    def is_in(self, members: Sequence[Any]) -> pl.Expr:
        """Say whether a value is one of `members`; what this type cannot hold equals none of its values."""
        fitting = [value for value in map(self.literal, members) if self._may_equal(value)]
        if not fitting:
            return pl.when(self.expr.is_not_null()).then(False)
        if self.dtype.is_decimal():
            return self.expr.cast(pl.Float64).is_in([float(value) for value in fitting])
        if isinstance(self.dtype, pl.Date):
            fitting = [value.date() if isinstance(value, dt.datetime) else value for value in fitting]
        held = pl.Int8 if self.dtype == pl.Boolean else self.dtype
        series = pl.Series(fitting, dtype=None if self.dtype.is_temporal() else held, strict=False)
        return self.comparable().is_in(series.drop_nulls().to_list())

    def _may_equal(self, value: Any) -> bool:
        if isinstance(value, float) and not self.dtype.is_float() and not self.dtype.is_decimal():
            return False  # a whole one is an int already; neither NaN nor 0.5 is among whole numbers
        if self.dtype.is_numeric() or self.dtype == pl.Boolean:
            return isinstance(value, int | float)
        if self.dtype == pl.String:
            return isinstance(value, str)
        if self.dtype == pl.Binary:
            return isinstance(value, bytes)
        if self.dtype == pl.Date:
            return isinstance(value, dt.date) and (not isinstance(value, dt.datetime) or value.time() == dt.time())
        return isinstance(value, dt.date | dt.time | dt.timedelta)


@dataclass(frozen=True)
class Table:
    """The names and types of a table's columns."""

    schema: Mapping[str, pl.DataType]

    def __getitem__(self, name: str) -> Values:
        """Return a column.

        Raises:
            ColumnNotFoundError: The table has none of this name.
        """
        if name not in self.schema:
            near = difflib.get_close_matches(str(name), list(self.schema), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(list(self.schema)[:20])}."
            raise pl.exceptions.ColumnNotFoundError(f"the table has no column '{name}'; {hint}")
        dtype = self.schema[name]
        if dtype.is_float():
            return Values(pl.col(name).fill_nan(None), dtype)
        if isinstance(dtype, pl.Categorical | pl.Enum):
            return Values(pl.col(name).cast(pl.String), pl.String())
        return Values(pl.col(name), dtype)


def try_out(expr: pl.Expr, table: Table) -> None:
    """Evaluate an expression on one row of nulls, which raises what the columns' types forbid."""
    roots = {name: table.schema[name] for name in expr.meta.root_names()}
    pl.DataFrame({name: [None] for name in roots}, schema=roots).select(expr)


def are_comparable(left: Values, right: Values) -> bool:
    """Say whether values of the two columns can be equal at all."""
    if left.dtype == right.dtype:
        return True
    numbers = all(each.dtype.is_numeric() or each.dtype == pl.Boolean for each in (left, right))
    moments = all(isinstance(each.dtype, pl.Date | pl.Datetime) for each in (left, right))
    return numbers or moments


def parse_moment(text: str) -> dt.datetime:
    """Read a date as Great Expectations does: whatever dateutil understands."""
    from dateutil.parser import parse

    return parse(text)
