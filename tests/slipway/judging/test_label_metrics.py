"""Metrics of many labels are scikit-learn's, under the names of metrics.json."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from slipway.errors import DataError
from slipway.judging.calibration import softmax
from slipway.judging.decision import fit_label_decision
from slipway.judging.label_metrics import by_label, label_intervals, label_metrics


def rows(num_rows: int, num_labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = (random.random((num_rows, num_labels)) < random.uniform(0.1, 0.9, num_labels)).astype(float)
    truth[0, 0] = 1
    return truth, np.clip(truth * 0.4 + random.random((num_rows, num_labels)) * 0.6, 0.01, 0.99)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(2, 5), st.integers(0, 10_000))
def test_they_are_scikit_learns_over_the_labels_that_occur(num_rows, num_labels, seed):
    truth, p = rows(num_rows, num_labels, seed)
    ours, there, given_ = label_metrics(truth, p), truth.any(axis=0), p > 0.5
    kept, told = truth[:, there], given_[:, there]
    assert ours["accuracy"] == pytest.approx(theirs.accuracy_score(truth, given_))
    for name, score in (
        ("precision_macro", theirs.precision_score),
        ("recall_macro", theirs.recall_score),
        ("f1_macro", theirs.f1_score),
    ):
        one_by_one = [score(kept[:, i], told[:, i], zero_division=0) for i in range(kept.shape[1])]
        assert ours[name] == pytest.approx(np.mean(one_by_one))
    ranked = [i for i in range(num_labels) if 0 < truth[:, i].sum() < num_rows]
    if ranked:
        areas = theirs.roc_auc_score(truth[:, ranked], p[:, ranked], average=None)
        assert ours["roc_auc"] == pytest.approx(np.mean(areas))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            balanced = [theirs.balanced_accuracy_score(truth[:, i], given_[:, i]) for i in ranked]
        if len(ranked) == there.sum():
            assert ours["balanced_accuracy"] == pytest.approx(np.mean(balanced))
    else:
        assert ours["roc_auc"] is None
    log_loss = np.mean([theirs.log_loss(truth[:, i], p[:, i], labels=[0, 1]) for i in range(num_labels)])
    assert ours["log_loss"] == pytest.approx(log_loss)
    more = by_label(truth, p, [f"label {i}" for i in range(num_labels)])
    assert more["f1_micro"] == pytest.approx(theirs.f1_score(truth.ravel(), given_.ravel()))
    assert more["hamming_loss"] == pytest.approx(theirs.hamming_loss(truth, given_))


def test_intervals_lie_around_what_they_are_of_even_where_a_label_is_rare():
    truth, p = rows(60, 3, 1)
    truth[:, 2] = 0
    truth[5, 2] = 1
    ours = label_metrics(truth, p)
    found = label_intervals(truth, p, samples=300, confidence_pct=95, seed=1)["intervals"]
    assert set(found) == set(ours) - {"ece", "rows"}
    for name in ("accuracy", "f1_macro", "log_loss", "roc_auc"):
        assert found[name]["low"] <= ours[name] <= found[name]["high"]


def test_one_temperature_makes_overconfident_labels_honest_and_moves_none_over_one_half():
    random = np.random.default_rng(1)
    logits = random.normal(size=(400, 3)) * 2
    truth = (random.random((400, 3)) < 1 / (1 + np.exp(-logits))).astype(float)
    decision = fit_label_decision(logits * 4, truth, labels=["a", "b", "c"], calibrate=True)
    assert decision.temperature == pytest.approx(4, rel=0.25)
    p = decision.probabilities(logits * 4)
    assert ((p > 0.5) == (logits > 0)).all()
    assert p[0, 0] == pytest.approx(softmax(np.array([[0, logits[0, 0] * 4]]), decision.temperature)[0, 1])


@pytest.mark.parametrize(
    ("truth", "p", "message"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), "no rows to judge by"),
        (np.ones((2, 2)), np.full((2, 2), 1.2), "no probabilities"),
        (np.ones((2, 2)), np.full((2, 2), np.nan), "NaN or infinite"),
        (np.zeros((2, 2)), np.full((2, 2), 0.5), "no row has any of the labels"),
    ],
)
def test_what_cannot_be_judged_is_refused(truth, p, message):
    with pytest.raises(DataError, match=message):
        label_metrics(truth, p)
