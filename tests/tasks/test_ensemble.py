"""An ensemble: networks of seeds of their own, one model of their mean, gone on with in the middle of any of them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from line import QUICK, run_line, write_preprocessed
from safetensors.torch import load_file

from slipway.errors import Diverged
from slipway.files import read_json, sha256_of
from slipway.learning.loop import Training
from slipway.learning.trained import load_network, scores
from slipway.product.augment import Augment
from slipway.product.optimisation import SGD
from slipway.product.privatize import Privatize
from slipway.product.start import Start
from slipway.shrinking.running import answers, session
from slipway.transform.applying import features, raw_inputs
from slipway.transform.fitted import read_transform
from tasks.augment import augment
from tasks.privatize import privatize
from tasks.train import train

SMALL = QUICK.model_copy(update={"epochs": 4, "ensemble": 3})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    privatize(write_preprocessed(tmp_path / "preprocess"), tmp_path / "privatize", Privatize())
    augment(tmp_path / "privatize", tmp_path / "augment", Augment())
    return tmp_path


def run(root: Path, name: str, **changes: object) -> Path:
    return train(root / "augment", root / "privatize", root / name, SMALL.model_copy(update=changes))


def test_members_differ_and_the_first_is_what_would_be_trained_alone(root: Path) -> None:
    together, alone = run(root, "together"), run(root, "alone", ensemble=1)
    weights = load_file(together / "model.safetensors")
    for name, tensor in load_file(alone / "model.safetensors").items():
        assert torch.equal(weights[f"members.0.{name}"], tensor)
    assert not torch.equal(weights["members.0.0.weight"], weights["members.1.0.weight"])
    assert not torch.equal(weights["members.1.0.weight"], weights["members.2.0.weight"])


def test_the_history_keeps_members_apart(root: Path) -> None:
    history = pl.read_csv(run(root, "together") / "history.csv")
    assert history.columns == ["member", "epoch", "train_loss", "validation_loss", "validation_accuracy", "lr"]
    assert history["member"].to_list() == [1] * 4 + [2] * 4 + [3] * 4
    assert history["epoch"].to_list() == [1, 2, 3, 4] * 3


@pytest.mark.parametrize("stop", [2, 6, 12])
def test_wherever_it_is_killed_it_ends_with_the_same_bytes_and_trains_no_member_again(root, stop, monkeypatch) -> None:
    whole, judge, judged = run(root, "whole", checkpoint_seconds=0), Training._judge, 0

    def killed(training: Training) -> None:
        nonlocal judged
        judged += 1
        if judged == stop:
            raise KeyboardInterrupt
        judge(training)

    monkeypatch.setattr(Training, "_judge", killed)
    with pytest.raises(KeyboardInterrupt):
        run(root, "killed", checkpoint_seconds=0)
    again = run(root, "killed", checkpoint_seconds=0)
    assert judged == 12 + 1
    for name in ("model.safetensors", "model.json", "history.csv"):
        assert (again / name).read_bytes() == (whole / name).read_bytes(), name
    assert not list((root / "work" / "killed").glob("checkpoint*"))


def test_each_member_starts_from_the_same_weights_and_an_ensemble_lends_its_first(root: Path) -> None:
    lent = run(root, "lent", epochs=1) / "model.safetensors"
    start = Start(file=str(lent), sha256=sha256_of(lent), freeze=["0"])
    out = run(root, "begun", epochs=1, start=start)
    weights, theirs = load_file(out / "model.safetensors"), load_file(lent)
    for member in range(3):
        assert torch.equal(weights[f"members.{member}.0.weight"], theirs["members.0.0.weight"])
    assert not torch.equal(weights["members.0.3.weight"], weights["members.1.3.weight"])
    assert read_json(out / "receipt.json")["start"]["fresh"] == []


def test_a_member_that_diverges_is_the_evidence(root: Path) -> None:
    with pytest.raises(Diverged):
        run(root, "wild", optimizer=SGD(name="sgd", momentum=0.99), lr=10.0, epochs=50, weight_decay=10.0)
    assert load_network(root / "failed" / "wild")
    assert not list((root / "work" / "wild").glob("checkpoint*"))


@pytest.mark.slow
def test_two_processes_learn_what_one_does(root: Path) -> None:
    one, two = run(root, "one"), run(root, "two", processes=2, checkpoint_seconds=0)
    weights = [load_file(folder / "model.safetensors") for folder in (one, two)]
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-4), name


@pytest.mark.parametrize("regression", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_whole_line_takes_it_as_one_model_and_answers_the_mean(tmp_path: Path, regression) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess", regression=regression)
    run_line(tmp_path, preprocess=preprocess, training=SMALL.model_copy(update={"ensemble": 2}))
    ensemble, transform = load_network(tmp_path / "train"), read_transform(tmp_path / "privatize")
    test = pl.read_parquet(preprocess / "test.parquet")
    made = features(test, transform)
    members = [scores(member, made) for member in ensemble.members]
    found = scores(ensemble, made)
    if regression:
        np.testing.assert_allclose(found, np.mean(members, axis=0), rtol=1e-5)
    else:
        shares = [torch.from_numpy(each).softmax(1).numpy() for each in members]
        np.testing.assert_allclose(torch.from_numpy(found).softmax(1), np.mean(shares, axis=0), atol=1e-6)
    assert read_json(tmp_path / "compress" / "fidelity.json")["parity_error"] < 1e-4
    assert (tmp_path / "evaluate" / "learning.svg").read_text().count(">kept<") >= 2
    explained = read_json(tmp_path / "evaluate" / "explanations.json")
    assert explained["importance"][0]["column"] == "age"
    assert explained["examples"][0]["attributions"]
    served = answers(session((tmp_path / "package/bundle/model.onnx").read_bytes()), raw_inputs(test, transform))
    if regression:
        assert np.corrcoef(served, found)[0, 1] > 0.99
    else:
        assert (served.argmax(1) == found.argmax(1)).mean() > 0.95
    assert read_json(tmp_path / "package/bundle/card.json")["model"]["network"]["members"] == 2
