"""The target as an array."""

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.tables.targets import targets

SCHEMA = Schema(
    product=Product(kind="tabular", target="target"),
    columns=[Column(name="target", dtype="String")],
    classes=["b", "a"],
)


def test_targets_are_indices_of_the_ordered_classes() -> None:
    assert targets(pl.DataFrame({"target": ["a", "b", "a"]}), SCHEMA).tolist() == [1, 0, 1]


def test_targets_of_a_regression_are_numbers() -> None:
    schema = SCHEMA.model_copy(update={"classes": None})
    assert targets(pl.DataFrame({"target": [1, 2]}), schema).tolist() == [1.0, 2.0]


def test_a_class_that_the_product_does_not_know_is_named() -> None:
    with pytest.raises(DataError, match=r"\['c'\].*product.classes"):
        targets(pl.DataFrame({"target": ["a", "c"]}), SCHEMA)
