"""`row_condition`: Great Expectations' Column conditions, and pandas-like texts, as polars expressions."""

import ast
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Table
from slipway.gx_polars.pandas_query import ConditionError, compare, parse_query

OPERATORS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


def row_filter(condition: Any, table: Table) -> pl.Expr:
    """Return an expression that is true on the rows that an expectation looks at, and never null.

    Args:
        condition: A text as pandas' `query` reads it, a Column condition, or one as YAML holds it.
        table: Its columns.

    Raises:
        ConditionError: The condition has no such form.
        ColumnNotFoundError: It names a column that is not there.
    """
    if isinstance(condition, str):
        return parse_query(condition, table)
    content = condition.dict() if hasattr(condition, "dict") else condition
    match content:
        case {"type": "pass_through", "pass_through_filter": text}:
            return parse_query(text, table)
        case {"type": "nullity", "column": {"name": name}, "is_null": is_null}:
            values = table[name].expr
            return values.is_null() if is_null else values.is_not_null()
        case {"type": "comparison", "column": {"name": name}, "operator": "IN" | "NOT_IN" as operator, "parameter": p}:
            found = table[name].is_in(list(p)).fill_null(False)
            return found if operator == "IN" else ~found
        case {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": p}:
            return compare(table[name], OPERATORS[operator], p)
        case {"type": "and" | "or" as both, "conditions": [*parts]}:
            filters = [row_filter(each, table) for each in parts]
            return pl.all_horizontal(filters) if both == "and" else pl.any_horizontal(filters)
    raise ConditionError(f"row_condition {condition!r} is neither a text nor one of Great Expectations' conditions")
