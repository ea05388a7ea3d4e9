"""A bundle answers raw records, and names what it cannot take."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_bundles import tabular_bundle

from slipway.bundle.manifest import write_manifest
from slipway.bundle.predictor import Predictor
from slipway.bundle.records import InputError
from slipway.errors import BundleError
from slipway.judging.decision import Decision

GOOD = {"age": 40, "income": 3.5, "region": "north"}


@pytest.fixture(scope="module")
def predictor(tabular) -> Predictor:
    return Predictor(tabular)


@pytest.fixture(scope="module")
def images(image) -> Predictor:
    return Predictor(image)


def test_a_record_is_answered_with_a_label_and_probabilities_that_sum_to_one(predictor):
    (answer,) = predictor.predict([GOOD])
    assert answer["label"] == "yes"
    assert answer["probabilities"].keys() == {"no", "yes"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["probabilities"]["yes"] == pytest.approx(0.9453, abs=1e-4)  # 1 / (1 + exp(-(0.8 + 1.05 + 1)))


def test_a_regression_is_answered_with_a_value(regression):
    assert Predictor(regression).predict([{"x": 3}, {"x": True}]) == [{"value": 7.0}, {"value": 3.0}]


def test_no_records_have_no_answers(predictor):
    assert predictor.predict([]) == []


@pytest.mark.parametrize(
    ("given_value", "like"),
    [("?", None), ("  ", None), (" 3.5 ", 3.5), ("3.5 apples", None), ("1e999", None), (True, 1), (2, 2.0)],
)
def test_values_are_cleaned_as_preprocess_cleans_them(predictor, given_value, like):
    assert predictor.predict([{**GOOD, "income": given_value}]) == predictor.predict([{**GOOD, "income": like}])


def test_texts_are_trimmed_and_an_unseen_category_is_like_none(predictor):
    assert predictor.predict([{**GOOD, "region": " north\n"}]) == predictor.predict([GOOD])
    assert predictor.predict([{**GOOD, "region": "west"}]) == predictor.predict([{**GOOD, "region": "south"}])


RECORDS = st.fixed_dictionaries(
    {
        "age": st.floats(-1e3, 1e3) | st.integers(-1000, 1000) | st.booleans(),
        "income": st.none() | st.floats(-1e3, 1e3) | st.sampled_from(["?", " 4.5 ", "none"]),
        "region": st.none() | st.text(max_size=5) | st.sampled_from(["north", "south", " north"]),
    }
)


@given(st.lists(RECORDS, min_size=1, max_size=20))
def test_a_batch_is_answered_as_its_rows_are_one_by_one(predictor, records):
    together = predictor.predict(records)
    for record, answer in zip(records, together, strict=True):
        (alone,) = predictor.predict([record])
        assert answer["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-6)


@pytest.mark.parametrize(
    ("change", "column", "says"),
    [
        ({"age": "40"}, "age", "must be a number, not '40'"),
        ({"age": None}, "age", "must not be missing"),
        ({"age": float("nan")}, "age", "finite"),
        ({"age": float("inf")}, "age", "finite"),
        ({"age": 10**400}, "age", "finite"),
        ({"age": 1e39}, "age", "finite"),
        ({"age": [40]}, "age", "must be a number"),
        ({"income": {}}, "income", "must be a number"),
        ({"region": 3}, "region", "must be text, not 3"),
        ({"region": True}, "region", "must be text"),
        ({"region": float("nan")}, "region", "finite"),
        ({"region": ["north"]}, "region", "must be text"),
        ({"region": "\ud800"}, "region", "Unicode"),
        ({"bought": "yes"}, "bought", "is no input"),
    ],
)
def test_a_wrong_value_is_refused_with_its_column_and_record(predictor, change, column, says):
    with pytest.raises(InputError, match=says) as refused:
        predictor.predict([GOOD, {**GOOD, **change}])
    assert (refused.value.record, refused.value.column) == (1, column)


def test_a_missing_field_is_refused_even_where_null_is_allowed(predictor):
    with pytest.raises(InputError, match="column 'income': is missing from the record; give null"):
        predictor.predict([{"age": 40, "region": "north"}])


@pytest.mark.parametrize("record", [3, None, [], "age"])
def test_a_record_that_is_no_object_is_refused(predictor, record):
    with pytest.raises(InputError, match="record 0: must be an object"):
        predictor.predict([record])


def test_what_validate_would_quarantine_is_refused_with_the_reason(tmp_path):
    rule = {
        "columns": ["age"],
        "kinds": ["number"],
        "severity": "warning",
        "reason": "must be at least 18 and at most 120",
        "check": {"name": "within", "low": 18, "high": 120},
    }
    predictor = Predictor(tabular_bundle(tmp_path / "bundle", rules=[rule]))
    assert predictor.predict([{**GOOD, "age": 120}])
    with pytest.raises(InputError, match="column 'age': must be at least 18 and at most 120"):
        predictor.predict([{**GOOD, "age": 121}])


@pytest.mark.parametrize(
    "pixels",
    [[[0, 1, 2], [3, 4, 255]], [[[0], [1], [2]], [[3], [4], [255]]], "AAECAwT/"],
)
def test_an_image_comes_as_lists_or_base64(images, pixels):
    (answer,) = images.predict([{"image": pixels}])
    assert answer["label"] == "bright"
    assert answer == images.predict([{"image": [[0, 1, 2], [3, 4, 255]]}])[0]


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (None, "must be lists of 2 x 3 x 1 integers"),
        (7, "must be lists of 2 x 3 x 1 integers"),
        ("!!", "base64"),
        ("AAAA", "6 bytes, not 3"),
        ([[0, 1], [2, 3]], "not of shape"),
        ([], "not of shape"),
        ([[0, 1, 2], [3, 4]], "differ in length"),
        ([[0, 1, 2], [3, 4, 256]], "not 0 to 256"),
        ([[0, 1, 2], [3, 4, -1]], "not -1 to 4"),
        ([[0, 1, 2], [3, 4, 10**30]], "whole numbers"),
        ([[0, 1, 2], [3, 4, 0.5]], "whole numbers"),
        ([[0, 1, 2], [3, 4, None]], "whole numbers"),
        ([[0, 1, 2], [3, 4, "5"]], "whole numbers"),
    ],
)
def test_a_wrong_image_is_refused(images, pixels, says):
    with pytest.raises(InputError, match=says) as refused:
        images.predict([{"image": pixels}])
    assert refused.value.column == "image"


def test_an_answer_that_is_not_finite_is_refused_and_not_given(tmp_path):
    predictor = Predictor(tabular_bundle(tmp_path / "bundle", slope=1e30))
    with pytest.raises(InputError, match="record 1: has no finite answer"):
        predictor.predict([{**GOOD, "age": 0, "income": 0, "region": "south"}, {**GOOD, "age": 3e38}])


def test_a_damaged_model_is_refused(tabular, tmp_path):
    bundle = shutil.copytree(tabular, tmp_path / "bundle")
    model = bytearray((bundle / "model.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(bytes(model))
    with pytest.raises(BundleError, match=r"model\.onnx is damaged"):
        Predictor(bundle)


def test_a_model_that_does_not_fit_is_refused(tabular, regression, tmp_path):
    bundle = shutil.copytree(tabular, tmp_path / "bundle")
    shutil.copy(regression / "model.onnx", bundle)
    write_manifest(bundle)
    with pytest.raises(BundleError, match=r"but signature\.json wants \['categorical', 'numeric'\]"):
        Predictor(bundle)
    (bundle / "model.onnx").write_bytes(b"no model")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="no model that onnxruntime can load"):
        Predictor(bundle)


def test_a_folder_without_a_model_is_no_bundle(tmp_path):
    write_manifest(tmp_path)
    with pytest.raises(BundleError, match=r"it has no model\.onnx"):
        Predictor(tmp_path)


def decided(tabular: Path, folder: Path, decision: Decision) -> Path:
    """A copy of the bundle with another decision."""
    bundle = shutil.copytree(tabular, folder / "bundle")
    decision.write(bundle)
    write_manifest(bundle)
    return bundle


def by(column: str, kind: str, **thresholds: float) -> Decision:
    groups = {
        "grouping": {"column": column, "kind": kind, "ends": [30] if kind == "number" else None},
        "constraint": "equal_opportunity",
        "thresholds": thresholds,
    }
    return Decision.model_validate({"classes": ["no", "yes"], "threshold": 0.5, "group_thresholds": groups})


def test_a_label_follows_from_the_threshold(tabular, predictor, tmp_path):
    other = Predictor(decided(tabular, tmp_path, Decision(classes=["no", "yes"], threshold=0.95)))
    (answer,), (usual,) = other.predict([GOOD]), predictor.predict([GOOD])
    assert (answer["label"], usual["label"], answer["probabilities"]) == ("no", "yes", usual["probabilities"])


def test_a_category_has_the_threshold_of_its_group(tabular, tmp_path):
    other = Predictor(decided(tabular, tmp_path, by("region", "category", north=0.95, missing=0.9)))
    records = [{**GOOD, "region": region} for region in ("north", " north ", "south", "west", None, "?")]
    assert [one["label"] for one in other.predict(records)] == ["no", "no", "yes", "yes", "no", "no"]


def test_a_number_has_the_threshold_of_its_range(tabular, tmp_path):
    other = Predictor(decided(tabular, tmp_path, by("income", "number", **{"at most 30": 0.99, "missing": 0.99})))
    records = [{**GOOD, "income": income} for income in (3.5, 30, 30.5, None)]
    assert [one["label"] for one in other.predict(records)] == ["no", "yes", "yes", "no"]


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (Decision(classes=["yes", "no"]), r"chooses among \['yes', 'no'\] for 'bought', but signature\.json has"),
        (by("sex", "category"), "'sex' is no number or known category among the model's inputs: package"),
    ],
)
def test_a_decision_that_does_not_fit_the_model_is_refused(tabular, tmp_path, decision, says):
    with pytest.raises(BundleError, match=says):
        Predictor(decided(tabular, tmp_path, decision))


def test_a_bundle_without_a_decision_is_no_bundle(tabular, tmp_path):
    bundle = shutil.copytree(tabular, tmp_path / "bundle")
    (bundle / "decision.json").unlink()
    write_manifest(bundle)
    with pytest.raises(BundleError, match=r"it has no decision\.json"):
        Predictor(bundle)
