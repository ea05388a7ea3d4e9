"""Three targets, two of them with gaps, the whole line from params.yaml: one network, one release that answers all."""

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from line import QUICK, run_line

from slipway.bundle.predictor import Predictor
from slipway.errors import DataError, ParamsError
from slipway.files import read_json
from slipway.judging.decision import read_decision
from slipway.judging.metrics import classification_metrics, regression_metrics
from slipway.learning.devices import repeatable
from slipway.learning.loop import Training
from slipway.learning.material import Material, prepared
from slipway.learning.streaming import Streamed
from slipway.learning.trained import load_network, scores
from slipway.product.augment import Policy
from slipway.product.deploy import Deploy, DeployGate
from slipway.product.ingest import Ingest
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.product.serve import Serve
from slipway.product.validate import Validate
from slipway.report.page import render
from slipway.report.reading import gather
from slipway.serving.openapi import predict_path
from slipway.serving.process import server_process
from slipway.serving.service import Service
from slipway.tables.schema import read_schema
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from tasks.deploy import Origin, deploy
from tasks.ingest import ingest
from tasks.preprocess import preprocess
from tasks.train import train
from tasks.validate import validate

PRODUCT = Product.model_validate(
    {
        "kind": "tabular",
        "target": "kind",
        "more_targets": {"price": {"task": "regression"}, "sold": {"classes": ["no", "yes"]}},
        "ignore": ["name"],
    }
)
SUITE = (
    "name: any\nexpectations:\n"
    "  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}, severity: critical}\n"
)
TRAINING = QUICK.model_copy(update={"epochs": 30, "patience": 30, "loss_weights": {"price": 0.5}})


def houses(num_rows: int) -> pl.DataFrame:
    """What a house is follows from its rooms; its price from rooms and age; that it is sold from the price."""
    rng = random.Random(7)
    rows = []
    for index in range(num_rows):
        rooms, age = rng.randint(1, 9), rng.uniform(0, 50)
        price = 100.0 * rooms - 3 * age + rng.gauss(0, 5)
        rows.append(
            {
                "name": f"house {index}",
                "rooms": rooms,
                "age": round(age, 2),
                "kind": "flat" if rooms < 4 else "house" if rooms < 8 else "castle",
                "price": None if rng.random() < 0.3 else round(price, 2),
                "sold": None if rng.random() < 0.4 else "yes" if price < 350 else "no",
            }
        )
    return pl.DataFrame(rows)


def cleaned(root: Path, product: Product, rows: pl.DataFrame) -> Path:
    """Bring rows from a file to what preprocess writes."""
    source = root / "source"
    source.mkdir(parents=True)
    rows.write_csv(source / "rows.csv")
    suite = root / "suite.yaml"
    suite.write_text(SUITE)
    ingest(source, root / "ingest", Ingest.model_validate({"source": "rows.csv"}), product)
    validate(root / "ingest", suite, root / "checked", Validate())
    return preprocess(root / "checked", suite, root / "preprocess", Preprocess())


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("line")
    return run_line(root, preprocess=cleaned(root, PRODUCT, houses(600)), training=TRAINING, checked=root / "checked")


def test_targets_are_no_features_and_a_missing_one_drops_no_row(line):
    schema = read_schema(line / "preprocess")
    assert [column.name for column in schema.features] == ["rooms", "age"]
    assert schema.classes == ["castle", "flat", "house"]
    assert schema.more_targets["sold"].classes == ["no", "yes"]
    report = read_json(line / "preprocess" / "cleaning.json")
    assert sum(report["rows"][part] for part in ("train", "validation", "test")) == 600


def test_each_target_is_learned_by_a_head_of_one_network(line):
    assert read_json(line / "train" / "model.json")["heads"] == {"kind": 3, "price": 1, "sold": 2}
    assert read_json(line / "evaluate" / "metrics.json")["accuracy"] > 0.85
    explained = read_json(line / "evaluate" / "explanations.json")
    assert explained["metric"] == "log_loss", "the main target is explained"
    assert {each["explained"] for each in explained["examples"]} <= set(read_decision(line / "evaluate").classes)
    further = read_json(line / "evaluate" / "targets.json")
    assert further["price"]["metrics"]["r2"] > 0.9
    assert further["sold"]["metrics"]["accuracy"] > 0.85


def test_metrics_of_further_targets_are_those_of_the_rows_that_have_them(line):
    test = pl.read_parquet(line / "evaluate" / "predictions.parquet").filter(pl.col("split") == "test")
    assert test.columns == [
        *("_id", "split", "target", "prediction", "p_castle", "p_flat", "p_house"),
        *("price.target", "sold.target", "price.prediction", "sold.prediction", "sold.p_no", "sold.p_yes"),
    ]
    further = read_json(line / "evaluate" / "targets.json")
    priced, sold = test.drop_nulls("price.target"), test.drop_nulls("sold.target")
    assert 0 < priced.height < test.height
    again = regression_metrics(priced["price.target"].to_numpy(), priced["price.prediction"].to_numpy())
    assert further["price"]["metrics"] == pytest.approx(again)
    truth = (sold["sold.target"] == "yes").to_numpy().astype(int)
    again = classification_metrics(truth, sold.select("sold.p_no", "sold.p_yes").to_numpy())
    assert further["sold"]["metrics"] == pytest.approx(again)
    assert set(further["sold"]["intervals"]["intervals"]) >= {"accuracy", "roc_auc", "log_loss"}


def test_a_served_release_answers_every_target_as_the_trained_network_does(line, tmp_path):
    quick = Deploy(latency_requests=20, gate=DeployGate(max_latency_p95_ms=10_000))
    origin = Origin(line / "package", line / "preprocess", line / "validate")
    deploy(origin, tmp_path / "releases", tmp_path / "failed", quick, Serve(), {})
    rows = pl.read_parquet(line / "preprocess" / "test.parquet").head(20)
    with server_process(tmp_path / "releases", Serve(), tmp_path / "log") as client:
        status, content = client.predict(rows.select("rooms", "age").to_dicts())
    assert status == 200
    outputs = scores(load_network(line / "train"), features(rows, read_transform(line / "privatize")))
    decision = read_decision(line / "evaluate")
    kinds = decision.probabilities(outputs[:, :3])
    sold = decision.of("sold").probabilities(outputs[:, 4:])
    for row, answer in enumerate(content["predictions"]):
        assert list(answer["probabilities"].values()) == pytest.approx(kinds[row], abs=2e-2)  # int8, perhaps
        assert list(answer["targets"]) == ["price", "sold"]
        assert answer["targets"]["price"]["value"] == pytest.approx(outputs[row, 3], abs=0.1 * 250)
        assert answer["targets"]["sold"]["probabilities"] == pytest.approx(
            dict(zip(["no", "yes"], sold[row], strict=True)), abs=2e-2
        )
        assert answer["targets"]["sold"]["label"] in ("no", "yes")


def test_the_export_answers_as_the_trainer_does(line):
    fidelity = read_json(line / "compress" / "fidelity.json")
    assert fidelity["parity_error"] < 1e-4
    assert fidelity["agreement_pct"] >= 95


def test_the_bundle_documents_every_target(line):
    bundle = line / "package" / "bundle"
    service = Service(Predictor(bundle), "v0001", Serve())
    signature = service.predictor.signature
    assert {name: target.task for name, target in signature.targets.items()} == {
        "kind": "classification",
        "price": "regression",
        "sold": "classification",
    }
    assert [output.name for output in signature.outputs] == ["label", "probabilities", "targets"]
    answer = predict_path(service)["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    fields = answer["properties"]["predictions"]["items"]["properties"]["targets"]["properties"]
    assert fields["sold"]["properties"]["label"]["enum"] == ["no", "yes"]
    card = (bundle / "card.md").read_text()
    assert "further target: sold, one of no, yes" in card
    assert "Of price:" in card
    assert set(read_json(bundle / "targets.json")) == {"price", "sold"}


def test_the_report_shows_the_metrics_of_every_target(line):
    page = render(gather(line, line / "releases"))
    assert "<h3>price</h3>" in page
    assert "root mean squared error" in page


def test_targets_side_by_side_are_nan_where_they_are_missing(line):
    rows = Material.of(line / "augment", line / "privatize").validation()
    frame = pl.read_parquet(line / "privatize" / "validation.parquet")
    assert rows.targets.shape == (frame.height, 3)
    assert np.array_equal(rows.targets[:, 1].isnan().numpy(), frame["price"].is_null().to_numpy())
    assert np.array_equal(rows.targets[:, 2].isnan().numpy(), frame["sold"].is_null().to_numpy())
    assert not rows.targets[:, 0].isnan().any()


def test_a_blend_of_rows_with_gaps_is_learned_in_pieces_as_in_one(line):
    material, params = Material.of(line / "augment", line / "privatize"), TRAINING
    cpu = torch.device("cpu")
    rows, weights = material.train(params, cpu), []
    for pieces in (1, 3):
        with repeatable(1, 1):
            network, _ = prepared(material, params, rows.known)
            training = Training(network, rows, material.validation(), params, Policy(mixup=0.4), seed=1)
            training.stepper.num_pieces = pieces
            training.run_epoch()
        weights.append(network.state_dict()["body.0.weight"])
    assert torch.allclose(*weights, atol=1e-5)


def test_streamed_rows_have_all_targets(line, monkeypatch):
    monkeypatch.setattr("slipway.learning.material.TARGETS_AT_ONCE", 50)
    material = Material.of(line / "augment", line / "privatize")
    held = material.train(TRAINING, torch.device("cpu"))
    params = TRAINING.model_copy(update={"max_resident_gib": 0, "shuffle_buffer_gib": 1e-6})
    streamed = material.train(params, torch.device("cpu"))
    assert isinstance(streamed, Streamed)
    targets = [torch.cat([y for _, y in each.batches(32, seed=1)]) for each in (held, streamed)]
    sums = [each.nan_to_num(-1).sort(0).values for each in targets]
    assert torch.equal(*sums)
    assert str(held.known) == str(streamed.known)


def test_an_ensemble_of_several_targets_is_refused_before_it_is_trained(line, tmp_path):
    with pytest.raises(ParamsError, match=r"train\.ensemble .* leave it out"):
        train(line / "augment", line / "privatize", tmp_path / "t", TRAINING.model_copy(update={"ensemble": 2}))


@pytest.mark.slow
def test_two_processes_learn_of_all_targets_what_one_does(line, tmp_path):
    changes = {"epochs": 3, "patience": 3, "class_weights": "balanced"}
    params = [TRAINING.model_copy(update={**changes, "processes": processes}) for processes in (1, 2)]
    folders = [train(line / "augment", line / "privatize", tmp_path / str(each.processes), each) for each in params]
    one, two = (load_network(folder).state_dict() for folder in folders)
    for name, tensor in one.items():
        assert torch.allclose(tensor, two[name], atol=1e-4), name


@pytest.mark.parametrize(
    ("more", "change", "message"),
    [
        ({"prise": {}}, {}, "product.more_targets: the source has no column 'prise'; did you mean 'price'"),
        ({"sold": {}}, {"sold": pl.lit("yes")}, "column 'sold' has the one class"),
        ({"sold": {}}, {"sold": pl.lit(None)}, "column 'sold' is missing in every row"),
        ({"price": {"task": "regression"}}, {"price": pl.lit(None)}, "column 'price' is missing in every row"),
        ({"sold": {"classes": ["a", "b"]}}, {}, "product.more_targets.sold.classes are .*none is in common"),
        ({"kind": {}, "sold": {"classes": ["no", "maybe"]}}, {}, r"holds \['yes'\], not among \['no', 'maybe'\]"),
        ({"price": {}}, {}, "too many for classes .* set product.more_targets.price.task: regression"),
    ],
)
def test_a_target_that_cannot_be_learned_is_named(tmp_path, more, change, message):
    product = Product.model_validate({"kind": "tabular", "target": "age", "task": "regression", "more_targets": more})
    rows = houses(1500).with_columns(**change)
    with pytest.raises(DataError, match=message):
        cleaned(tmp_path, product, rows)
