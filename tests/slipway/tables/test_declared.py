"""What a product of texts declares: one column of prose, and nothing else to learn from."""

import pytest

from slipway.errors import DataError, ParamsError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.declared import as_prose
from slipway.tables.schema import Column, Schema


def schema_of(kind: str = "texts", **dtypes: str) -> Schema:
    columns = [Column(name=name, dtype=dtype) for name, dtype in {**dtypes, "y": "String"}.items()]
    return Schema(product=Product.model_validate({"kind": kind, "target": "y"}), columns=columns, classes=["a", "b"])


def test_the_only_feature_of_a_product_of_texts_is_prose_without_being_said_to_be() -> None:
    assert as_prose(schema_of(note="String"), Preprocess()).types == {"note": "text"}
    said = Preprocess.model_validate({"types": {"note": "text"}})
    assert as_prose(schema_of(note="String"), said) == said


def test_other_products_declare_what_they_like() -> None:
    assert as_prose(schema_of("tabular", note="String", age="Int64"), Preprocess()) == Preprocess()


@pytest.mark.parametrize(
    ("dtypes", "message"),
    [
        ({"note": "String", "title": "String"}, r"2 features \['note', 'title'\]: add all but the text to product.ign"),
        ({}, "no column is left as the text: all are target, identifiers or ignored"),
        ({"note": "Int64"}, "'note' is of type Int64: name a column of texts, or set product.kind: tabular"),
    ],
)
def test_more_features_or_none_or_numbers_are_refused_with_the_mend(dtypes: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_prose(schema_of(**dtypes), Preprocess())


def test_the_text_declared_as_something_else_is_refused() -> None:
    categories = Preprocess.model_validate({"types": {"note": "category"}})
    with pytest.raises(ParamsError, match="declares 'note' as category, but it is the text"):
        as_prose(schema_of(note="String"), categories)
