"""Describing a table: roles, classes and shapes."""

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.product.product import Product
from slipway.tables.describing import describe


def table(**columns):
    return pl.DataFrame(columns).lazy().with_row_index("_id")


def test_the_schema_lists_the_sources_columns_and_not_slipways_own():
    rows = table(x=[1.5, 2.0], y=["a", "b"]).with_columns(pl.lit("train").alias("_split"))
    schema = describe(rows, Product(kind="tabular", target="y"), None)
    assert [(column.name, column.dtype) for column in schema.columns] == [("x", "Float64"), ("y", "String")]


def test_classes_are_those_found_trimmed_sorted_and_without_missing_markers():
    rows = table(y=["b", " a", "a ", "?", "", None])
    assert describe(rows, Product(kind="tabular", target="y"), None).classes == ["a", "b"]


def test_classes_that_are_integers_are_sorted_by_value():
    assert describe(table(y=[10, 9, 1]), Product(kind="tabular", target="y"), None).classes == ["1", "9", "10"]


def test_stated_classes_keep_their_order_and_a_stray_label_is_for_later_stages():
    product = Product(kind="tabular", target="y", classes=["no", "yes"])
    assert describe(table(y=["yes", "no", "oops"]), product, None).classes == ["no", "yes"]


def test_a_regression_has_no_classes():
    assert describe(table(y=[1.5, 2.5]), Product(kind="tabular", task="regression", target="y"), None).classes is None


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"target": "lable"}, r"product\.target: the source has no column 'lable'; did you mean 'label'"),
        ({"identifiers": ["zzz"]}, r"product\.identifiers: .*'zzz'; it has x, label"),
        ({"ignore": ["zzz"]}, r"product\.ignore"),
        ({"sensitive": ["zzz"]}, r"product\.sensitive"),
        ({"private_unit": "person"}, r"product\.private_unit"),
    ],
)
def test_a_role_without_its_column_is_named(product, message):
    with pytest.raises(DataError, match=message):
        describe(table(x=[1], label=["a"]), Product(kind="tabular", **product), None)


@pytest.mark.parametrize(
    ("labels", "product", "message"),
    [
        (["a", "a"], {}, "one class"),
        ([None, "?"], {}, "missing in every row"),
        ([str(number) for number in range(1001)], {}, "task: regression"),
        (["M", "B"], {"classes": ["malignant", "benign"]}, "none is in common"),
        ([[1], [2]], {}, "holds no classes"),
        ([1, 2], {"task": "multilabel", "label_delimiter": ";"}, "labels with a delimiter are a text"),
        (["a;", "a"], {"task": "multilabel", "label_delimiter": ";"}, "one class"),
    ],
)
def test_unusable_classes_are_refused(labels, product, message):
    with pytest.raises(DataError, match=message):
        describe(table(y=labels), Product(kind="tabular", target="y", **product), None)


def test_a_table_without_rows_is_refused():
    with pytest.raises(DataError, match="no rows"):
        describe(table(x=pl.Series([], dtype=pl.Int64)), Product(kind="tabular"), None)


def test_images_need_a_source_that_knows_their_shape():
    with pytest.raises(DataError, match="what shape"):
        describe(table(image=[b"1234"]), Product(kind="images"), None)
    assert describe(table(image=[b"1234"]), Product(kind="images"), (2, 2, 1)).image_shape == (2, 2, 1)
