"""Permutation importance finds what the model leans on, is bounded in work, and is the same when it is run again."""

import numpy as np
import polars as pl
import pytest
import torch
from asked_subjects import image_subject, linear, subject, table, transform
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from slipway.judging.decision import Decision
from slipway.judging.importance import Importance, importance_of, multiplications, parts_of, row_losses
from slipway.judging.subject import Subject
from slipway.learning.trained import scores
from slipway.transform.applying import features
from slipway.transform.fitted import Category, Number, Text, Transform

CLASSES = Decision(classes=["no", "yes"])


def measured(asked: Subject, decision: Decision = CLASSES, **how: int) -> Importance:
    return importance_of(
        asked, decision, **{"rows": 200, "repeats": 3, "samples": 100, "seed": 5, **how}, confidence_pct=95
    )


def test_the_column_that_matters_is_first_and_noise_has_none() -> None:
    found = measured(subject())
    assert list(found.rises) == ["size", "colour", "noise"]
    value, low, high = found.rises["size"]
    assert 0 < low < value < high
    assert found.rises["noise"] == (0, 0, 0), "the model does not look at it"
    assert (found.metric, found.num_rows) == ("log_loss", 200)


def test_noise_that_the_model_looks_at_a_little_cannot_be_told_from_zero() -> None:
    value, low, high = measured(subject(linear([2.0, 0.02, 0.0, 0.0, 0.0, 1.0]))).rises["noise"]
    assert low <= 0 <= high
    assert abs(value) < 0.01


def test_a_regression_is_judged_by_its_rmse_in_the_targets_units() -> None:
    found = measured(subject(regression=True), Decision(), repeats=20)
    assert found.metric == "rmse"
    spread = table(200, seed=2, regression=True)["size"].std()
    assert found.rises["size"][0] == pytest.approx(2 * spread * np.sqrt(2), rel=0.1), "two draws of 2 x size, apart"


def test_a_constant_model_leans_on_nothing() -> None:
    assert set(measured(subject(linear([0.0] * 6))).rises.values()) == {(0, 0, 0)}


def test_the_same_seed_gives_the_same_and_another_seed_nearly_the_same() -> None:
    once, again, other = measured(subject()), measured(subject()), measured(subject(), seed=6)
    assert once == again
    assert once != other
    assert next(iter(once.rises)) == next(iter(other.rises))


def test_rows_are_drawn_where_there_are_more_and_a_large_network_gets_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    small = measured(subject(), rows=50)
    assert (small.num_rows, small.repeats) == (50, 3)
    monkeypatch.setattr("slipway.judging.importance.MAX_MULTIPLICATIONS", 1)
    large = measured(subject())
    assert (large.num_rows, large.repeats) == (100, 1)


def test_a_part_of_an_image_matters_where_the_model_looks() -> None:
    found = measured(image_subject())
    assert next(iter(found.rises)) == "rows 1-2, columns 1-2"
    assert len(found.rises) == 16
    assert sum(value != 0 for value, _, _ in found.rises.values()) == 1


def test_every_feature_belongs_to_one_column() -> None:
    made = Transform(
        numbers=[Number(column="a", impute=0, indicator=True), Number(column="b", impute=0)],
        categories=[
            Category(column="c", values=["x", "y"], missing=2),
            Category(column="d", encode="ordinal", values=["x"]),
        ],
        texts=[Text(column="e", words=["one", "two"], weight="binary")],
    )
    assert {name: places.tolist() for name, places in parts_of(made).items()} == {
        "a": [0, 2],
        "b": [1],
        "c": [3, 4, 5],
        "d": [6],
        "e": [7, 8],
    }
    assert len(made.feature_columns) == made.feature_shape[0]


@given(st.permutations(range(12)), st.sampled_from(["size", "noise", "colour"]))
@settings(max_examples=25)
def test_dealing_features_out_is_dealing_the_raw_column_out(order: list[int], column: str) -> None:
    frame = table(12).with_columns(size=pl.when(pl.col("_id") % 5 > 0).then("size"))
    places = parts_of(transform())[column]
    made = features(frame, transform())
    made[:, places] = features(frame, transform())[np.ix_(order, places)]
    assert (made == features(frame.with_columns(frame[column][order]), transform())).all()


def test_labels_lose_by_the_mean_of_their_log_losses() -> None:
    decision = Decision(classes=["a", "b"], has_labels=True)
    losses = row_losses(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]], dtype=np.float32), decision)
    assert losses == pytest.approx([np.log(2)])


def test_what_a_network_costs_is_counted_by_its_layers() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 25, 2))
    image = np.zeros((1, 1, 5, 5), dtype=np.float32)
    assert multiplications(network, image) == 1 + 4 * 25 * 9 + 2 * 100
    assert not any(layer._forward_hooks for layer in network.modules())
    assert torch.is_tensor(network(torch.from_numpy(image)))
    assert scores(network, image).shape == (1, 2)
