"""A sketch counts every row once, is JSON, and keeps what is long or rare to itself."""

import doctest
import json
import math
from fractions import Fraction

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway import drift
from slipway.drift import category_sketch, number_sketch, round_outwards, sketch
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema


def make_schema(columns: dict[str, str], image_shape: tuple[int, int, int] | None = None) -> Schema:
    return Schema(
        product=Product(kind="tabular", target="y"),
        columns=[Column(name=name, dtype=dtype) for name, dtype in {**columns, "y": "String"}.items()],
        classes=["no", "yes"],
        image_shape=image_shape,
    )


def test_the_doctests_hold() -> None:
    assert doctest.testmod(drift).failed == 0


def test_every_feature_and_no_target_is_sketched() -> None:
    frame = pl.DataFrame(
        {"size": [1.0, None, 3.0], "town": ["Ulm", None, "Ulm"], "flag": [True, False, True], "y": ["no"] * 3}
    )
    found = sketch(frame, make_schema({"size": "Float64", "town": "String", "flag": "Boolean"}))
    assert found["rows"] == 3
    assert {name: one["kind"] for name, one in found["features"].items()} == {
        "size": "number",
        "flag": "number",
        "town": "category",
    }
    assert found["features"]["flag"]["counts"] == [1, 2, 0]


def test_a_text_is_sketched_by_the_number_of_its_words() -> None:
    frame = pl.DataFrame({"note": ["Two words!", "", None, "1"], "y": ["no"] * 4})
    schema = make_schema({"note": "String"})
    columns = [column.model_copy(update={"kind": "text"}) for column in schema.columns]
    found = sketch(frame, schema.model_copy(update={"columns": columns}))["features"]["note"]
    assert (found["kind"], found["measure"], found["missing_share"]) == ("text", "number of words", 0.25)
    assert (found["edges"], sum(found["counts"])) == ([0.0, 1.0, 2.0], 3)


def test_an_image_is_sketched_by_its_brightness() -> None:
    frame = pl.DataFrame({"image": [bytes([0, 0, 0, 4]), bytes([8, 8, 8, 8])], "y": ["no", "yes"]})
    found = sketch(frame, make_schema({"image": "Binary"}, (2, 2, 1)))["features"]["image"]
    assert found["measure"] == "mean brightness"
    assert found["edges"] == [1.0, 8.0]


def test_the_extremes_and_rare_values_of_the_rows_do_not_leave() -> None:
    found = number_sketch(pl.Series([-1e9, *map(float, range(100)), 1e9]))
    assert min(found["edges"]) >= 0
    assert max(found["edges"]) <= 99
    assert "Jane" not in category_sketch(pl.Series(["common"] * 9 + ["Jane"]))["counts"]


def test_a_value_of_many_digits_does_not_leave() -> None:
    values = [math.pi * number for number in range(1, 200)]
    assert not set(number_sketch(pl.Series(values))["edges"]) & set(values)
    assert not set(round_outwards(min(values), max(values))) & set(values)


def test_many_numbers_far_from_zero_still_have_their_bins() -> None:
    found = number_sketch(pl.Series([1.7e9 + second for second in range(1000)]))
    assert len(found["edges"]) == 19
    assert max(found["counts"]) <= 60


def test_numbers_of_all_sizes_still_have_their_bins() -> None:
    found = number_sketch(pl.Series([1.01**exponent for exponent in range(1000)]))
    assert len(found["edges"]) == 19
    assert max(found["counts"]) <= 60


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_rounded_range_holds_the_range_and_is_little_wider(values: list[float]) -> None:
    low, high = round_outwards(min(values), max(values))
    assert low <= min(values) <= max(values) <= high
    spans = [Fraction(max(values)) - Fraction(min(values)), Fraction(high) - Fraction(low)]
    assert spans[1] <= spans[0] * Fraction(103, 100) or not spans[0] or spans[0] < 1e-300


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**6))
def test_a_range_of_integers_stays_one(low: int, width: int) -> None:
    rounded = round_outwards(low, low + width)
    assert all(end.is_integer() for end in rounded)


def test_more_than_fifty_values_become_other() -> None:
    found = category_sketch(pl.Series([f"v{i:02}" for i in range(60) for _ in range(5)]))
    assert len(found["counts"]) == 50
    assert found["other"] == 50


def test_a_column_without_values_has_a_sketch() -> None:
    assert number_sketch(pl.Series([None, None], dtype=pl.Float64)) == {
        "missing_share": 1.0,
        "edges": [],
        "counts": [0],
    }
    assert category_sketch(pl.Series([None], dtype=pl.String)) == {"missing_share": 1.0, "counts": {}, "other": 0}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(0, 3).map(float))))
def test_every_finite_number_is_counted_once_and_the_rest_is_missing(values: list[float | None]) -> None:
    found = number_sketch(pl.Series(values, dtype=pl.Float64))
    known = round(len(values) * (1 - found["missing_share"]))
    assert sum(found["counts"]) == (known if values else 0)
    assert len(found["counts"]) == len(found["edges"]) + 1
    json.dumps(found, allow_nan=False)
