"""A product of texts the whole line: raw sentences in, a served release out, and a record alone equals the batch."""

import random
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line import QUICK, run_line

from slipway.bundle.examples import self_test
from slipway.bundle.manifest import write_manifest
from slipway.bundle.predictor import Predictor
from slipway.bundle.records import InputError
from slipway.errors import BundleError
from slipway.files import read_json, write_json
from slipway.judging.decision import read_decision
from slipway.learning.trained import load_network, scores
from slipway.product.networks import GRU, LSTM
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.serving.docs import takes
from slipway.serving.openapi import record_schema
from slipway.tables.preparation import Preparation
from slipway.tables.schema import Column, Schema
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from tasks.preprocess import preprocess

RULES = Preprocess.model_validate(
    {"missing": ["", "?"], "duplicates": "keep", "tokens": {"vocabulary": 400, "length": 12}}
)
GOOD, BAD = ["good", "great", "Lovely", "funny"], ["bad", "dull", "Awful", "boring"]
COLUMNS = [Column(name="note", dtype="String")]
CLASSES = Product(kind="texts", target="verdict", classes=["bad", "good"])
STARS = Product(kind="texts", task="regression", target="stars")


def reviews(num_rows: int) -> pl.DataFrame:
    """Sentences whose one word of praise or blame decides; some are empty."""
    rng = random.Random(7)
    rows = []
    for index in range(num_rows):
        is_good = rng.random() < 0.5
        word = rng.choice(GOOD if is_good else BAD)
        note = f"  The {rng.choice(['film', 'plot', 'cast'])} is {rng.choice(['so', 'rather', 'very'])} {word}!"
        rows.append(
            {
                "_id": index,
                "note": "?" if index % 25 == 0 else note,
                "verdict": "good" if is_good else "bad",
                "stars": 4.0 + rng.random() if is_good else 1.0 + rng.random(),
            }
        )
    return pl.DataFrame(rows)


def schema_of(product: Product) -> Schema:
    target = Column(name=str(product.target), dtype="String" if product.classes else "Float64")
    return Schema(product=product, columns=[*COLUMNS, target], classes=product.classes)


def run(root: Path, product: Product, network: LSTM | GRU) -> Path:
    checked = root / "checked"
    checked.mkdir()
    reviews(500).drop("stars" if product.classes else "verdict").write_parquet(checked / "table.parquet")
    schema_of(product).write(checked)
    write_json(checked / "validation.json", {"passed": True, "reasons": []})
    suite = root / "clean.suite.yaml"
    present = "{type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}, severity: critical}"
    suite.write_text(f"name: clean\nexpectations:\n  - {present}\n")
    preprocess(checked, suite, root / "preprocess", RULES)
    training = QUICK.model_copy(update={"network": network, "epochs": 8})
    return run_line(root, preprocess=root / "preprocess", training=training, checked=checked)


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("texts"), CLASSES, LSTM(name="lstm", embedding=16, hidden=8))


@pytest.fixture(scope="module")
def regression(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("stars"), STARS, GRU(name="gru", embedding=16, hidden=8))


def answers_in_a_batch(root: Path, texts: list[str | None]) -> np.ndarray:
    """What the trained network says of raw texts, cleaned and prepared by polars all together."""
    raw = pl.DataFrame({"note": texts, "verdict": "good"}, schema={"note": pl.String, "verdict": pl.String})
    clean = Preparation(raw.lazy(), schema_of(CLASSES), RULES).clean().collect()
    made = features(clean, read_transform(root / "privatize"))
    return read_decision(root / "evaluate").probabilities(scores(load_network(root / "train"), made))


def test_the_words_are_learned(line: Path, regression: Path) -> None:
    assert read_json(line / "evaluate" / "metrics.json")["accuracy"] > 0.85
    assert read_json(regression / "evaluate" / "metrics.json")["r2"] > 0.5


def test_words_of_single_texts_are_explained(line: Path, regression: Path) -> None:
    for root in (line, regression):
        explained = read_json(root / "evaluate" / "explanations.json")
        for each in explained["examples"]:
            said = pl.read_parquet(root / "preprocess" / "test.parquet").filter(pl.col("_id") == each["_id"])["note"][0]
            assert [one["word"] for one in each["attributions"]] == re.findall(r"\w+|[^\w\s]+", said or "")
        assert explained["sanity"]["randomised_correlation"] < 0.5
        assert (root / "evaluate" / "explained.svg").read_text().count("<rect") > 2


def test_the_export_answers_as_the_trainer_does(line: Path, regression: Path) -> None:
    for root in (line, regression):
        fidelity = read_json(root / "compress" / "fidelity.json")
        assert fidelity["parity_error"] < 1e-4
        assert fidelity["batch_difference"] < 1e-4


def test_model_json_says_how_many_tokens_there_are(line: Path) -> None:
    model, transform = read_json(line / "train" / "model.json"), read_transform(line / "privatize")
    assert (model["inputs"], model["vocabulary"]) == ([12], transform.vocabulary)
    assert read_json(line / "privatize" / "fitting.json")["missing"]["note"] > 0


def test_the_bundle_holds_the_vocabulary_and_answers_its_own_examples(line: Path) -> None:
    bundle = line / "package" / "bundle"
    assert (bundle / "tokenizer.json").read_text() == read_transform(line / "privatize").tokens.tokenizer
    assert "tokenizer.json" in (bundle / "MANIFEST.json").read_text()
    self_test(Predictor(bundle))
    (note,) = read_json(bundle / "signature.json")["inputs"]
    assert (note["dtype"], note["length"], note["missing_allowed"]) == ("text", 12, True)
    assert "film" in note["words"]
    assert read_json(bundle / "reference.json")["features"]["note"]["measure"] == "number of words"
    assert read_json(bundle / "card.json")["data"]["features"] == [{"name": "note", "kind": "text"}]


def test_pages_say_that_prose_is_taken(line: Path) -> None:
    signature = Predictor(line / "package" / "bundle").signature
    assert [takes(one) for one in signature.inputs] == ["prose; or null"]
    assert record_schema(signature)["properties"]["note"]["type"] == ["string", "null"]


def test_the_gate_had_a_server_read_the_raw_texts(line: Path, regression: Path) -> None:
    for root in (line, regression):
        verdict = read_json(root / "package" / "verdict.json")
        assert verdict["passed"], verdict
        assert verdict["notes"][0].startswith("judged in a server process on ")


def test_praise_is_told_from_blame_and_a_value_is_answered_where_one_was_learned(line: Path, regression: Path) -> None:
    notes = [{"note": f"the film is very {word}"} for word in ("lovely", "AWFUL")]
    labels = [one["label"] for one in Predictor(line / "package" / "bundle").predict(notes)]
    assert labels == ["good", "bad"]
    high, low = (one["value"] for one in Predictor(regression / "package" / "bundle").predict(notes))
    assert high > 3.5 > 2.5 > low


words = st.sampled_from(
    [*GOOD, *BAD, "the", "film", "is", "unseen", "🙂🙂", "東京", "İ", "ΣΑΣ", "[PAD]", "\u00a0", "?"]
)
prose = (
    st.none()
    | st.sampled_from(["", " ", "?", "\x00", "good " * 3000, "x" * 5000])
    | st.lists(words | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=20).map(" ".join)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(prose, min_size=1, max_size=5))
def test_a_text_alone_through_the_bundle_equals_the_batch(line: Path, texts: list[str | None]) -> None:
    predictor, expected = Predictor(line / "package" / "bundle"), answers_in_a_batch(line, texts)
    is_exact = read_json(line / "compress" / "fidelity.json")["chosen"] == "fp32"
    together = predictor.predict([{"note": text} for text in texts])
    for text, answer, wanted in zip(texts, together, expected, strict=True):
        (alone,) = predictor.predict([{"note": text}])
        np.testing.assert_allclose(list(alone["probabilities"].values()), wanted, atol=1e-4 if is_exact else 0.2)
        assert alone["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-5)


@pytest.mark.parametrize(("value", "says"), [({}, "must be text"), (["a"], "must be text"), ("\ud800", "Unicode")])
def test_what_is_no_text_is_refused(line: Path, value: object, says: str) -> None:
    with pytest.raises(InputError, match=f"column 'note': .*{says}"):
        Predictor(line / "package" / "bundle").predict([{"note": value}])


def test_a_bundle_without_its_vocabulary_or_with_that_of_another_length_is_refused(line: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(line / "package" / "bundle", tmp_path / "bundle")
    content = (bundle / "tokenizer.json").read_text()
    (bundle / "tokenizer.json").write_text(content.replace('"max_length":12', '"max_length":11'))
    (bundle / "MANIFEST.json").unlink()
    with pytest.raises(BundleError, match="gives 11 tokens, but signature.json wants 12"):
        Predictor(bundle, packed=False)
    (bundle / "tokenizer.json").unlink()
    write_manifest(bundle)
    with pytest.raises(BundleError, match="has no tokenizer.json"):
        Predictor(bundle)
