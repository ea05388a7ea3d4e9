"""Row-level expectations as polars expressions, true on a row that breaks them and never null.

The one place that turns such an expectation into an expression: the engine's counts, and the split
into good rows and quarantine, use it alike. Great Expectations is not imported here.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from slipway.gx_polars.column_rules import COLUMN_RULES
from slipway.gx_polars.columns import Table, Values, try_out
from slipway.gx_polars.conditions import row_filter
from slipway.gx_polars.multicolumn_rules import MULTICOLUMN_RULES, kept

# Great Expectations' name of an expectation -> of the metric behind it, where the metric judges a row by itself.
LOCAL = {
    "expect_column_pair_values_a_to_be_greater_than_b": "column_pair_values.a_greater_than_b",
    "expect_column_pair_values_to_be_equal": "column_pair_values.equal",
    "expect_column_pair_values_to_be_in_set": "column_pair_values.in_set",
    "expect_column_value_lengths_to_be_between": "column_values.value_length.between",
    "expect_column_value_lengths_to_equal": "column_values.value_length.equals",
    "expect_column_values_to_be_between": "column_values.between",
    "expect_column_values_to_be_dateutil_parseable": "column_values.dateutil_parseable",
    "expect_column_values_to_be_in_set": "column_values.in_set",
    "expect_column_values_to_be_json_parseable": "column_values.json_parseable",
    "expect_column_values_to_be_null": "column_values.null",
    "expect_column_values_to_match_json_schema": "column_values.match_json_schema",
    "expect_column_values_to_match_like_pattern": "column_values.match_like_pattern",
    "expect_column_values_to_match_like_pattern_list": "column_values.match_like_pattern_list",
    "expect_column_values_to_match_regex": "column_values.match_regex",
    "expect_column_values_to_match_regex_list": "column_values.match_regex_list",
    "expect_column_values_to_match_strftime_format": "column_values.match_strftime_format",
    "expect_column_values_to_not_be_in_set": "column_values.not_in_set",
    "expect_column_values_to_not_be_null": "column_values.nonnull",
    "expect_column_values_to_not_match_like_pattern": "column_values.not_match_like_pattern",
    "expect_column_values_to_not_match_like_pattern_list": "column_values.not_match_like_pattern_list",
    "expect_column_values_to_not_match_regex": "column_values.not_match_regex",
    "expect_column_values_to_not_match_regex_list": "column_values.not_match_regex_list",
    "expect_multicolumn_sum_to_equal": "multicolumn_sum.equal",
    "expect_multicolumn_values_to_be_equal": "multicolumn_values.equal",
    "expect_select_column_values_to_be_unique_within_record": "select_column_values.unique.within_record",
}

# ... and where it judges a row by the others: `dependent_rules` finds the rows.
DEPENDENT = {
    "expect_column_value_z_scores_to_be_less_than": "column_values.z_score.under_threshold",
    "expect_column_values_to_be_decreasing": "column_values.decreasing",
    "expect_column_values_to_be_increasing": "column_values.increasing",
    "expect_column_values_to_be_unique": "column_values.unique",
    "expect_column_values_to_not_be_outliers": "column_values.not_outliers",
    "expect_compound_columns_to_be_unique": "compound_columns.unique",
}


def row_rule(type_: str, kwargs: Mapping[str, Any], schema: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """Return the expression that is true on a row that breaks the expectation.

    Args:
        type_: The expectation's name, as `expect_column_values_to_be_between`.
        kwargs: Its arguments.
        schema: The table's columns.

    Returns:
        None where a row alone cannot break it: it is about the whole table, or about a row among others.

    Raises:
        ColumnNotFoundError: It names a column that is not there.
        ConditionError: Its row_condition cannot be expressed.
        PolarsError: It cannot be computed on columns of these types.
    """
    if type_ not in LOCAL:
        return None
    rule = broken_rows(LOCAL[type_], kwargs, Table(schema))
    try_out(rule, Table(schema))
    return rule


def broken_rows(metric: str, kwargs: Mapping[str, Any], table: Table) -> pl.Expr:
    """Return the expression of a metric, its row_condition and ignore_row_if included."""
    columns = columns_of(kwargs, table)
    rule = COLUMN_RULES.get(metric) or MULTICOLUMN_RULES[metric]
    broken = rule(columns[0] if metric in COLUMN_RULES else columns, **known(rule, kwargs)).fill_null(False)
    looked_at = rows_looked_at(kwargs, table)
    return broken if looked_at is None else broken & looked_at


def columns_of(kwargs: Mapping[str, Any], table: Table) -> list[Values]:
    """Return the columns that an expectation is about."""
    single = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    return [table[name] for name in [*single, *kwargs.get("column_list", [])]]


def rows_looked_at(kwargs: Mapping[str, Any], table: Table) -> pl.Expr | None:
    """Return which rows row_condition and ignore_row_if leave; None for all."""
    filters = []
    if kwargs.get("row_condition"):
        filters.append(row_filter(kwargs["row_condition"], table))
    if "column" not in kwargs and (left := kept(columns_of(kwargs, table), kwargs.get("ignore_row_if"))) is not None:
        filters.append(left)
    return pl.all_horizontal(filters) if filters else None


def known(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the arguments that a function takes; one that is None is left to its default."""
    parameters = list(inspect.signature(function).parameters)[1:]
    return {name: kwargs[name] for name in parameters if kwargs.get(name) is not None}
