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


def test_a_declared_kind_tells_a_text_from_a_category():
    columns = [Column(name="note", dtype="String", kind="text"), Column(name="city", dtype="String", kind="category")]
    assert [kind_of(column) for column in columns] == ["text", "category"]
    schema = Schema(product=Product(kind="tabular"), columns=columns, classes=None)
    assert (schema.names("text"), schema.names("category")) == (["note"], ["city"])


@pytest.mark.parametrize(("dtype", "kind"), [("String", "number"), ("Int64", "text"), ("Binary", "text")])
def test_a_kind_that_the_type_is_not_is_refused(dtype, kind):
    with pytest.raises(DataError, match=f"'x' is of type {dtype}, which no step prepares as a {kind}"):
        kind_of(Column(name="x", dtype=dtype, kind=kind))


def test_a_product_without_target_says_so_when_it_is_needed():
    with pytest.raises(DataError, match=r"product\.target is null"):
        schema_of({"x": "Float64"}).require_target()


def test_an_absent_schema_names_its_file(tmp_path):
    with pytest.raises(DataError, match=r"schema\.json does not exist"):
        read_schema(tmp_path)
