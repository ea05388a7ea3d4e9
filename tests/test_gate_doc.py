"""docs/GATE.md is true: its sections of params.yaml are ones, and it names every limit with its default."""

import re
from pathlib import Path

import pytest
import yaml

from slipway.product.deploy import Deploy, DeployGate
from slipway.product.package import Gate, Package

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "GATE.md").read_text()


def test_its_examples_are_sections_of_params() -> None:
    package, deploy = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL))
    gate = Package.model_validate(package["package"]).gate
    assert (gate.worst_group.min_rows, gate.robustness[0].curve) == (50, "noise")
    assert Deploy.model_validate(deploy["deploy"]).gate == DeployGate()


@pytest.mark.parametrize("name", [*Gate.model_fields, *DeployGate.model_fields])
def test_every_key_is_explained(name: str) -> None:
    assert re.search(rf"\b{name}\b", DOC)


def test_the_defaults_that_it_names_are_so() -> None:
    rows = dict(re.findall(r"\| `(\w+)` \| ([\d.e-]+)(?: %)? \|", DOC))
    assert {name: float(value) for name, value in rows.items()} == {
        name: getattr(Gate(), name)
        for name in (
            *("min_test_rows", "max_refused_pct", "max_parity_error", "max_batch_difference", "min_agreement_pct"),
            *("max_retrained_drop", "max_zero_weights_pct"),
        )
    }


def test_readme_links_it() -> None:
    assert "(docs/GATE.md)" in (ROOT / "README.md").read_text()
