"""Costs and mitigation that a product cannot have are refused, before the first stage where that can be known."""

from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.evaluate import Evaluate
from slipway.product.params import read_params
from slipway.product.product import Product
from slipway.product.reading import check_section

PRODUCTS = Path(__file__).parents[3] / "products"
CLASSES = ["no", "yes"]
SEX = {"column": "sex", "constraint": "equalized_odds"}


def product(**changes: object) -> Product:
    return Product.model_validate({"kind": "tabular", "target": "y", "sensitive": ["sex"], **changes})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"costs": {"never": {"no": 1}}},
            r"evaluate\.costs names 'never', which is none of the classes \['no', 'yes'\]",
        ),
        ({"costs": {"yes": {"never": 1}}}, "names 'never'"),
        ({"costs": {"yes": {"no": 0}, "no": {"yes": 0}}}, "no wrong answer costs anything"),
        ({"mitigation": {**SEX, "column": "age"}}, r"column = 'age' is not among product\.sensitive \['sex'\]: add it"),
    ],
)
def test_what_the_product_does_not_have_is_named(params: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Evaluate.model_validate(params).require_fit(product(), CLASSES)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ({"yes": {"yes": 1}}, r"evaluate\.costs = .*: costs\.yes\.yes: a right answer costs nothing; remove it"),
        ({"yes": {"no": -1}}, r"evaluate\.costs\.yes\.no = -1: .*greater than or equal to 0"),
        ({"yes": {"no": float("inf")}}, "finite number"),
    ],
)
def test_a_cost_is_a_number_from_0_on_and_of_wrong_answers(costs: dict, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        check_section({"costs": costs}, Evaluate, where="params.yaml", section="evaluate")


@pytest.mark.parametrize("task", ["regression", "multilabel"])
@pytest.mark.parametrize("params", [{"costs": {"yes": {"no": 2}}}, {"mitigation": SEX}])
def test_a_target_without_one_class_a_row_has_neither(task: str, params: dict) -> None:
    other = product(task=task, label_delimiter=";" if task == "multilabel" else None)
    with pytest.raises(ValueError, match=rf"evaluate\.\w+ is for task: classification, and product\.task is {task}"):
        Evaluate.model_validate(params).require_fit(other, None)


def test_thresholds_of_groups_are_for_two_classes() -> None:
    with pytest.raises(ValueError, match="mitigation is for two classes, and 'y' has 3"):
        Evaluate.model_validate({"mitigation": SEX}).require_fit(product(), ["a", "b", "c"])


def test_a_mistake_is_told_before_the_first_stage(tmp_path: Path) -> None:
    text = (PRODUCTS / "adult" / "params.yaml").read_text()
    assert "evaluate: {}" in text
    (tmp_path / "params.yaml").write_text(text.replace("evaluate: {}", "evaluate: {costs: {rich: {poor: 2}}}"))
    with pytest.raises(ParamsError, match=r"evaluate\.costs names 'rich', which is none of the classes \['<=50K'"):
        read_params(tmp_path / "params.yaml")
