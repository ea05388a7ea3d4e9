"""package: the bundle answers as the trained model does, and the verdict says whether it may go out."""

import json
from pathlib import Path

import polars as pl
import pytest
from line import accuracy_at_least, verdict

from slipway.bundle.describing import number_input
from slipway.bundle.manifest import verify
from slipway.bundle.predictor import Predictor
from slipway.files import read_json
from slipway.learning.trained import load_network, scores
from slipway.product.package import Package
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from tasks.package import package

STAGES = ("compress", "evaluate", "train", "privatize", "preprocess", "validate")
FILES = {
    *("MANIFEST.json", "card.json", "card.md", "decision.json", "examples.json", "metrics.json", "model.onnx"),
    *("prepare.json", "privacy.json", "reference.json", "rules.json", "signature.json"),
}


def test_the_bundle_holds_what_serving_needs_and_verifies(line: Path) -> None:
    bundle = line / "package" / "bundle"
    assert {path.name for path in bundle.iterdir()} == FILES
    assert len(verify(bundle)) == 64


def test_raw_records_through_the_bundle_get_the_trained_models_answers(line: Path) -> None:
    test = pl.read_parquet(line / "preprocess" / "test.parquet")
    expected = scores(load_network(line / "train"), features(test, read_transform(line / "privatize"))).argmax(1)
    records = test.select("age", "job").to_dicts()
    labels = [answer["label"] for answer in Predictor(line / "package" / "bundle").predict(records)]
    agree = [label == ["no", "yes"][index] for label, index in zip(labels, expected, strict=True)]
    assert sum(agree) >= 0.98 * len(agree)


def test_a_text_that_means_missing_is_cleaned_as_in_preprocess(line: Path) -> None:
    predictor = Predictor(line / "package" / "bundle")
    marked, missing = predictor.predict([{"age": 30.0, "job": " ? "}, {"age": 30.0, "job": None}])
    assert marked == missing


def test_a_regressions_bundle_answers_values_in_the_targets_units(regression: Path) -> None:
    test = pl.read_parquet(regression / "preprocess" / "test.parquet")
    answers = Predictor(regression / "package" / "bundle").predict(test.select("age", "job").to_dicts())
    assert 1000 < sum(answer["value"] for answer in answers) / len(answers) < 5000
    assert all(rule["passed"] for rule in verdict(regression)["rules"] if "batches" in rule["rule"])
    assert set(read_json(regression / "compress" / "metrics.json")) == {"mae", "rmse", "r2", "rows"}


def test_examples_are_drawn_from_the_signature_and_are_nobodys_row(line: Path) -> None:
    ages = pl.concat(pl.read_parquet(line / "preprocess" / f"{part}.parquet")["age"] for part in ("train", "test"))
    inputs = [example["input"] for example in read_json(line / "package" / "bundle" / "examples.json")["examples"]]
    assert len(inputs) == 3
    assert not [one for one in inputs if one["age"] is not None and one["age"] in ages]


def test_the_signatures_range_is_rounded_around_that_of_the_rows() -> None:
    found = number_input(pl.Series("age", [18.0417, 30.5, None, 79.9583]))
    assert (found.minimum, found.maximum, found.missing_allowed) == (18.0, 80.0, True)


def test_no_file_of_the_bundle_names_the_machine(line: Path) -> None:
    for path in (line / "package" / "bundle").iterdir():
        assert str(line).encode() not in path.read_bytes(), path.name
        assert b"site-packages" not in path.read_bytes(), path.name


def test_packaging_twice_gives_the_same_identity(line: Path, tmp_path: Path) -> None:
    package(*(line / stage for stage in STAGES), tmp_path / "package", Package(gate=accuracy_at_least(0.6), examples=3))
    assert verify(tmp_path / "package" / "bundle") == verify(line / "package" / "bundle")
    assert (tmp_path / "package" / "verdict.json").read_bytes() == (line / "package" / "verdict.json").read_bytes()


def test_a_rule_that_is_not_kept_is_a_verdict_with_both_numbers_and_no_crash(line: Path, tmp_path: Path) -> None:
    package(*(line / stage for stage in STAGES), tmp_path / "package", Package(gate=accuracy_at_least(1.01)))
    judged = verdict(tmp_path)
    assert judged["passed"] is False
    failed = [rule for rule in judged["rules"] if not rule["passed"]]
    assert [rule["limit"] for rule in failed] == [1.01]
    assert failed[0]["value"] == pytest.approx(read_json(line / "compress" / "metrics.json")["accuracy"])


def test_a_line_that_kept_its_rules_passed(line: Path) -> None:
    assert verdict(line)["passed"] is True


def test_privacy_travels_with_the_bundle(line: Path) -> None:
    privacy = json.loads((line / "package" / "bundle" / "privacy.json").read_text())
    assert privacy["privatize"]["private"] is False
    assert privacy["train"]["private"] is False
