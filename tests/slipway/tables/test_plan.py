"""The plan: steps for all columns of a kind, and for single ones."""

import re
from pathlib import Path

import pytest
import yaml

from slipway.errors import ParamsError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.plan import Plan, require_columns
from slipway.tables.schema import Column, Schema

SCHEMA = Schema(
    product=Product(kind="tabular", target="y"),
    columns=[Column(name="age", dtype="Int64"), Column(name="city", dtype="String"), Column(name="y", dtype="String")],
    classes=["a", "b"],
)


def plan_of(**section) -> Plan:
    """The plan of a section `preprocess`, through its file."""
    params = Preprocess.model_validate(section)
    plan = Plan(
        numbers=params.numbers,
        categories=params.categories,
        texts=params.texts,
        columns={name: params.steps_of(name) for name in params.columns},
    )
    return Plan.model_validate_json(plan.model_dump_json())


def test_what_a_column_leaves_out_is_as_for_all_of_its_kind():
    plan = plan_of(
        numbers={"impute": "mean", "scale": "none"},
        texts={"max_words": 7},
        columns={
            "age": {"scale": "robust"},
            "city": {"encode": "ordinal", "values": ["x", "y"]},
            "note": {"weight": "counts"},
        },
    )
    assert (plan.numbers_of("age").impute, plan.numbers_of("age").scale) == ("mean", "robust")
    assert plan.numbers_of("height") == plan.numbers
    assert plan.categories_of("city").values == ["x", "y"]
    assert (plan.texts_of("note").max_words, plan.texts_of("note").weight) == (7, "counts")


def test_a_column_can_do_without_what_all_have():
    plan = plan_of(numbers={"outliers": {"name": "iqr"}}, columns={"age": {"outliers": None}})
    assert plan.numbers.outliers.action == "clip"
    assert plan.numbers_of("age").outliers is None


def test_null_in_yaml_is_the_action_null():
    plan = plan_of(numbers={"outliers": {"name": "zscore", "action": None}})
    assert plan.numbers.outliers.action == "null"
    assert Preprocess.model_validate({"bounds": {"x": {"low": 0, "action": None}}}).bounds["x"].action == "null"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"categories": {"encode": "hashing"}, "columns": {"city": {"values": ["x", "y"]}}}, "columns.city.*hashing"),
        ({"columns": {"city": {"values": ["x", "x"]}}}, "must be different"),
        ({"columns": {"city": {"values": ["x", ""]}}}, "empty"),
        ({"columns": {"city": {"brightness": 3}}}, "steps of one kind"),
        ({"numbers": {"outliers": {"name": "tukey"}}}, "tukey"),
    ],
)
def test_steps_that_contradict_each_other_are_refused(section, message):
    with pytest.raises(ValueError, match=message):
        plan_of(**section)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"aeg": {"scale": "none"}}, "'aeg' is no feature; did you mean 'age'"),
        ({"y": {"encode": "ordinal"}}, "'y' is no feature; allowed: age, city"),
        ({"city": {"scale": "none"}}, "columns.city holds steps for a number, but the column is a category"),
    ],
)
def test_steps_for_what_is_no_column_of_the_kind_are_refused(columns, message):
    with pytest.raises(ParamsError, match=message):
        require_columns(plan_of(columns=columns).columns, SCHEMA)


def test_the_example_of_the_docs_is_a_section():
    text = (Path(__file__).parents[3] / "docs" / "STEPS.md").read_text()
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    plan = plan_of(**example["preprocess"])
    assert plan.numbers_of("income").outliers.factor == 3
    assert plan.categories_of("postcode").buckets == 64
