"""The fitted transform: what is fitted, and that polars and ONNX prepare a row alike."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import DataError
from slipway.product.product import Product
from slipway.product.steps import Categories, Image, Numbers
from slipway.shrinking.graph import transform_model
from slipway.shrinking.running import answers, session
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema
from slipway.tables.transform import features, fit_transform, raw_inputs, targets

TABLE = pl.DataFrame(
    {"age": [20, 40, None, 60], "job": ["cook", None, "cook", "nurse"], "target": ["a", "b", "a", "b"]}
)


def schema_of(frame: pl.DataFrame, **product: object) -> Schema:
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in frame.schema.items()]
    made = Product.model_validate({"kind": "tabular", "target": "target", **product})
    return Schema(product=made, columns=columns, classes=["a", "b"])


def test_numbers_are_imputed_by_the_median_and_scaled_to_unit_variance() -> None:
    transform = fit_transform(TABLE, schema_of(TABLE), Plan())
    scaled = features(TABLE, transform)[:, 0]
    assert transform.numbers[0].impute == 40
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)
    assert scaled[2] == scaled[1], "the missing age became the median, which is 40"


def test_minmax_scales_to_zero_and_one() -> None:
    transform = fit_transform(TABLE, schema_of(TABLE), Plan(numbers=Numbers(scale="minmax")))
    assert features(TABLE, transform)[:, 0].tolist() == [0, 0.5, 0.5, 1]


def test_a_missing_or_unseen_category_has_no_feature() -> None:
    transform = fit_transform(TABLE, schema_of(TABLE), Plan())
    unseen = pl.DataFrame({"age": [1], "job": ["pilot"]})
    assert features(TABLE, transform)[:, 1:].tolist() == [[1, 0], [0, 0], [1, 0], [0, 1]]
    assert features(unseen, transform)[:, 1:].tolist() == [[0, 0]]


def test_only_the_most_frequent_categories_get_a_feature() -> None:
    table = pl.DataFrame({"job": ["x", "y", "y", "z", "z"], "target": list("abaab")})
    transform = fit_transform(table, schema_of(table), Plan(categories=Categories(max_values=2)))
    assert transform.categories[0].values == ["y", "z"]


def test_a_constant_column_becomes_zeros_not_infinities() -> None:
    table = pl.DataFrame({"x": [0.1] * 3, "y": [1.0, 2.0, 3.0], "target": list("aba")})
    assert features(table, fit_transform(table, schema_of(table), Plan()))[:, 0].tolist() == pytest.approx(
        [0] * 3, abs=1e-6
    )


@pytest.mark.parametrize("dtype", [pl.Float64, pl.String])
def test_a_column_without_any_value_is_refused_by_name(dtype: pl.DataType) -> None:
    table = pl.DataFrame({"x": pl.Series([None, None], dtype=dtype), "target": ["a", "b"]})
    with pytest.raises(DataError, match="'x' has no value.*product.ignore"):
        fit_transform(table, schema_of(table), Plan())


def test_a_table_without_features_is_refused() -> None:
    table = TABLE.select("target")
    with pytest.raises(DataError, match="no column is left"):
        fit_transform(table, schema_of(table), Plan())


def test_images_become_scaled_pixels_with_channels_first() -> None:
    table = pl.DataFrame({"image": [bytes([0, 10, 5, 15]), bytes([10, 0, 10, 10])], "target": ["a", "b"]})
    schema = schema_of(table, kind="images").model_copy(update={"image_shape": (1, 2, 2)})
    transform = fit_transform(table, schema, Plan(image=Image(max_value=10, scale="none")))
    assert transform.feature_shape == (2, 1, 2)
    assert features(table, transform)[0].tolist() == [[[0, 0.5]], [[1, 1.5]]]


def test_an_image_beside_other_features_is_refused() -> None:
    table = pl.DataFrame({"image": [b"1234"], "age": [1], "target": ["a"]})
    with pytest.raises(DataError, match=r"\['image', 'age'\]"):
        fit_transform(table, schema_of(table).model_copy(update={"image_shape": (1, 2, 2)}), Plan())


def test_targets_are_indices_of_the_ordered_classes() -> None:
    assert targets(TABLE, schema_of(TABLE)).tolist() == [0, 1, 0, 1]


def test_a_class_that_the_product_does_not_know_is_named() -> None:
    table = TABLE.with_columns(target=pl.lit("c"))
    with pytest.raises(DataError, match=r"\['c'\].*product.classes"):
        targets(table, schema_of(table))


numbers = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan")))
words = st.one_of(st.none(), st.sampled_from(["a", "b", "ü", "a b", "unseen", ""]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, words, words), min_size=1, max_size=8))
def test_a_row_alone_through_onnx_equals_the_batch_in_polars(rows: list[tuple]) -> None:
    types = {"x": pl.Float64, "y": pl.Float64, "u": pl.String, "v": pl.String}
    seen = pl.DataFrame({"x": [1.0, 2.0], "y": [1e9, 1e9 + 1], "u": ["a", ""], "v": ["ü", "a b"], "target": ["a", "b"]})
    transform = fit_transform(seen, schema_of(seen), Plan())
    frame = pl.DataFrame(rows, schema=types, orient="row")
    batch = features(frame, transform)
    graph = session(transform_model(transform).SerializeToString())
    alone = answers(graph, raw_inputs(frame, transform), batch_rows=1)
    np.testing.assert_allclose(alone, batch, rtol=1e-6, atol=1e-6)
