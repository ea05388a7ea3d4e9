"""Of the 59 core expectations 57 work; the two that ask another data source fail alone, with a message."""

import fuzzing
import great_expectations as gx
import polars as pl
import pytest
from great_expectations.expectations.registry import (
    _registered_expectations,
    get_expectation_impl,
)

from slipway.gx_polars.row_rules import DEPENDENT, LOCAL

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Great Expectations' own

TABLE = pl.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "m": [2, 2, 3, 5],
        "t": ["ab", "cd", None, "12"],
        "json": ['{"k": 1}'] * 4,
        "day": ["2020-01-31"] * 4,
    }
)
N, T = {"column": "n"}, {"column": "t"}
ENDS = {"min_value": 0, "max_value": 100}
PAIR, LIST = {"column_A": "m", "column_B": "n"}, {"column_list": ["n", "m"]}
QUANTILES = {"quantiles": [0.5], "value_ranges": [[0, 9]]}
COMPARISON = {"base_query": "SELECT 1 FROM {batch}", "comparison_data_source_name": "a", "comparison_query": "SELECT 1"}

# What holds (or fails) of the table: kwargs, and whether it holds.
EXAMPLES = {
    "expect_column_distinct_values_to_be_in_set": ({**N, "value_set": [1, 2, 3]}, False),
    "expect_column_distinct_values_to_contain_set": ({**N, "value_set": [1, 2]}, True),
    "expect_column_distinct_values_to_equal_set": ({**N, "value_set": [1, 2, 3, 4]}, True),
    "expect_column_kl_divergence_to_be_less_than": (
        {**N, "partition_object": {"bins": [0, 2, 5], "weights": [0.25, 0.75]}, "threshold": 0.1},
        True,
    ),
    "expect_column_max_to_be_between": ({**N, **ENDS}, True),
    "expect_column_mean_to_be_between": ({**N, "min_value": 3}, False),
    "expect_column_median_to_be_between": ({**N, **ENDS}, True),
    "expect_column_min_to_be_between": ({**N, **ENDS}, True),
    "expect_column_most_common_value_to_be_in_set": ({"column": "m", "value_set": [2]}, True),
    "expect_column_pair_values_a_to_be_greater_than_b": ({**PAIR, "or_equal": True}, True),
    "expect_column_pair_values_to_be_equal": (PAIR, False),
    "expect_column_pair_values_to_be_in_set": ({**PAIR, "value_pairs_set": [(2, 1), (2, 2), (3, 3)]}, False),
    "expect_column_proportion_of_non_null_values_to_be_between": ({**T, "min_value": 0.8}, False),
    "expect_column_proportion_of_unique_values_to_be_between": ({**N, "min_value": 1}, True),
    "expect_column_quantile_values_to_be_between": ({**N, "quantile_ranges": QUANTILES}, True),
    "expect_column_stdev_to_be_between": ({**N, **ENDS}, True),
    "expect_column_sum_to_be_between": ({**N, "min_value": 10, "max_value": 10}, True),
    "expect_column_to_exist": ({"column": "other"}, False),
    "expect_column_type_to_be": ({**N, "type_": "Int64"}, True),
    "expect_column_unique_value_count_to_be_between": ({**N, "max_value": 3}, False),
    "expect_column_value_lengths_to_be_between": ({**T, "max_value": 1}, False),
    "expect_column_value_lengths_to_equal": ({**T, "value": 2}, True),
    "expect_column_value_z_scores_to_be_less_than": ({**N, "threshold": 1, "double_sided": True}, False),
    "expect_column_values_to_be_between": ({**N, **ENDS}, True),
    "expect_column_values_to_be_dateutil_parseable": ({"column": "day"}, True),
    "expect_column_values_to_be_decreasing": (N, False),
    "expect_column_values_to_be_in_set": ({**T, "value_set": ["ab", "cd", "12"]}, True),
    "expect_column_values_to_be_in_type_list": ({**N, "type_list": ["float", "int"]}, True),
    "expect_column_values_to_be_increasing": ({**N, "strictly": True}, True),
    "expect_column_values_to_be_json_parseable": (T, False),
    "expect_column_values_to_be_null": (T, False),
    "expect_column_values_to_be_of_type": ({**N, "type_": "str"}, False),
    "expect_column_values_to_be_unique": ({"column": "m"}, False),
    "expect_column_values_to_match_json_schema": ({"column": "json", "json_schema": {"type": "object"}}, True),
    "expect_column_values_to_match_like_pattern": ({**T, "like_pattern": "_b"}, False),
    "expect_column_values_to_match_like_pattern_list": (
        {**T, "like_pattern_list": ["a%", "%d", "1_"], "match_on": "any"},
        True,
    ),
    "expect_column_values_to_match_regex": ({**T, "regex": "^..$"}, True),
    "expect_column_values_to_match_regex_list": ({**T, "regex_list": ["a", "c"], "match_on": "any"}, False),
    "expect_column_values_to_match_strftime_format": ({"column": "day", "strftime_format": "%Y-%m-%d"}, True),
    "expect_column_values_to_not_be_in_set": ({**N, "value_set": [7]}, True),
    "expect_column_values_to_not_be_null": (T, False),
    "expect_column_values_to_not_be_outliers": (N, True),
    "expect_column_values_to_not_match_like_pattern": ({**T, "like_pattern": "a%"}, False),
    "expect_column_values_to_not_match_like_pattern_list": ({**T, "like_pattern_list": ["x%"]}, True),
    "expect_column_values_to_not_match_regex": ({**T, "regex": r"\d"}, False),
    "expect_column_values_to_not_match_regex_list": ({**T, "regex_list": ["x", "y"]}, True),
    "expect_compound_columns_to_be_unique": (LIST, True),
    "expect_multicolumn_sum_to_equal": ({**LIST, "sum_total": 4}, False),
    "expect_multicolumn_values_to_be_equal": (LIST, False),
    "expect_query_results_to_match_comparison": (COMPARISON, None),
    "expect_select_column_values_to_be_unique_within_record": (LIST, False),
    "expect_table_column_count_to_be_between": (ENDS, True),
    "expect_table_column_count_to_equal": ({"value": 5}, True),
    "expect_table_columns_to_match_ordered_list": ({"column_list": TABLE.columns}, True),
    "expect_table_columns_to_match_set": ({"column_set": ["n", "x"]}, False),
    "expect_table_row_count_to_be_between": (ENDS, True),
    "expect_table_row_count_to_equal": ({"value": 4}, True),
    "expect_table_row_count_to_equal_other_table": ({"other_table_name": "other"}, None),
    "unexpected_rows_expectation": ({"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 3"}, False),
}


@pytest.fixture(scope="module")
def results():
    """Run all of them as one suite."""
    expected = [get_expectation_impl(name)(**kwargs) for name, (kwargs, _) in EXAMPLES.items()]
    _, polars = fuzzing.batches()
    suite = gx.ExpectationSuite(name="core", expectations=expected)
    found = polars.get_batch({"dataframe": TABLE}).validate(suite).results
    return {each.expectation_config.type: each for each in found}


def test_the_examples_are_great_expectations_core():
    assert len(EXAMPLES) == 59
    own = {name for name, each in _registered_expectations.items() if each.__module__.startswith("great_expectations.")}
    assert set(EXAMPLES) == own


def test_57_of_59_work(results):
    assert {name for name, result in results.items() if fuzzing.raised(result)} == {
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
    }


@pytest.mark.parametrize("name", [name for name, (_, holds) in EXAMPLES.items() if holds is not None])
def test_a_core_expectation_finds_what_is_so(results, name):
    assert results[name].success is EXAMPLES[name][1], results[name].result


@pytest.mark.parametrize("name", [name for name, (_, holds) in EXAMPLES.items() if holds is None])
def test_what_asks_another_data_source_says_so(results, name):
    info = results[name].exception_info
    assert "PolarsExecutionEngine" in str(info)


@pytest.mark.parametrize(("type_", "metric"), [*LOCAL.items(), *DEPENDENT.items()])
def test_the_row_rules_name_great_expectations_own_metrics(type_, metric):
    assert get_expectation_impl(type_).map_metric == metric


def test_every_row_level_expectation_has_a_row_rule():
    types = {"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"}  # of a whole column here
    row_level = {name for name in EXAMPLES if getattr(get_expectation_impl(name), "map_metric", None)}
    assert row_level - types == {*LOCAL, *DEPENDENT}
