"""dvc.yaml and the code agree: each stage depends on exactly the code that it can run."""

from pathlib import Path

import pytest
import yaml
from dvc.render.match import match_defs_renderers
from dvc.repo import Repo

from flows.code import import_closure
from slipway.drafting.writing import dvc_text
from slipway.product.product import Product
from slipway.product.reading import read_section

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


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_dvc_shows_of_a_product_is_what_a_new_one_would_have(name):
    folder = ROOT / "products" / name
    assert (folder / "dvc.yaml").read_text() == dvc_text(name, read_section(folder / "params.yaml", Product).task)


@pytest.mark.parametrize(("task", "metric"), [("classification", "accuracy"), ("regression", "rmse")])
def test_dvc_plots_losses_the_metric_and_the_learning_rate(tmp_path, task, metric):
    (tmp_path / "products/toy").mkdir(parents=True)
    (tmp_path / "products/toy/dvc.yaml").write_text(dvc_text("toy", task))
    (tmp_path / "data/toy/train").mkdir(parents=True)
    history = f"epoch,train_loss,validation_loss,validation_{metric},lr\n1,9,8,7,6\n2,5,4,3,2\n"
    (tmp_path / "data/toy/train/history.csv").write_text(history)
    Repo.init(str(tmp_path), no_scm=True).close()
    with Repo(str(tmp_path)) as repo:
        drawn = match_defs_renderers(repo.plots.show())
    assert not any(one.source_errors or one.definition_errors for one in drawn)
    plots = [one.renderer for one in drawn]
    shown = {plot.name: {(point["field"], point[point["field"]]) for point in plot.datapoints} for plot in plots}
    assert shown == {
        "toy loss": {("train_loss", "9"), ("train_loss", "5"), ("validation_loss", "8"), ("validation_loss", "4")},
        f"toy {metric} on validation rows": {(f"validation_{metric}", "7"), (f"validation_{metric}", "3")},
        "toy learning rate": {("lr", "6"), ("lr", "2")},
    }
