"""A column of groups must be an input of the model, or a server could not know the group of a record."""

import pytest

from slipway.errors import ParamsError
from slipway.judging.deciding import check_params
from slipway.product.evaluate import Evaluate
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.fitted import Number, Transform

NUMBERS = Transform(numbers=[Number(column="age", impute=0, center=0, scale=1)])


def schema(**changes: object) -> Schema:
    product = Product.model_validate({"kind": "tabular", "target": "y", "sensitive": ["age", "sex"], **changes})
    columns = [Column(name="age", dtype="Int64"), Column(name="sex", dtype="String"), Column(name="y", dtype="String")]
    return Schema(product=product, columns=columns, classes=["no", "yes"])


def by(column: str) -> Evaluate:
    return Evaluate.model_validate({"mitigation": {"column": column, "constraint": "demographic_parity"}})


def test_a_number_that_the_model_takes_makes_groups() -> None:
    check_params(by("age"), schema(), NUMBERS)


def test_a_column_that_the_model_does_not_take_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"column = 'sex' is no number or listed category .* out of product\.ignore"):
        check_params(by("sex"), schema(ignore=["sex"]), NUMBERS)


def test_what_does_not_fit_the_product_is_an_error_of_its_params() -> None:
    with pytest.raises(ParamsError, match=r"evaluate\.costs names 'never'"):
        check_params(Evaluate(costs={"never": {"no": 1}}), schema(), NUMBERS)
