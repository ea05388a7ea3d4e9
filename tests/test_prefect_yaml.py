"""prefect.yaml and products.yaml agree: no deployment lacks its product, and the example products have theirs."""

import importlib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
PRODUCTS = yaml.safe_load((ROOT / "products/products.yaml").read_text())["products"]


def test_each_deployment_is_that_of_one_product_and_the_examples_have_one():
    names = [one["name"] for one in DEPLOYMENTS]
    assert {"cancer", "digits", "adult", "fashion", "sentiment"} <= set(names) <= set(PRODUCTS)
    assert len(names) == len(set(names))
    assert all(one["parameters"] == {"product": one["name"]} for one in DEPLOYMENTS)


def test_every_deployment_runs_the_flow_that_slipway_run_calls():
    for one in DEPLOYMENTS:
        path, name = one["entrypoint"].split(":")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert getattr(module, name) is importlib.import_module("flows.pipeline").pipeline
