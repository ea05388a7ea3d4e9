"""Evaluate writes the same judgement twice, and its files agree with each other."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from slipway.errors import DataError
from slipway.files import write_json
from slipway.learning.trained import save_network
from slipway.networks.building import Architecture, build
from slipway.product.evaluate import Evaluate
from slipway.product.networks import MLP
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.fitted import Number, Transform
from tasks.evaluate import evaluate

PARAMS = Evaluate(bootstrap_samples=100)


def make_stages(
    root: Path, *, task: str = "classification", weight: float = 2.0, sensitive: Sequence[str] = ()
) -> list[Path]:
    """Folders of a linear model that looks at the sign of `x` (classification) or answers x * weight."""
    classes = ["no", "yes"] if task == "classification" else None
    product = Product.model_validate(
        {"kind": "tabular", "task": task, "target": "y", "classes": classes, "sensitive": sensitive}
    )
    dtype = "String" if classes else "Float64"
    schema = Schema(
        product=product, columns=[Column(name="x", dtype="Float64"), Column(name="y", dtype=dtype)], classes=classes
    )
    train, privatize, preprocess = (root / name for name in ("train", "privatize", "preprocess"))
    for folder in (train, privatize, preprocess):
        folder.mkdir(parents=True)
    schema.write(privatize)
    write_json(privatize / "receipt.json", {"private": False})
    Transform(numbers=[Number(column="x", impute=0, center=0, scale=1)]).write(privatize)
    frame(classes, seed=1, first=0).write_parquet(privatize / "validation.parquet")
    frame(classes, seed=2, first=40).write_parquet(preprocess / "test.parquet")
    outputs = 2 if classes else 1
    architecture = Architecture(network=MLP(hidden=[]), inputs=(1,), outputs=outputs, task=task)
    network = build(architecture)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            rows = torch.tensor([[-weight], [weight]][-outputs:])
            parameter.copy_(rows if name.endswith("weight") else torch.zeros_like(parameter))
    save_network(network, architecture, train)
    (train / "history.csv").write_text("epoch,train_loss,validation_loss,lr\n1,0.5,0.6,0.1\n2,0.4,0.5,0.05\n")
    return [train, privatize, preprocess]


def frame(classes: list[str] | None, *, seed: int, first: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    x = random.normal(size=40)
    noisy = x + random.normal(size=40) / 2
    target = np.where(noisy > 0, "yes", "no") if classes else 2 * noisy
    return pl.DataFrame({"_id": pl.Series(np.arange(first, first + 40), dtype=pl.UInt32), "x": x, "y": target})


def test_a_classification_writes_its_files_and_they_agree(tmp_path: Path) -> None:
    out = evaluate(*make_stages(tmp_path), tmp_path / "evaluate", PARAMS)
    assert sorted(path.name for path in out.iterdir()) == [
        "calibration.svg",
        "confusion.svg",
        "decision.json",
        "fairness.json",
        "intervals.json",
        "learning.svg",
        "metrics.json",
        "predictions.parquet",
        "roc.svg",
        "slices.json",
        "targets.json",
    ]
    metrics = json.loads((out / "metrics.json").read_text())
    test = pl.read_parquet(out / "predictions.parquet").filter(pl.col("split") == "test")
    assert test.columns == ["_id", "split", "target", "prediction", "p_no", "p_yes"]
    assert test["_id"].to_list() == list(range(40, 80))
    assert metrics["accuracy"] == (test["target"] == test["prediction"]).mean()
    assert metrics["rows"] == 40
    assert (test["p_no"] + test["p_yes"]).to_numpy() == pytest.approx(1)


def test_the_temperature_comes_from_validation_alone(tmp_path: Path) -> None:
    stages = make_stages(tmp_path / "a", weight=20)
    first = json.loads((evaluate(*stages, tmp_path / "a/evaluate", PARAMS) / "decision.json").read_text())
    assert first["temperature"] > 2
    assert first["classes"] == ["no", "yes"]
    test = stages[2] / "test.parquet"
    pl.read_parquet(test).with_columns(y=pl.lit("no")).write_parquet(test)
    assert json.loads((evaluate(*stages, tmp_path / "a/again", PARAMS) / "decision.json").read_text()) == first
    plain = evaluate(*stages, tmp_path / "a/plain", PARAMS.model_copy(update={"calibrate": False}))
    assert json.loads((plain / "decision.json").read_text())["temperature"] == 1


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    one, two = (evaluate(*stages, tmp_path / name, PARAMS) for name in ("one", "two"))
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }


def test_a_regression_has_its_own_metrics_and_picture(tmp_path: Path) -> None:
    out = evaluate(*make_stages(tmp_path, task="regression"), tmp_path / "evaluate", PARAMS)
    assert list(json.loads((out / "metrics.json").read_text())) == ["mae", "rmse", "r2", "rows"]
    assert json.loads((out / "decision.json").read_text()) == {"temperature": 1.0, "classes": None}
    assert (out / "residuals.svg").exists()
    assert not (out / "roc.svg").exists()
    predictions = pl.read_parquet(out / "predictions.parquet")
    assert predictions.schema["prediction"] == pl.Float64
    assert predictions["split"].value_counts()["count"].to_list() == [40, 40]


def test_a_mitigation_before_training_is_compared_with_the_same_network_without_it(tmp_path: Path) -> None:
    stages = make_stages(tmp_path, sensitive=["x"])
    make_stages(tmp_path / "other", weight=-2.0)
    (tmp_path / "other/train").rename(stages[0] / "before")
    done = {"name": "reweighing", "column": "x", "weights": {}, "absent": ["a with class no"]}
    write_json(stages[0] / "before" / "mitigation.json", done)
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS.model_copy(update={"min_group_rows": 5}))
    told = json.loads((out / "fairness.json").read_text())
    assert told["mitigation"] == done
    assert told["notes"][:2] == [
        "Before: the same network without reweighing by x.",
        "No training row is a with class no: there the class still depends on the group.",
    ]
    for group, figures in told["columns"]["x"]["groups"].items():
        assert figures["accuracy"]["value"] == pytest.approx(
            1 - told["before"]["x"]["groups"][group]["accuracy"]["value"]
        )
    assert "after mitigation" in (out / "fairness.svg").read_text()


def test_of_a_private_product_no_value_of_a_few_rows_is_told(tmp_path: Path) -> None:
    stages = make_stages(tmp_path, sensitive=["x"])
    write_json(stages[1] / "receipt.json", {"private": True})
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS.model_copy(update={"min_group_rows": 5}))
    told = json.loads((out / "fairness.json").read_text())["columns"]["x"]
    assert list(told["groups"]) == ["part 1", "part 2", "part 3", "part 4"]


def test_a_diverged_network_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="NaN or infinite"):
        evaluate(*make_stages(tmp_path, weight=float("nan")), tmp_path / "evaluate", PARAMS)
    assert not (tmp_path / "evaluate").exists()
    assert "NaN" in (tmp_path / "failed" / "evaluate" / "error.txt").read_text()
