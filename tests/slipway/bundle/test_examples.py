"""Examples are drawn from the signature, are the same for the same seed, and betray a model that answers otherwise."""

import base64
import json
import shutil

import pytest
from tiny_bundles import tabular_bundle

from slipway.bundle.examples import draw_examples, self_test
from slipway.bundle.manifest import write_manifest
from slipway.bundle.predictor import Predictor
from slipway.errors import BundleError


def test_examples_look_like_inputs_and_depend_on_the_seed_alone(tabular):
    signature = Predictor(tabular).signature
    examples = draw_examples(signature, 200, seed=1)
    assert examples == draw_examples(signature, 200, seed=1) != draw_examples(signature, 200, seed=2)
    assert all(18 <= one["age"] <= 80 for one in examples)
    assert all(one["income"] is None or 0.5 <= one["income"] <= 9.5 for one in examples)
    assert {one["region"] for one in examples} == {"north", "south", None}


def test_pixels_are_as_bright_as_in_training(image):
    examples = draw_examples(Predictor(image).signature, 50, seed=1)
    pixels = b"".join(base64.b64decode(one["image"]) for one in examples)
    assert len(pixels) == 50 * 6
    assert set(pixels) == set(range(17))


def rule(*columns, kind="number", **check):
    return {
        "columns": list(columns),
        "kinds": [kind] * len(columns),
        "severity": "warning",
        "reason": f"must keep {check['name']}",
        "check": check,
    }


def inputs_of(bundle):
    return [one["input"] for one in json.loads((bundle / "examples.json").read_text())["examples"]]


def test_examples_keep_the_row_rules(tmp_path):
    rules = [rule("age", name="one_of", values=[20, 30]), rule("region", kind="text", name="required")]
    bundle = tabular_bundle(tmp_path / "bundle", rules=rules)
    assert {one["age"] for one in inputs_of(bundle)} <= {20, 30}
    assert all(one["region"] for one in inputs_of(bundle))


@pytest.mark.parametrize(
    ("check", "kept"),
    [
        ({"name": "equal"}, lambda age, income: age == income),
        ({"name": "greater"}, lambda age, income: age > income),
        ({"name": "total", "total": 100}, lambda age, income: age + income == 100),
        ({"name": "pair_of", "pairs": [[20, 5], [30, 7]]}, lambda age, income: (age, income) in {(20, 5), (30, 7)}),
    ],
)
def test_examples_keep_rules_that_chance_would_not_meet(tmp_path, check, kept):
    bundle = tabular_bundle(tmp_path / "bundle", rules=[rule("age", "income", **check)])
    assert all(kept(one["age"], one["income"]) for one in inputs_of(bundle))


def test_rules_that_nothing_keeps_are_an_error(tmp_path):
    with pytest.raises(BundleError, match="no example drawn from the signature keeps the row rules: column 'age' must"):
        tabular_bundle(tmp_path / "bundle", rules=[rule("age", name="within", low=1000)])


def test_a_bundle_passes_its_self_test(tabular, image, regression):
    for bundle in (tabular, image, regression):
        self_test(Predictor(bundle))


def test_another_model_fails_the_self_test(tabular, tmp_path):
    bundle = shutil.copytree(tabular, tmp_path / "bundle")
    other = tabular_bundle(tmp_path / "other", slope=0.9)
    shutil.copy(other / "model.onnx", bundle)
    write_manifest(bundle)
    with pytest.raises(BundleError, match=r"self-test: example 0 is answered .* off, but 0\.0001 is allowed"):
        self_test(Predictor(bundle))


@pytest.mark.parametrize("content", [None, "{}", "[]", "no json"])
def test_a_bundle_without_examples_cannot_be_trusted(tabular, tmp_path, content):
    bundle = shutil.copytree(tabular, tmp_path / "bundle")
    (bundle / "examples.json").unlink()
    if content is not None:
        (bundle / "examples.json").write_text(content)
    write_manifest(bundle)
    with pytest.raises(BundleError, match=r"examples\.json"):
        self_test(Predictor(bundle))
