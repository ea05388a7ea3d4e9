"""Models that look good and are not, each planted whole: the gate stops every one, in the real server process."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from onnx import NodeProto, helper
from tiny_packages import STEP, deployed, graph, packaged, step_at, write_inputs

from slipway.bundle.predictor import Predictor
from slipway.errors import BundleError, Refused, SlipwayError
from slipway.files import read_json
from slipway.judging.gate import broken
from slipway.product.serve import Serve
from slipway.releases import Releases
from slipway.serving.process import server_process


def numbers(num_rows: int, seed: int = 7) -> pl.DataFrame:
    """Rows whose class is told by x."""
    x = np.random.default_rng(seed).uniform(size=num_rows)
    return pl.DataFrame({"x": x, "y": np.where(x > 0.5, "yes", "no")})


@pytest.fixture(scope="module")
def champion(tmp_path_factory) -> Path:
    """A good model, packaged and released: releases/ and data/; treat it as read-only."""
    root = tmp_path_factory.mktemp("champion")
    data = write_inputs(root / "data", graph(step_at(), STEP), numbers(120))
    packaged(data, metrics={"accuracy": {"min": 0.99}, "ece": {"max": 0.06}}, min_class_recall=0.9, max_size_kib=2)
    deployed(data, root / "releases")
    return root


def failed(verdict: dict) -> list[str]:
    """Return the names of the rules that were broken, after checking that the verdict says so."""
    names = [rule["rule"] for rule in verdict["rules"] if not rule["passed"]]
    assert verdict["passed"] is (not names)
    return names


def test_a_good_model_keeps_every_rule_and_each_is_told_with_its_number(champion: Path) -> None:
    verdict = read_json(champion / "data" / "package" / "verdict.json")
    assert failed(verdict) == []
    assert {rule["rule"]: rule["value"] for rule in verdict["rules"]} == {
        "test rows at least": 120,
        "test rows that the server refuses, in percent at most": 0.0,
        "test rows without a finite answer at most": 0,
        "accuracy on test at least": 1.0,
        "ece on test at most": pytest.approx(0.05),
        "recall of the worst class (no) at least": 1.0,
        "difference of the fp32 export from the network that it holds at most": 0.0,
        "difference of answers in batches of 32 from those in batches of 1 at most": 0.0,
        "difference of answers in batches of 256 from those in batches of 32 at most": 0.0,
        "agreement with the trained model, in percent at least": 100.0,
        "size of model.onnx in KiB, as candidates.csv says, at most": pytest.approx(0.8, abs=0.5),
        "size of model.onnx in KiB at most": pytest.approx(0.8, abs=0.5),
        "weights of model.onnx that are zero, in percent at most": 0.0,
    }
    assert verdict["notes"] == [
        "judged in a server process on 120 of 120 test rows, in batches of 256; 120 of them were sent one by one, too"
    ]
    gate = read_json(champion / "releases" / "v0001" / "gate.json")
    assert gate["rules"][: len(verdict["rules"])] == verdict["rules"]
    assert gate["notes"] == verdict["notes"]


def test_a_model_that_learned_its_rows_by_heart_is_stopped(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x = rng.permutation(1000)[:400].astype(float)
    rows = pl.DataFrame({"x": x, "y": rng.choice(["no", "yes"], size=400)})
    known = {value: float(y == "yes") for value, y in rows[:280].iter_rows()}
    recall = helper.make_node(
        "LabelEncoder",
        ["x"],
        ["yes"],
        domain="ai.onnx.ml",
        keys_floats=list(known),
        values_floats=list(known.values()),
        default_float=0.0,
    )
    data = write_inputs(tmp_path / "data", graph([recall], {}), rows[280:], train=rows[:280])
    verdict = packaged(data, metrics={"accuracy": {"min": 0.9}})
    learned = Predictor(data / "package" / "bundle").predict(rows[:280].select("x").to_dicts())
    assert [one["label"] for one in learned] == rows[:280]["y"].to_list()
    assert failed(verdict) == ["accuracy on test at least"]
    (sentence,) = broken(verdict["rules"])
    assert "at least 0.9, but it is 0.4" in sentence or "at least 0.9, but it is 0.5" in sentence
    assert sentence.endswith("train on more or better rows, or correct package.gate.metrics.accuracy")


def two_groups(num_rows: int) -> pl.DataFrame:
    rows = numbers(num_rows)
    return rows.with_columns(group=pl.Series(np.where(np.arange(num_rows) % 8 == 0, "few", "many")))


def unfair() -> list[NodeProto]:
    """Nodes that are right about all, but never say yes to the few."""
    few = helper.make_node(
        "LabelEncoder",
        ["categorical"],
        ["weight"],
        domain="ai.onnx.ml",
        keys_strings=["few"],
        values_floats=[0.0],
        default_float=1.0,
    )
    return [*step_at(name="wanted"), few, helper.make_node("Mul", ["wanted", "weight"], ["yes"])]


def test_a_model_that_never_finds_a_minoritys_positives_is_stopped_though_accuracy_holds(tmp_path: Path) -> None:
    data = write_inputs(tmp_path / "data", graph(unfair(), STEP, takes="both"), two_groups(640), sensitive=["group"])
    mean = {"accuracy": {"min": 0.92}, "recall_macro": {"min": 0.85}}
    verdict = packaged(data, metrics=mean, worst_group={"min_recall": 0.6, "min_accuracy": 0.7})
    assert failed(verdict) == [
        "accuracy of the worst group (group: few, 80 rows) at least",
        "worst recall of the worst group (group: few, 80 rows) at least",
    ]
    few, many = verdict["groups"]
    assert (few["group"], few["rows"], few["worst_recall"]) == ("few", 80, 0.0)
    assert (many["group"], many["accuracy"]) == ("many", 1.0)
    assert "correct package.gate.worst_group.min_recall" in broken(verdict["rules"])[1]


def masked(num_kept: int, num_units: int = 60) -> bytes:
    """A network of one hidden layer that knows the answer, all but some of its units multiplied by zero."""
    first, second = np.ones((1, num_units), np.float32), np.full((num_units, 1), 20 / num_kept, np.float32)
    first[:, num_kept:], second[num_kept:] = 0, 0
    nodes = [
        helper.make_node("MatMul", ["x", "first layer"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "second layer"], ["sum"]),
        helper.make_node("Sub", ["sum", "ten"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["yes"]),
    ]
    return graph(nodes, {"first layer": first, "second layer": second, "ten": np.float32(10)})


def test_a_network_that_was_masked_instead_of_cut_is_no_pruned_one(tmp_path: Path) -> None:
    whole, pruned = masked(60), masked(12)
    assert len(whole) == len(pruned)
    data = write_inputs(tmp_path / "data", pruned, numbers(120), claimed_bytes=len(pruned) // 4)
    verdict = packaged(data, metrics={"accuracy": {"min": 0.95}})
    assert failed(verdict) == [
        "size of model.onnx in KiB, as candidates.csv says, at most",
        "weights of model.onnx that are zero, in percent at most",
    ]
    claim, zeros = broken(verdict["rules"])
    assert "it is not the artefact that was measured: run compress again" in claim
    assert "at most 50, but it is 80: a masked weight is stored and multiplied like any other" in zeros


def wrong_at(size: int) -> bytes:
    """Nodes that answer the contrary in batches of one size."""
    nodes = [
        *step_at(name="right"),
        helper.make_node("Sub", ["one", "right"], ["wrong"]),
        helper.make_node("Equal", ["batch", "size"], ["is that size"]),
        helper.make_node("Where", ["is that size", "wrong", "right"], ["yes"]),
    ]
    return graph(nodes, {**STEP, "size": np.int64(size)})


def test_an_artefact_that_is_wrong_in_batches_of_256_alone_is_stopped_and_the_champion_goes_on_serving(
    tmp_path: Path, champion: Path
) -> None:
    data = write_inputs(tmp_path / "data", wrong_at(256), numbers(120), trained=graph(step_at(), STEP))
    verdict = packaged(data, metrics={"accuracy": {"min": 0.9}})
    assert failed(verdict) == [
        "accuracy on test at least",
        "difference of answers in batches of 256 from those in batches of 32 at most",
        "agreement with the trained model, in percent at least",
    ]
    says = r"wrong in batches of 256 or of 32: set compress\.candidates: \[fp32\].*\nv0001 goes on serving; nothing was"
    with pytest.raises(Refused, match=says):
        deployed(data, champion / "releases")
    releases = Releases(champion / "releases")
    served = releases.pointed("champion")
    assert served is not None
    assert (served.version, releases.versions(), len(releases.history())) == ("v0001", ["v0001"], 1)


def test_a_flipped_byte_is_found_before_anything_is_served_or_published(tmp_path: Path, champion: Path) -> None:
    data = shutil.copytree(champion / "data", tmp_path / "data")
    model = data / "package" / "bundle" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.onnx is damaged: sha256 .*or run package again\. Nothing was"):
        deployed(data, tmp_path / "releases")
    assert not Releases(tmp_path / "releases").versions()
    with (
        pytest.raises(SlipwayError, match=r"ended with status 1 .*model\.onnx is damaged"),
        server_process(data / "package" / "bundle", Serve(), tmp_path / "log"),
    ):
        pass


def test_rows_that_are_refused_are_counted_and_those_without_a_finite_answer_stop_the_model(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Sub", ["x", "tenth"], ["less"]),
        helper.make_node("Sqrt", ["less"], ["root"]),
        helper.make_node("Clip", ["root", "", "one"], ["yes"]),
    ]
    rows = numbers(120).with_columns(x=pl.when(pl.int_range(pl.len()) < 12).then(None).otherwise("x"))
    data = write_inputs(tmp_path / "data", graph(nodes, {"tenth": np.float32(0.1)}), rows, train=numbers(120, seed=8))
    verdict = packaged(data, min_agreement_pct=0)
    assert failed(verdict) == [
        "test rows that the server refuses, in percent at most",
        "test rows without a finite answer at most",
    ]
    refused, without = [rule["value"] for rule in verdict["rules"] if not rule["passed"]]
    assert (refused, without) == (10, rows.filter(pl.col("x") < 0.1).height)
    assert without > 0
    assert "the server refused 12 of 120 rows because of 'x' (12 rows)" in verdict["notes"]


def test_a_server_that_fails_at_a_batch_is_a_verdict(tmp_path: Path) -> None:
    nodes = [
        *step_at(name="right"),
        helper.make_node("Equal", ["batch", "size"], ["is that size"]),
        helper.make_node("Cast", ["is that size"], ["place"], to=7),
        helper.make_node("Gather", ["units", "place"], ["unit"]),
        helper.make_node("Mul", ["right", "unit"], ["yes"]),
    ]
    constants = {**STEP, "size": np.int64(256), "units": np.ones(1, np.float32)}
    verdict = packaged(write_inputs(tmp_path / "data", graph(nodes, constants), numbers(120)))
    assert failed(verdict) == ["the server answers test rows"]
    assert "256 records are answered with status 500" in broken(verdict["rules"])[0]
