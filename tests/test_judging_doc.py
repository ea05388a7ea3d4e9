"""The examples of params.yaml in docs/JUDGING.md are what the sections take."""

import re
from pathlib import Path

import yaml

from slipway.product.params import Params

TEXT = (Path(__file__).parents[1] / "docs/JUDGING.md").read_text()
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


def test_every_example_is_a_part_of_params_yaml():
    assert EXAMPLES
    for example in EXAMPLES:
        for name, section in example.items():
            model = Params.model_fields[name].annotation
            assert model is not None
            needed = {"product": {"kind": "tabular"}, "train": {"network": {"name": "mlp"}}}.get(name, {})
            model.model_validate({**needed, **section})
