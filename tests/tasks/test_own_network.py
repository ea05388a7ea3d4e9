"""A product's own network through the line: trained, gone on with, judged, exported, served; and its code counts."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from line import QUICK, accuracy_at_least, write_preprocessed, write_validated

from slipway.bundle.predictor import Predictor
from slipway.errors import DataError, ParamsError
from slipway.files import read_json
from slipway.product.augment import Augment
from slipway.product.compress import Compress
from slipway.product.evaluate import Evaluate
from slipway.product.networks import Own
from slipway.product.package import Package
from slipway.product.privatize import Privatize
from slipway.stage import parse
from tasks.augment import augment
from tasks.compress import compress
from tasks.evaluate import evaluate
from tasks.package import package
from tasks.privatize import privatize
from tasks.train import train

NET = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self, inputs, outputs, hidden):
        super().__init__(nn.Linear(inputs[0], hidden), nn.SiLU(), nn.Linear(hidden, outputs))
"""
OWN = QUICK.model_copy(update={"network": Own(name="own", file="net.py", class_name="Net", arguments={"hidden": 8})})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    privatize(write_preprocessed(tmp_path / "preprocess"), tmp_path / "privatize", Privatize())
    augment(tmp_path / "privatize", tmp_path / "augment", Augment())
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "net.py").write_text(NET)
    return tmp_path


def learn(root: Path, **changes: object) -> Path:
    params = OWN.model_copy(update=changes)
    return train(root / "augment", root / "privatize", root / "train", params, code=root / "code")


def test_it_goes_the_whole_line_and_the_bundle_answers_without_its_code(root: Path) -> None:
    write_validated(root / "validate", root / "preprocess" / "test.parquet")
    learn(root, epochs=25)
    made, code = (root / "privatize", root / "preprocess"), {"code": root / "code"}
    evaluate(root / "train", *made, root / "evaluate", Evaluate(bootstrap_samples=100), **code)
    explained = read_json(root / "evaluate" / "explanations.json")
    assert {each["column"] for each in explained["importance"]} == {"age", "job"}
    assert all("attributions" in each for each in explained["examples"])
    compress(root / "train", root / "evaluate", *made, root / "compress", Compress(candidates=["fp32"]), **code)
    folders = ("compress", "evaluate", "train", "privatize", "preprocess", "validate", "package")
    package(*(root / name for name in folders), Package(gate=accuracy_at_least(0.7)))
    assert read_json(root / "package" / "verdict.json")["passed"]
    (root / "code" / "net.py").unlink()
    test = pl.read_parquet(root / "preprocess" / "test.parquet")
    answers = Predictor(root / "package" / "bundle").predict(test.select("age", "job").to_dicts())
    right = np.array([answer["label"] for answer in answers]) == test["target"].to_numpy()
    assert right.mean() > 0.7
    assert not list((root / "package").rglob("*.py"))


def test_a_checkpoint_is_of_the_code_that_it_was_made_with(root: Path, monkeypatch, caplog) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasks.train.write_history", killed)
    with pytest.raises(KeyboardInterrupt):
        learn(root, epochs=2, checkpoint_seconds=0)
    monkeypatch.undo()
    (root / "code" / "net.py").write_text(NET.replace("SiLU", "Tanh"))
    learn(root, epochs=2)
    assert "is of other rows or parameters" in caplog.text


def test_code_that_was_edited_after_the_training_judges_nothing(root: Path) -> None:
    learn(root, epochs=1)
    (root / "code" / "net.py").write_text(NET.replace("SiLU", "Tanh"))
    with pytest.raises(DataError, match="run the stage train again"):
        evaluate(
            *(root / name for name in ("train", "privatize", "preprocess", "evaluate")), Evaluate(), code=root / "code"
        )


def test_a_network_that_raises_leaves_its_line_as_evidence_and_no_folder(root: Path) -> None:
    (root / "code" / "net.py").write_text(NET.replace("nn.SiLU()", "nn.Silly()"))
    with pytest.raises(ParamsError, match=r"net.py, line 7: AttributeError"):
        learn(root)
    assert not (root / "train").exists()
    assert "line 7" in (root / "failed" / "train" / "error.txt").read_text()


def test_the_folder_of_the_code_is_an_option_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train: {}\n")
    words = ["augment", "privatize", "out", "--params", str(tmp_path / "params.yaml")]
    assert parse(train, words)["code"] is None
    assert parse(train, [*words, "--code", "products/x/code"])["code"] == Path("products/x/code")
