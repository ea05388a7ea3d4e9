"""docs/JUDGING.md is true: what it puts into params.yaml is taken, and the thresholds it names follow."""

import re
from pathlib import Path

import pytest
import yaml

from slipway.judging.costs import cost_matrix, least_cost_threshold
from slipway.product.mitigation import Mitigation
from slipway.product.params import Params

DOC = (Path(__file__).parents[1] / "docs" / "JUDGING.md").read_text()
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_a_part_of_params_yaml(example: dict) -> None:
    for name, section in example.items():
        model = Params.model_fields[name].annotation
        assert model is not None
        needed = {"product": {"kind": "tabular"}, "train": {"network": {"name": "mlp"}}}.get(name, {})
        model.model_validate({**needed, **section})


def test_the_threshold_of_the_costs_is_the_one_told() -> None:
    [costs] = [each["evaluate"]["costs"] for each in EXAMPLES if "costs" in each.get("evaluate", {})]
    threshold = least_cost_threshold(cost_matrix(costs, ["<=50K", ">50K"]))
    assert f"1 / (1 + 5) = {threshold:.3f}" in DOC


def test_the_defaults_of_mitigation_are_those_that_are_shown() -> None:
    [shown] = [each["evaluate"]["mitigation"] for each in EXAMPLES if "mitigation" in each.get("evaluate", {})]
    assert Mitigation.model_validate(shown) == Mitigation(column=shown["column"], constraint=shown["constraint"])


def test_every_constraint_is_explained() -> None:
    for constraint in ("demographic_parity", "equal_opportunity", "equalized_odds"):
        assert f"| `{constraint}` |" in DOC
