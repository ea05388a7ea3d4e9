"""dvc.yaml and the code agree: each stage depends on exactly the code that it can run."""

from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from flows.code import import_closure

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PRODUCTS = yaml.safe_load((ROOT / "products/products.yaml").read_text())["products"]
ORDER = ["ingest", "validate", "preprocess", "privatize", "augment", "train", "evaluate", "compress", "package"]


def test_the_nine_stages_stand_in_order():
    assert list(STAGES) == ORDER


@pytest.mark.parametrize("name", ORDER)
def test_a_stage_depends_on_its_import_closure(name):
    closure = sorted(str(path) for path in import_closure(f"tasks.{name}", ROOT))
    listed = [path for path in STAGES[name]["deps"] if path.endswith(".py")]
    right = "\n".join(f"      - {path}" for path in closure)
    assert listed == closure, f"the code dependencies of {name} in dvc.yaml should be:\n{right}"


@pytest.mark.parametrize("name", ORDER)
def test_a_stage_writes_the_folder_of_its_name_for_every_product(name):
    stage = STAGES[name]
    assert stage["matrix"] == {"product": "${products}"}
    assert stage["outs"] == [f"data/${{item.product}}/{name}"]
    assert stage["cmd"].startswith(f"python -m tasks.{name} ")


def test_the_model_of_a_product_is_addressed_by_name():
    """`dvc artifacts get REPOSITORY products/NAME:NAME` does so where a tag products/NAME=NAME@v1.0.0 stands."""
    with Repo(str(ROOT)) as repo:
        for name in PRODUCTS:
            assert repo.artifacts.get_path(f"products/{name}:{name}") == f"data/{name}/package/bundle"


def test_every_product_has_its_files():
    for name in PRODUCTS:
        folder = ROOT / "products" / name
        assert {path.name for path in folder.glob("*.yaml")} >= {
            "params.yaml",
            "raw.suite.yaml",
            "clean.suite.yaml",
            "dvc.yaml",
        }
        assert (folder / "source").is_dir()
