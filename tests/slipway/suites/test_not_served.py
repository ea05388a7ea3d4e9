"""What no record can tell is listed with its reason, and no expectation of Great Expectations is forgotten."""

import math
from datetime import date

import pytest
from written_rules import KINDS, column, expectation, where

from slipway.suites.compiling import NOT_JUDGED, PROMISES, compile_rule
from slipway.suites.rules import NotServed
from slipway.suites.suite import Expectation


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (column("values_to_be_unique", "a"), "other rows"),
        (column("values_to_be_increasing", "a"), "other rows"),
        (column("value_z_scores_to_be_less_than", "a", threshold=3), "distribution"),
        (column("values_to_be_of_type", "a", type_="Int64"), "signature"),
        (column("mean_to_be_between", "a", min_value=0), "whole table"),
        (expectation("table_row_count_to_equal", {"value": 3}), "whole table"),
        (Expectation(type="unexpected_rows_expectation", kwargs={}, severity="warning"), "query"),
        (column("values_to_be_between", "a", min_value=0, mostly=0.9), "mostly"),
        (column("values_to_be_between", "a", min_value={"$PARAMETER": "least"}), "parameter"),
        (column("values_to_be_between", "a", min_value=0, least=1), "no option least"),
        (column("values_to_be_between", "a", min_value=0, row_condition="b > 1"), "is a query"),
        (column("values_to_be_between", "a", min_value=0, **where(column={"name": "target"})), "'target' is no"),
        (
            column("values_to_be_between", "a", min_value=0, **where(parameter="1")),
            "'b', which holds numbers, with '1'",
        ),
        (
            column("values_to_be_between", "a", min_value=0, **where(column={"name": "image"})),
            "which holds bytes, with 1",
        ),
        (Expectation(type="expect_column_values_to_be_between", kwargs={"column": "a"}, severity="info"), "logged"),
        (column("values_to_be_between", "t", min_value=1), "of texts"),
        (column("values_to_be_between", "d", min_value="soon"), "'soon' is none in ISO 8601"),
        (column("values_to_be_between", "d", min_value="2020-01-01T00:00:00+01:00"), "time zone"),
        (column("values_to_be_between", "a", min_value="soon"), "'soon' is none"),
        (column("values_to_be_between", "a", min_value=0, max_value=math.inf), "no infinity"),
        (column("values_to_be_in_set", "a", value_set=[1, math.nan]), "no NaN"),
        (column("values_to_be_in_set", "d", value_set=[date(2020, 1, 1)]), "of dates"),
        (column("values_to_not_be_null", "target"), "is no number, text, date or image"),
        (column("values_to_match_regex", "image", regex="x"), "of bytes it"),
        (column("values_to_match_regex", "t", regex=r"\p{L}"), r"cannot read the pattern"),
        (column("values_to_match_regex", "t", regex="[[a]]"), "Possible nested set"),
        (column("values_to_match_like_pattern", "t", like_pattern="a!", escape="!"), "ends in its escape"),
        (column("value_lengths_to_equal", "a", value=1), "of numbers"),
        (column("values_to_match_json_schema", "t", json_schema={"$ref": "https://x.org/s.json"}), "does not fetch"),
        (expectation("column_pair_values_to_be_equal", {"column_A": "a", "column_B": "t"}), "of numbers and texts"),
    ],
)
def test_what_no_record_can_tell_is_listed_with_the_reason(each, reason):
    compiled = compile_rule(each, KINDS)
    assert isinstance(compiled, NotServed), compiled
    assert reason in compiled.reason


def test_every_expectation_of_great_expectations_is_served_or_has_its_reason():
    from great_expectations.expectations import expectation as bases
    from great_expectations.expectations import registry

    about_rows = (bases.ColumnMapExpectation, bases.ColumnPairMapExpectation, bases.MulticolumnMapExpectation)
    names = [
        name
        for name in registry.list_registered_expectation_implementations()
        if issubclass(registry.get_expectation_impl(name), about_rows)
    ]
    unknown = [name for name in names if name not in PROMISES and name not in NOT_JUDGED]
    assert len(names) >= 30
    assert unknown == []
