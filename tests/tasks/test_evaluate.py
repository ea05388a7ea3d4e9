"""Evaluate writes the same judgement twice, and its files agree with each other."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from slipway.errors import DataError, ParamsError
from slipway.files import write_json
from slipway.learning.trained import save_network
from slipway.networks.building import Architecture, build
from slipway.product.evaluate import Evaluate
from slipway.product.explanations import Explanations
from slipway.product.networks import MLP
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.fitted import Number, Transform
from tasks.evaluate import evaluate

FEW = Explanations(rows=40, repeats=1, steps=10)
PARAMS = Evaluate(bootstrap_samples=100, explanations=FEW)


def make_stages(
    root: Path,
    *,
    task: str = "classification",
    weight: float = 2.0,
    names: tuple[str, ...] = ("no", "yes"),
    sensitive: Sequence[str] = (),
) -> list[Path]:
    """Folders of a linear model that looks at `x`: its classes grow with it, or it answers x * weight."""
    classes = list(names) if task == "classification" else None
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
    write_json(privatize / "receipt.json", {"private": False})
    frame(classes, seed=3, first=80).write_parquet(privatize / "train.parquet")
    frame(classes, seed=1, first=0).write_parquet(privatize / "validation.parquet")
    frame(classes, seed=2, first=40).write_parquet(preprocess / "test.parquet")
    outputs = len(classes) if classes else 1
    architecture = Architecture(network=MLP(hidden=[]), inputs=(1,), outputs=outputs, task=task)
    network = build(architecture)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            rows = torch.linspace(-weight if classes else weight, weight, outputs)[:, None]
            parameter.copy_(rows if name.endswith("weight") else torch.zeros_like(parameter))
    save_network(network, architecture, train)
    (train / "history.csv").write_text("epoch,train_loss,validation_loss,lr\n1,0.5,0.6,0.1\n2,0.4,0.5,0.05\n")
    return [train, privatize, preprocess]


def frame(classes: list[str] | None, *, seed: int, first: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    x = random.normal(size=40)
    noisy = x + random.normal(size=40) / 2
    target = np.array(classes)[(noisy[:, None] > np.arange(len(classes) - 1)).sum(axis=1)] if classes else 2 * noisy
    return pl.DataFrame({"_id": pl.Series(np.arange(first, first + 40), dtype=pl.UInt32), "x": x, "y": target})


def test_a_classification_writes_its_files_and_they_agree(tmp_path: Path) -> None:
    out = evaluate(*make_stages(tmp_path), tmp_path / "evaluate", PARAMS)
    assert sorted(path.name for path in out.iterdir()) == [
        "baselines.json",
        "calibration.svg",
        "confusion.svg",
        "decision.json",
        "explained.svg",
        "explanations.json",
        "fairness.json",
        "importance.svg",
        "intervals.json",
        "learning.svg",
        "metrics.json",
        "mistakes.json",
        "notes.json",
        "precision_recall.svg",
        "predictions.parquet",
        "robustness.json",
        "robustness.svg",
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
    assert told["mitigation"] == [done]
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


def test_without_the_section_nothing_is_explained(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS.model_copy(update={"explanations": None}))
    assert not [path.name for path in out.iterdir() if path.stem in ("explanations", "importance", "explained")]
    (stages[1] / "receipt.json").write_text('{"private": true}')
    private = json.loads((evaluate(*stages, tmp_path / "private", PARAMS) / "explanations.json").read_text())
    assert all(list(each) == ["_id"] for each in private["examples"])
    assert private["examples"]


def test_a_diverged_network_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="NaN or infinite"):
        evaluate(*make_stages(tmp_path, weight=float("nan")), tmp_path / "evaluate", PARAMS)
    assert not (tmp_path / "evaluate").exists()
    assert "NaN" in (tmp_path / "failed" / "evaluate" / "error.txt").read_text()


def shown(out: Path) -> list[str]:
    return json.loads((out / "notes.json").read_text())["notes"]


def with_targets(path: Path, **targets: str) -> None:
    """Give all rows of a part one class, or some of a third."""
    rows = pl.read_parquet(path)
    rows.with_columns(**{name: pl.lit(value) for name, value in targets.items()}).write_parquet(path)


def test_validation_rows_of_one_class_fit_no_temperature_and_the_rest_is_made(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    with_targets(stages[1] / "validation.parquet", y="no")
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS.model_copy(update={"costs": {"yes": {"no": 3.0}}}))
    assert shown(out) == [
        "the validation rows hold one class alone, 'no': no temperature was fitted, and probabilities are not "
        "calibrated"
    ]
    assert json.loads((out / "decision.json").read_text())["temperature"] == 1
    assert {"metrics.json", "costs.json", "costs.svg", "roc.svg"} <= {path.name for path in out.iterdir()}


def test_test_rows_of_one_class_have_no_curves_and_the_rest_is_made(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    with_targets(stages[2] / "test.parquet", y="no")
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS)
    first, second = shown(out)
    assert first.startswith("no test row has the class 'yes': averages are over the others")
    assert second == "the test rows are of one class: there is no ROC, no precision against recall and no roc_auc"
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["roc_auc"] is None
    assert 0 < metrics["accuracy"] < 1
    names = {path.name for path in out.iterdir()}
    assert {"confusion.svg", "calibration.svg", "intervals.json"} <= names
    assert not {"roc.svg", "precision_recall.svg"} & names


def test_a_model_that_tells_nothing_apart_is_noted_and_drawn(tmp_path: Path) -> None:
    out = evaluate(*make_stages(tmp_path, weight=0), tmp_path / "evaluate", PARAMS)
    assert shown(out) == ["every test row is given the class 'no': the model tells no classes apart"]
    assert json.loads((out / "metrics.json").read_text())["roc_auc"] == 0.5
    assert (out / "precision_recall.svg").exists()
    other = tmp_path / "regression"
    out = evaluate(*make_stages(other, task="regression", weight=0), other / "evaluate", PARAMS)
    assert shown(out) == ["every test row is given the same value: the model tells no rows apart"]


def test_no_test_rows_are_refused(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    pl.read_parquet(stages[2] / "test.parquet").clear().write_parquet(stages[2] / "test.parquet")
    with pytest.raises(DataError, match=r"no test row has a value of 'y': enlarge preprocess\.split"):
        evaluate(*stages, tmp_path / "evaluate", PARAMS)


def test_no_validation_rows_leave_the_probabilities_as_they_are(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    pl.read_parquet(stages[1] / "validation.parquet").clear().write_parquet(stages[1] / "validation.parquet")
    out = evaluate(*stages, tmp_path / "evaluate", PARAMS.model_copy(update={"costs": {"yes": {"no": 3.0}}}))
    assert shown(out)[0].startswith("the validation rows are none: no temperature was fitted")
    assert not (out / "costs.svg").exists()


def test_costs_move_the_classes_of_predictions_and_metrics(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    plain = evaluate(*stages, tmp_path / "plain", PARAMS)
    out = evaluate(*stages, tmp_path / "costs", Evaluate(bootstrap_samples=100, costs={"yes": {"no": 9}}))
    rows = pl.read_parquet(out / "predictions.parquet")
    assert (
        rows["prediction"]
        == pl.select(pl.when(rows["p_yes"] > 0.1).then(pl.lit("yes")).otherwise(pl.lit("no"))).to_series()
    ).all()
    test = rows.filter(pl.col("split") == "test")
    one, other = (json.loads((each / "metrics.json").read_text()) for each in (plain, out))
    assert other["accuracy"] == (test["target"] == test["prediction"]).mean() != one["accuracy"]
    assert {other[name] == one[name] for name in ("roc_auc", "log_loss", "ece")} == {True}
    saved = json.loads((out / "costs.json").read_text())["cost_per_row"]["saved"]
    assert saved["value"] > 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"costs": {"never": {"no": 1}}}, r"evaluate\.costs names 'never'"),
        ({"mitigation": {"column": "x", "constraint": "equalized_odds"}}, r"'x' is not among product\.sensitive \[\]"),
    ],
)
def test_a_decision_that_does_not_fit_the_product_is_refused(tmp_path: Path, params: dict, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        evaluate(*make_stages(tmp_path), tmp_path / "evaluate", Evaluate.model_validate(params))


def test_a_regression_has_no_costs(tmp_path: Path) -> None:
    stages = make_stages(tmp_path, task="regression")
    with pytest.raises(ParamsError, match=r"evaluate\.costs is for task: classification, and product\.task is regr"):
        evaluate(*stages, tmp_path / "evaluate", Evaluate(costs={"yes": {"no": 9}}))


def test_answers_to_validation_rows_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    stages = make_stages(tmp_path)
    path = stages[1] / "validation.parquet"
    pl.read_parquet(path).with_columns(x=pl.lit(1e300)).write_parquet(path)
    with pytest.raises(DataError, match="40 of 40 rows of the model's outputs are NaN or infinite"):
        evaluate(*stages, tmp_path / "evaluate", PARAMS)


def test_costs_of_three_classes_have_no_threshold_and_a_class_may_be_absent(tmp_path: Path) -> None:
    stages = make_stages(tmp_path, names=("low", "middle", "high"))
    path = stages[2] / "test.parquet"
    pl.read_parquet(path).with_columns(y=pl.col("y").replace("high", "middle")).write_parquet(path)
    out = evaluate(*stages, tmp_path / "evaluate", Evaluate(bootstrap_samples=100, costs={"high": {"low": 9}}))
    assert shown(out) == ["no test row has the class 'high': averages are over the others. Enlarge preprocess.split"]
    decision, costs = (json.loads((out / name).read_text()) for name in ("decision.json", "costs.json"))
    assert "threshold" not in decision and decision["costs"] == [[0, 1, 1], [1, 0, 1], [9, 1, 0]]
    assert (costs["threshold"], list(costs["cost_per_row"])) == (None, ["most_probable", "least_cost", "saved"])
    assert {"roc.svg", "precision_recall.svg"} <= {path.name for path in out.iterdir()}
    rows = pl.read_parquet(out / "predictions.parquet")
    expected = rows.select("p_low", "p_middle", "p_high").to_numpy() @ np.array(decision["costs"])
    assert rows["prediction"].to_list() == [["low", "middle", "high"][place] for place in expected.argmin(axis=1)]
    assert (expected.argmin(axis=1) != rows.select("p_low", "p_middle", "p_high").to_numpy().argmax(axis=1)).any()
