"""A server gives the label that evaluate gave to the same row: by costs, and by thresholds of groups."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from slipway.bundle.predictor import Predictor
from slipway.product.compress import Compress
from slipway.product.evaluate import Evaluate
from slipway.product.package import Package
from slipway.product.serve import Serve
from slipway.serving.process import server_process
from slipway.tables.schema import read_schema
from tasks.compress import compress
from tasks.evaluate import evaluate
from tasks.package import package

COSTS = {"yes": {"no": 4}}
ALIKE = {"constraint": "demographic_parity", "max_difference": 0.1, "min_rows": 5}


def judging(column: str) -> Evaluate:
    return Evaluate.model_validate(
        {"bootstrap_samples": 100, "costs": COSTS, "mitigation": {"column": column, **ALIKE}}
    )


def decided(line: Path, root: Path, column: str) -> Path:
    """Evaluate, compress and package the line's network again, by groups of a column."""
    shutil.copytree(line / "privatize", root / "privatize")
    schema = read_schema(line / "privatize")
    sensitive = schema.product.model_copy(update={"sensitive": ["job", "age"]})
    schema.model_copy(update={"product": sensitive}).write(root / "privatize")
    for stage in ("preprocess", "train", "validate"):
        (root / stage).symlink_to(line / stage)
    evaluate(root / "train", root / "privatize", root / "preprocess", root / "evaluate", judging(column))
    inputs = [root / stage for stage in ("train", "evaluate", "privatize", "preprocess")]
    compress(*inputs, root / "compress", Compress())
    stages = [root / stage for stage in ("compress", "evaluate", "train", "privatize", "preprocess", "validate")]
    package(*stages, root / "package", Package(examples=3))
    return root


@pytest.fixture(scope="module")
def by_job(line: Path, tmp_path_factory) -> Path:
    return decided(line, tmp_path_factory.mktemp("by_job"), "job")


@pytest.fixture(scope="module")
def by_age(line: Path, tmp_path_factory) -> Path:
    return decided(line, tmp_path_factory.mktemp("by_age"), "age")


def records_of(root: Path, part: str) -> tuple[list[dict], list[str]]:
    """The rows of a part as raw records, and the classes that evaluate gave to them."""
    folder = {"test": "preprocess", "validation": "privatize"}[part]
    rows = pl.read_parquet(root / folder / f"{part}.parquet").select("age", "job")
    given = pl.read_parquet(root / "evaluate" / "predictions.parquet").filter(pl.col("split") == part)
    return rows.to_dicts(), given["prediction"].to_list()


@pytest.mark.parametrize("name", ["by_job", "by_age"])
@pytest.mark.parametrize("part", ["test", "validation"])
def test_the_bundle_gives_the_label_of_the_predictions(name, part, request):
    root = request.getfixturevalue(name)
    records, given = records_of(root, part)
    predictor = Predictor(root / "package" / "bundle")
    assert [one["label"] for one in predictor.predict(records)] == given
    assert [predictor.predict([record])[0]["label"] for record in records[:10]] == given[:10]


@pytest.mark.parametrize("name", ["by_job", "by_age"])
def test_thresholds_of_groups_change_labels(name, request):
    root = request.getfixturevalue(name)
    decision = json.loads((root / "evaluate" / "decision.json").read_text())
    assert decision["threshold"] == pytest.approx(0.2)
    assert len(set(decision["group_thresholds"]["thresholds"].values())) > 1
    rows = pl.read_parquet(root / "evaluate" / "predictions.parquet")
    by_common = pl.when(pl.col("p_yes") > decision["threshold"]).then(pl.lit("yes")).otherwise(pl.lit("no"))
    assert rows.select((by_common != pl.col("prediction")).sum()).item() > 0
    predictor = Predictor(root / "package" / "bundle")
    records, given = records_of(root, "test")
    probable = ["yes" if one["probabilities"]["yes"] > 0.5 else "no" for one in predictor.predict(records)]
    assert probable != given


def test_a_real_server_gives_the_same_labels_and_documents_how(by_job, tmp_path):
    records, given = records_of(by_job, "test")
    with server_process(by_job / "package" / "bundle", Serve(), tmp_path / "log") as client:
        status, content = client.predict(records)
        assert (status, [one["label"] for one in content["predictions"]]) == (200, given)
        openapi = client.request("GET", "/openapi.json")[1]
        page = client.request("GET", "/docs")[1]
    answer = openapi["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    label = answer["properties"]["predictions"]["items"]["properties"]["label"]
    assert label["description"].startswith("yes where its probability is above 0.2, or by job above ")
    assert label["description"] in page


def test_examples_hold_the_decided_labels(by_job):
    bundle = by_job / "package" / "bundle"
    predictor = Predictor(bundle)
    examples = json.loads((bundle / "examples.json").read_text())["examples"]
    assert [one["output"]["label"] for one in examples] == [
        predictor.predict([one["input"]])[0]["label"] for one in examples
    ]


def test_costs_json_tells_what_the_rules_save_on_test(by_job):
    costs = json.loads((by_job / "evaluate" / "costs.json").read_text())
    assert costs["costs"] == {"no": {"no": 0, "yes": 1}, "yes": {"no": 4, "yes": 0}}
    assert list(costs["cost_per_row"]) == ["most_probable", "least_cost", "group_thresholds", "saved"]
    rows = pl.read_parquet(by_job / "evaluate" / "predictions.parquet").filter(pl.col("split") == "test")
    paid = [costs["costs"][true][given] for true, given in rows.select("target", "prediction").iter_rows()]
    assert costs["cost_per_row"]["group_thresholds"]["value"] == pytest.approx(sum(paid) / len(paid), abs=1e-6)
    assert (by_job / "evaluate" / "costs.svg").exists()
    metrics = json.loads((by_job / "evaluate" / "metrics.json").read_text())
    assert metrics["accuracy"] == pytest.approx((rows["target"] == rows["prediction"]).mean())


def test_the_card_says_how_a_class_is_chosen(by_job):
    card = (by_job / "package" / "bundle" / "card.md").read_text()
    assert "yes where its probability is above 0.2, or by job above " in card
