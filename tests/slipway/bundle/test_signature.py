"""A signature reads back as it was written, and an inconsistent one is refused."""

import pytest
from pydantic import ValidationError

from slipway.bundle.signature import Input, Signature, parse_signature
from slipway.errors import BundleError

AGE = Input(name="age", dtype="number")


def test_a_signature_reads_back_as_it_was_written(tmp_path):
    signature = Signature(kind="tabular", task="regression", target="y", inputs=[AGE])
    signature.write(tmp_path)
    assert parse_signature((tmp_path / "signature.json").read_bytes()) == signature


def test_outputs_follow_from_the_task():
    regression = Signature(kind="tabular", task="regression", target="y", inputs=[AGE])
    classification = Signature(kind="tabular", task="classification", target="y", classes=["a", "b"], inputs=[AGE])
    assert [output.name for output in regression.outputs] == ["value"]
    assert [output.name for output in classification.outputs] == ["label", "probabilities"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"inputs": [AGE, AGE]}, "twice"),
        ({"inputs": [Input(name="image", dtype="image")]}, "shape"),
        ({"inputs": []}, "at least 1"),
        ({"classes": ["a", "b"]}, "regression with classes"),
        ({"task": "classification"}, "classification with classes None"),
    ],
)
def test_an_inconsistent_signature_is_refused(changes, says):
    plain = {"kind": "tabular", "task": "regression", "target": "y", "inputs": [AGE]}
    with pytest.raises(ValidationError, match=says):
        Signature(**{**plain, **changes})


def test_a_damaged_file_is_named():
    with pytest.raises(BundleError, match=r"signature\.json: task"):
        parse_signature(b'{"kind": "tabular", "task": "guessing", "target": "y", "inputs": []}')
