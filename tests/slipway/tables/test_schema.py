"""schema.json: what travels with the rows."""

import pytest

from slipway.errors import DataError
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema, kind_of, read_schema


def schema_of(dtypes, **product):
    columns = [Column(name=name, dtype=dtype) for name, dtype in dtypes.items()]
    return Schema(product=Product(kind="tabular", **product), columns=columns, classes=["a", "b"])


def test_the_schema_survives_its_file(tmp_path):
    schema = schema_of({"x": "Float64", "y": "String"}, target="y").model_copy(update={"image_shape": (8, 8, 1)})
    schema.write(tmp_path)
    assert read_schema(tmp_path) == schema


def test_features_are_what_is_neither_target_nor_identifier_nor_ignored():
    dtypes = {"id": "Int64", "age": "Int64", "city": "String", "note": "String", "y": "String"}
    schema = schema_of(dtypes, target="y", identifiers=["id"], ignore=["note"])
    assert schema.names("number") == ["age"]
    assert schema.names("category") == ["city"]
    assert schema.names("image") == []


def test_a_type_that_no_step_prepares_is_named_with_its_mend():
    with pytest.raises(DataError, match=r"'day' is of type Date.*product\.ignore"):
        kind_of(Column(name="day", dtype="Date"))


def test_a_product_without_target_says_so_when_it_is_needed():
    with pytest.raises(DataError, match=r"product\.target is null"):
        schema_of({"x": "Float64"}).require_target()


def test_an_absent_schema_names_its_file(tmp_path):
    with pytest.raises(DataError, match=r"schema\.json does not exist"):
        read_schema(tmp_path)
