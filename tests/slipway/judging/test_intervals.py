"""Intervals cover the truth about as often as they say, and are the same for the same seed."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from slipway.judging import intervals
from slipway.judging.intervals import classification_intervals, regression_intervals, resamples
from slipway.judging.metrics import area_under_roc, classification_metrics, regression_metrics

SETTINGS = {"samples": 300, "confidence_pct": 95, "seed": 3}


def rows(num_rows: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(num_classes, 0.3), num_rows)
    targets = (probabilities.cumsum(axis=1) > random.random((num_rows, 1))).argmax(axis=1)
    return targets, probabilities


def test_the_doctests_hold() -> None:
    assert doctest.testmod(intervals).failed == 0


@pytest.mark.parametrize("num_classes", [2, 4])
def test_every_metric_but_ece_lies_in_its_interval(num_classes: int) -> None:
    targets, probabilities = rows(400, num_classes)
    metrics = classification_metrics(targets, probabilities)
    found = classification_intervals(targets, probabilities, **SETTINGS)["intervals"]
    assert set(found) == set(metrics) - {"ece", "rows"}
    for name, limits in found.items():
        assert limits["low"] < metrics[name] < limits["high"], name


def test_a_regression_lies_in_its_intervals() -> None:
    random = np.random.default_rng(0)
    targets = random.normal(size=300)
    values = targets + random.normal(size=300) / 2
    found = regression_intervals(targets, values, **SETTINGS)["intervals"]
    for name, limits in found.items():
        assert limits["low"] < regression_metrics(targets, values)[name] < limits["high"], name


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    targets, probabilities = rows(100, 3)
    first = classification_intervals(targets, probabilities, **SETTINGS)
    assert first == classification_intervals(targets, probabilities, **SETTINGS)
    assert (
        first["intervals"] != classification_intervals(targets, probabilities, **{**SETTINGS, "seed": 4})["intervals"]
    )


def test_four_times_the_rows_halve_the_interval() -> None:
    widths = []
    for num_rows in (400, 1600):
        limits = classification_intervals(*rows(num_rows, 2), **SETTINGS)["intervals"]["log_loss"]
        widths.append(limits["high"] - limits["low"])
    assert 1.4 < widths[0] / widths[1] < 2.9


def test_rows_that_are_all_right_are_no_certainty() -> None:
    limits = classification_intervals(np.array([0, 1] * 20), np.eye(2)[[0, 1] * 20], **SETTINGS)["intervals"]
    assert limits["accuracy"]["low"] < 0.95
    assert limits["accuracy"]["high"] == 1.0


def test_one_class_alone_has_no_interval_of_its_roc_curve() -> None:
    assert "roc_auc" not in classification_intervals(np.array([1, 1]), np.full((2, 2), 0.5), **SETTINGS)["intervals"]
    assert "r2" not in regression_intervals(np.ones(3), np.arange(3.0), **SETTINGS)["intervals"]


def test_resamples_of_a_tiny_test_part_that_draw_one_class_are_left_out() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    found = classification_intervals(np.array([0, 1, 1]), probabilities, **SETTINGS)["intervals"]
    assert found["roc_auc"] == {"low": 1.0, "high": 1.0}


def test_resamples_draw_as_many_rows_as_there_are_and_come_in_small_blocks(monkeypatch) -> None:
    monkeypatch.setattr(intervals, "CELLS_PER_BLOCK", 50)
    blocks = list(resamples(20, 5, seed=0))
    assert [block.shape for block in blocks] == [(20, 2), (20, 2), (20, 1)]
    assert all((block.sum(axis=0) == 20).all() for block in blocks)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_the_weighted_area_is_that_of_scikit_learn_on_the_drawn_rows(pairs: list[tuple[bool, int]]) -> None:
    positive, score = (np.array(column) for column in zip(*pairs, strict=True))
    weights = next(resamples(len(pairs), 8, seed=1))
    for area, drawn in zip(area_under_roc(positive, score, weights), weights.T, strict=True):
        taken, scores = np.repeat(positive, drawn), np.repeat(score, drawn)
        assert np.isnan(area) if len(set(taken)) < 2 else area == pytest.approx(roc_auc_score(taken, scores))
