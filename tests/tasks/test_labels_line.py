"""Many labels for a row, beside a second target of labels and a number, the whole line: each label its own answer."""

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from line import QUICK, run_line
from test_targets_line import cleaned

from slipway.bundle.predictor import Predictor
from slipway.errors import DataError, ParamsError
from slipway.files import read_json
from slipway.judging.label_metrics import label_metrics
from slipway.product.augment import Augment
from slipway.product.deploy import Deploy, DeployGate
from slipway.product.product import Product
from slipway.product.serve import Serve
from slipway.report.page import render
from slipway.report.reading import gather
from slipway.serving.openapi import predict_path
from slipway.serving.process import server_process
from slipway.serving.service import Service
from slipway.tables.schema import read_schema
from slipway.tables.targets import targets_of
from tasks.augment import augment
from tasks.deploy import Origin, deploy

PRODUCT = {
    "kind": "tabular",
    "target": "tags",
    "task": "multilabel",
    "label_delimiter": ";",
    "missing_labels": "none",
    "more_targets": {
        "tools": {"task": "multilabel", "label_delimiter": "|"},
        "minutes": {"task": "regression"},
    },
}
TRAINING = QUICK.model_copy(update={"epochs": 25, "patience": 25})


def dishes(num_rows: int) -> pl.DataFrame:
    """Tags follow from three numbers, each by itself; some rows have none; a tool is known of two rows in three."""
    rng = random.Random(7)
    rows = []
    for index in range(num_rows):
        salt, sugar, heat = (rng.uniform(-1, 1) for _ in range(3))
        tags = [tag for tag, much in (("salty", salt), ("sweet", sugar), ("hot", heat)) if much > 0.2]
        rng.shuffle(tags)
        tools = ["pan"] * (heat > 0) + ["bowl"] * (sugar > 0)
        rows.append(
            {
                **{"salt": salt, "sugar": sugar, "heat": heat},
                "tags": "; ".join(tags) or None,
                "tools": None if index % 3 == 0 else "|".join(tools) or "|",
                "minutes": 10 + 5 * heat,
            }
        )
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("line")
    preprocess = cleaned(root, Product.model_validate(PRODUCT), dishes(500))
    return run_line(root, preprocess=preprocess, training=TRAINING, checked=root / "checked")


def test_labels_are_found_and_a_row_without_one_stays(line):
    schema = read_schema(line / "preprocess")
    assert schema.classes == ["hot", "salty", "sweet"]
    assert schema.more_targets["tools"].classes == ["bowl", "pan"]
    assert read_json(line / "preprocess" / "cleaning.json")["rows"]["without_target"] == 0
    frame = pl.read_parquet(line / "preprocess" / "train.parquet")
    tags, tools = (targets_of(frame, schema, name) for name in ("tags", "tools"))
    assert tags.shape == (frame.height, 3)
    assert (tags[frame["tags"].is_null().to_numpy()] == 0).all()
    for row, text in enumerate(frame["tags"]):
        assert {name for name, has in zip(schema.classes, tags[row], strict=True) if has} == set(
            filter(None, (text or "").split("; "))
        )
    assert np.isnan(tools[frame["tools"].is_null().to_numpy()]).all()
    assert (tools[(frame["tools"] == "|").fill_null(False).to_numpy()] == 0).all()


def test_metrics_are_under_the_names_of_metrics_json_and_each_label_has_its_own(line):
    metrics = read_json(line / "evaluate" / "metrics.json")
    assert metrics["accuracy"] > 0.7
    assert metrics["roc_auc"] > 0.95
    test = pl.read_parquet(line / "evaluate" / "predictions.parquet").filter(pl.col("split") == "test")
    truth = targets_of(test.rename({"target": "tags"}), read_schema(line / "preprocess"), "tags")
    again = label_metrics(truth, test.select("p_hot", "p_salty", "p_sweet").to_numpy())
    assert metrics == pytest.approx(again)
    labels = read_json(line / "evaluate" / "labels.json")
    assert set(labels) == {"tags", "tools"}
    assert set(labels["tags"]["labels"]) == {"hot", "salty", "sweet"}
    assert labels["tags"]["f1_micro"] > 0.9
    for row in test.iter_rows(named=True):
        given = {name for name in ("hot", "salty", "sweet") if row[f"p_{name}"] > 0.5}
        assert given == set(filter(None, row["prediction"].split(";")))
    explained = read_json(line / "evaluate" / "explanations.json")
    assert explained["importance"][0]["drop"]["low"] > 0
    assert {each["explained"] for each in explained["examples"]} <= set(labels["tags"]["labels"])
    assert {"roc.svg", "calibration.svg"} <= {path.name for path in (line / "evaluate").iterdir()}


def test_the_gate_had_a_server_answer_rows_as_the_trained_network_does(line):
    verdict = read_json(line / "package" / "verdict.json")
    assert verdict["passed"], verdict
    (agreement,) = [rule["value"] for rule in verdict["rules"] if rule["rule"].startswith("agreement")]
    assert agreement >= 98


def test_a_served_release_answers_labels_with_their_probabilities(line, tmp_path):
    quick = Deploy(latency_requests=20, gate=DeployGate(max_latency_p95_ms=10_000))
    origin = Origin(line / "package", line / "preprocess", line / "validate")
    deploy(origin, tmp_path / "releases", tmp_path / "failed", quick, Serve(), {})
    records = [{"salt": 0.9, "sugar": 0.9, "heat": -0.9}, {"salt": -0.9, "sugar": -0.9, "heat": -0.9}]
    with server_process(tmp_path / "releases", Serve(), tmp_path / "log") as client:
        status, content = client.predict(records)
    assert status == 200
    both, none = content["predictions"]
    assert both["labels"] == ["salty", "sweet"]
    assert list(both["probabilities"]) == ["hot", "salty", "sweet"]
    assert none["labels"] == []
    assert max(none["probabilities"].values()) < 0.5
    assert both["targets"]["tools"]["labels"] == ["bowl"]
    assert both["targets"]["minutes"]["value"] == pytest.approx(5.5, abs=2)


def test_the_artefact_the_signature_the_card_and_the_report_speak_of_labels(line):
    assert read_json(line / "compress" / "fidelity.json")["parity_error"] < 1e-4
    service = Service(Predictor(line / "package" / "bundle"), "v0001", Serve())
    assert [one.name for one in service.predictor.signature.outputs] == ["labels", "probabilities", "targets"]
    answer = predict_path(service)["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    fields = answer["properties"]["predictions"]["items"]["properties"]
    assert fields["labels"]["items"]["enum"] == ["hot", "salty", "sweet"]
    assert "any of hot, salty, sweet" in (line / "package" / "bundle" / "card.md").read_text()
    assert "Labels of tools: F1 over all" in render(gather(line, line / "releases"))


def test_a_row_whose_labels_are_unknown_leaves_and_a_strange_label_is_named(tmp_path):
    unknown = {**PRODUCT, "missing_labels": "unknown", "more_targets": {}}
    rows = dishes(300)
    folder = cleaned(tmp_path / "a", Product.model_validate(unknown), rows)
    assert read_json(folder / "cleaning.json")["rows"]["without_target"] == rows["tags"].null_count() > 0
    stated = {**PRODUCT, "classes": ["salty", "sweet"]}
    with pytest.raises(DataError, match=r"column 'tags' holds .*hot.*not among \['salty', 'sweet'\]"):
        cleaned(tmp_path / "b", Product.model_validate(stated), rows)


def test_rows_of_many_labels_are_not_balanced(line, tmp_path):
    with pytest.raises(ParamsError, match="needs one class for a row"):
        augment(line / "privatize", tmp_path / "augment", Augment(balance="oversample"))
