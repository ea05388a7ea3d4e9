"""prefect.yaml and products.yaml agree: each product has its deployment, and no deployment lacks its product."""

import importlib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
PRODUCTS = yaml.safe_load((ROOT / "products/products.yaml").read_text())["products"]


def test_every_product_has_one_deployment_of_its_name_and_nothing_else_has():
    assert sorted(one["name"] for one in DEPLOYMENTS) == sorted(PRODUCTS)
    assert all(one["parameters"] == {"product": one["name"]} for one in DEPLOYMENTS)


def test_every_deployment_runs_the_flow_that_slipway_run_calls():
    for one in DEPLOYMENTS:
        path, name = one["entrypoint"].split(":")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert getattr(module, name) is importlib.import_module("flows.pipeline").pipeline
