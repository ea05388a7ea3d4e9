"""Products whose data is published run from its files to a release; skipped where SLIPWAY_DATA does not hold them."""

import json
import os
from pathlib import Path

import pytest
import yaml
from project_copy import command, served

DATA = os.environ.get("SLIPWAY_DATA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DATA is None, reason="SLIPWAY_DATA names no folder of published files"),
]


def require(*names: str) -> None:
    lacking = [name for name in names if not list(Path(str(DATA)).rglob(name))]
    if lacking:
        pytest.skip(f"SLIPWAY_DATA holds no {', '.join(lacking)}")


def test_adult_runs_from_its_two_files_to_a_release(copy: Path) -> None:
    require("adult.data", "adult.test")
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", "adult", "--plain", "--json"))
    assert result["metrics"]["accuracy"] > 0.84
    assert result["metrics"]["rows"] == 16_281
    assert {each["label"] for each in served(copy, "adult")} <= {"<=50K", ">50K"}


def test_fashion_runs_from_its_four_files_to_a_release(copy: Path) -> None:
    """With one epoch of a smaller network and a lower floor at the gate: what is tested is the line."""
    require("t10k-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz")
    path = copy / "products" / "fashion" / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["train"] |= {"epochs": 1, "network": {"name": "cnn", "channels": [8, 16], "hidden": 32, "dropout": 0.0}}
    params["package"]["gate"]["metrics"]["accuracy"]["min"] = 0.7
    path.write_text(yaml.safe_dump(params))
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", "fashion", "--plain", "--json"))
    assert result["metrics"]["accuracy"] > 0.7
    assert result["metrics"]["rows"] == 10_000
    assert len(served(copy, "fashion")[0]["probabilities"]) == 10


def test_mnist_runs_from_its_four_files_to_a_release(copy: Path) -> None:
    """With one epoch of its LeNet-5 and a lower floor at the gate."""
    require("t10k-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz")
    path = copy / "products" / "mnist" / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["train"]["epochs"] = 1
    params["package"]["gate"]["metrics"]["accuracy"]["min"] = 0.9
    path.write_text(yaml.safe_dump(params))
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", "mnist", "--plain", "--json"))
    assert result["metrics"]["accuracy"] > 0.95
    assert result["metrics"]["rows"] == 10_000
    assert len(served(copy, "mnist")[0]["probabilities"]) == 10


def test_sentiment_runs_from_its_three_files_to_a_release(copy: Path) -> None:
    """With one epoch of a smaller network and a lower floor at the gate: what is tested is the line."""
    require("train.tsv", "dev.tsv", "test.tsv")
    path = copy / "products" / "sentiment" / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["train"] |= {"epochs": 1, "network": {"name": "lstm", "embedding": 16, "hidden": 16}}
    params["package"]["gate"]["metrics"] = {"accuracy": {"min": 0.6}}
    path.write_text(yaml.safe_dump(params))
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", "sentiment", "--plain", "--json"))
    assert result["metrics"]["accuracy"] > 0.6
    assert result["metrics"]["rows"] == 872
    assert {each["label"] for each in served(copy, "sentiment")} <= {"0", "1"}
