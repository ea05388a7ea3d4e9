"""params.yaml: every mistake is answered with the file, the key, the value and what is allowed."""

import json
from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.params import Params, json_schema, read_params
from slipway.product.product import Product
from slipway.product.reading import read_section
from slipway.product.train import Train

ROOT = Path(__file__).parents[3]


def written(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "train: {epoch: 3}",
            r"params.yaml: train.epoch is no parameter: did you mean 'epochs'\? allowed: batch_size, ",
        ),
        ("train: {lr: fast}", r"params.yaml: train.lr = 'fast': .*valid number"),
        ("train: {lr: -1}", r"train.lr = -1: .*greater than 0"),
        (
            "train: {network: {name: mlp, hiden: [1]}}",
            r"train.network.mlp.hiden is no parameter: did you mean 'hidden'",
        ),
        ("train: {network: {name: gpt}}", r"train.network = .*'mlp', 'cnn'"),
        ("evaluate: {}", r"no section 'train'. Add `train: {}`"),
        ("train: [1, 2]", r"params.yaml: train = \[1, 2\]"),
        ("train: {lr: [}", r"is no YAML"),
        ("- train", r"must hold sections"),
    ],
)
def test_a_mistake_is_named_with_its_mend(yaml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=message) as error:
        read_section(written(tmp_path, yaml), Train)
    assert len(str(error.value).splitlines()) <= 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="params.yaml does not exist"):
        read_section(tmp_path / "params.yaml", Train)


def test_a_number_as_people_write_it_is_a_number(tmp_path: Path) -> None:
    assert read_section(written(tmp_path, "train: {lr: 1e-4}"), Train).lr == 1e-4


def test_a_section_cannot_be_changed_after_it_was_checked() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Train().lr = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{kind: tabular, target: y, identifiers: [y]}", r"\['y'\] stand in more than one"),
        ("{kind: tabular, task: regression, classes: [a, b]}", r"a regression has no classes"),
        ("{kind: tabular, classes: [a, a]}", r"listed twice"),
        ("{target: y}", r"product.kind is missing"),
    ],
)
def test_roles_that_contradict_each_other_are_refused(yaml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=message):
        read_section(written(tmp_path, f"product: {yaml}"), Product)


@pytest.mark.parametrize("path", sorted(ROOT.glob("products/*/params.yaml")), ids=lambda path: path.parent.name)
def test_each_product_of_this_repository_is_right(path: Path) -> None:
    assert isinstance(read_params(path), Params)
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=../params.schema.json"


def test_the_committed_json_schema_is_that_of_the_models() -> None:
    committed = (ROOT / "products" / "params.schema.json").read_text()
    assert committed == json_schema(), "run `python -m slipway.product.params > products/params.schema.json`"


def test_every_field_has_a_description_for_editors() -> None:
    schema = json.loads(json_schema())
    bare = [
        f"{name}.{key}"
        for name, model in schema["$defs"].items()
        for key, field in model.get("properties", {}).items()
        if "description" not in field
    ]
    assert not bare
