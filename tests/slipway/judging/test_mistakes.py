"""The worst mistakes are told worst first, and nothing but ids of private rows."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest
import torch
from tiny_subjects import decision_of, subject_of

from slipway.files import dump_json
from slipway.judging.mistakes import MAX_CHARACTERS, MOST, find_mistakes
from slipway.judging.subject import is_private


def by_a(x):
    return torch.stack([-x[:, 0], x[:, 0]], dim=1)


def rows_of(a, y) -> pl.DataFrame:
    """Twice the rows: the first half is trained on, the second is tested."""
    return pl.DataFrame({"a": [*a, *a], "word": ["x", "<y>"] * len(a), "y": [*y, *y]})


def content(rows, answer, *, private=False, **more):
    subject = dataclasses.replace(subject_of(rows, answer, **more), is_private=private)
    found = find_mistakes(subject, decision_of(subject)).content(["a", "word"] if "a" in rows.columns else [])
    assert json.loads(dump_json(found)) == found
    return found


def test_the_surest_wrong_answer_comes_first_with_the_rows_columns():
    found = content(rows_of([-7.0, 1.0, 2.0, 4.0], ["no", "no", "yes", "no"]), by_a, classes=["no", "yes"])
    assert (found["wrong"], found["tested"], found["withheld"]) == (2, 4, None)
    assert [row["_id"] for row in found["rows"]] == [7, 5]
    first = found["rows"][0]
    assert (first["target"], first["prediction"]) == ("no", "yes")
    assert first["probability"] > found["rows"][1]["probability"] > 0.5
    assert first["values"] == {"a": 4.0, "word": "<y>"}


def test_of_private_rows_ids_alone_are_told():
    found = content(rows_of([1.0, -1.0], ["no", "no"]), by_a, private=True, classes=["no", "yes"])
    assert found["rows"] == [{"_id": 2}]
    assert "privatize.mechanism" in found["withheld"]


@pytest.mark.parametrize(
    ("receipt", "expected"), [(None, True), ({"private": True}, True), ({"private": False}, False)]
)
def test_rows_are_private_until_a_receipt_says_otherwise(tmp_path, receipt, expected):
    if receipt is not None:
        (tmp_path / "receipt.json").write_text(json.dumps(receipt))
    assert is_private(tmp_path) is expected


def test_of_values_the_largest_errors_are_told():
    rows = rows_of([1.0, 2.0, 3.0, 4.0], [1.0, 7.0, 3.0, -1.0])
    found = content(rows, lambda x: torch.zeros(len(x)))
    assert [row["error"] for row in found["rows"]] == [-7.0, -3.0, -1.0, 1.0]
    assert found["rows"][0] == {
        "_id": 5,
        "target": 7.0,
        "prediction": 0.0,
        "error": -7.0,
        "values": {"a": 2.0, "word": "<y>"},
    }


def test_of_labels_the_surest_wrong_one_counts():
    rows = rows_of([1.0, 2.0, -3.5, 0.5], ["p;q", "p", "q", "p;q"])
    found = content(
        rows,
        lambda x: torch.stack([torch.full((len(x),), 9.0), -x[:, 0]], dim=1),
        classes=["p", "q"],
        task="multilabel",
        label_delimiter=";",
    )
    assert found["rows"][0]["target"] == ["q"]
    assert found["rows"][0]["prediction"] == ["p", "q"]
    assert {row["_id"] for row in found["rows"]} == {4, 6, 7}


def test_a_model_without_mistakes_tells_none():
    found = content(rows_of([-1.0, 1.0], ["no", "yes"]), by_a, classes=["no", "yes"])
    assert (found["rows"], found["wrong"]) == ([], 0)


def test_only_so_many_are_told_what_is_missing_is_null_and_long_texts_are_cut():
    rows = pl.DataFrame({"a": np.arange(100.0), "word": ["long " * 900, None] * 50, "y": ["no"] * 100})
    found = content(rows, by_a, classes=["no", "yes"])
    assert found["wrong"] == 50
    assert len(found["rows"]) == MOST
    assert {len(row["values"]["word"] or "") for row in found["rows"]} == {0, MAX_CHARACTERS}
