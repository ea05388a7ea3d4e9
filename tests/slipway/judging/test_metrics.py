"""The metrics say what they should on rows small enough to count by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from slipway.errors import DataError
from slipway.judging.metrics import (
    classification_metrics,
    precision_recall_points,
    regression_metrics,
    roc_points,
)
from slipway.product.package import CLASSIFICATION_METRICS, REGRESSION_METRICS

KEYS = [*CLASSIFICATION_METRICS, "rows"]


def one_hot(predicted: list[int], num_classes: int) -> np.ndarray:
    return np.eye(num_classes)[predicted]


def test_four_rows_counted_by_hand() -> None:
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.3, 0.7]])
    metrics = classification_metrics(np.array([0, 0, 1, 1]), probabilities)
    assert list(metrics) == KEYS
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == metrics["recall_macro"] == 0.75
    assert metrics["precision_macro"] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics["roc_auc"] == 1.0
    assert metrics["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.9, 0.7]).mean())
    assert metrics["rows"] == 4


def test_the_averages_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    targets, predicted = random.integers(0, 4, 200), random.integers(0, 4, 200)
    metrics = classification_metrics(targets, one_hot(list(predicted), 4))
    precision, recall, f1, _ = precision_recall_fscore_support(targets, predicted, average="macro")
    expected = [balanced_accuracy_score(targets, predicted), precision, recall, f1]
    assert [metrics[key] for key in KEYS[1:5]] == pytest.approx(expected)


@pytest.mark.parametrize("row", [[1 / 4, 3 / 4], [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16]])
def test_losses_and_areas_are_those_of_scikit_learn_ties_included(row: list[float]) -> None:
    random, classes = np.random.default_rng(1), len(row)
    probabilities = random.permuted(np.tile(row, (300, 1)), axis=1)  # powers of two sum to one exactly
    targets = random.integers(0, classes, 300)
    metrics = classification_metrics(targets, probabilities)
    areas = [sk.roc_auc_score(targets == index, probabilities[:, index]) for index in range(classes)]
    assert metrics["roc_auc"] == pytest.approx(np.mean(areas))
    assert metrics["log_loss"] == pytest.approx(sk.log_loss(targets, probabilities))


def test_chosen_classes_change_what_is_about_classes_and_nothing_about_probabilities() -> None:
    random = np.random.default_rng(4)
    targets, probabilities = random.integers(0, 3, 90), random.dirichlet(np.ones(3), 90)
    chosen = random.integers(0, 3, 90)
    plain, other = (
        classification_metrics(targets, probabilities),
        classification_metrics(targets, probabilities, chosen),
    )
    assert classification_metrics(targets, probabilities, probabilities.argmax(axis=1)) == plain
    assert other["accuracy"] == np.mean(targets == chosen)
    assert other["f1_macro"] == pytest.approx(precision_recall_fscore_support(targets, chosen, average="macro")[2])
    assert {name: other[name] for name in ("roc_auc", "log_loss", "ece")} == {
        name: plain[name] for name in ("roc_auc", "log_loss", "ece")
    }


def test_the_precision_recall_curve_is_that_of_scikit_learn_ties_included() -> None:
    random = np.random.default_rng(5)
    positive, score = random.random(200) < 0.3, random.integers(0, 20, 200)
    precision, recall, _ = sk.precision_recall_curve(positive, score)
    found_recall, found_precision, average = precision_recall_points(positive, score)
    np.testing.assert_allclose(found_recall, recall[:-1][::-1])
    np.testing.assert_allclose(found_precision, precision[:-1][::-1])
    assert average == pytest.approx(sk.average_precision_score(positive, score))


def test_the_roc_curve_is_that_of_scikit_learn_ties_included() -> None:
    random = np.random.default_rng(3)
    positive, score = random.random(200) < 0.3, random.integers(0, 20, 200)
    expected_false, expected_true, _ = sk.roc_curve(positive, score, drop_intermediate=False)
    false_share, true_share = roc_points(positive, score)
    np.testing.assert_allclose(false_share, expected_false)
    np.testing.assert_allclose(true_share, expected_true)


def test_a_regression_is_judged_as_scikit_learn_judges_it() -> None:
    targets, values = np.random.default_rng(2).normal(50, 3, (2, 100))
    metrics = regression_metrics(targets, values)
    assert metrics["mae"] == pytest.approx(sk.mean_absolute_error(targets, values))
    assert metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(targets, values))
    assert metrics["r2"] == pytest.approx(sk.r2_score(targets, values))


def test_a_class_absent_from_test_is_left_out_of_the_averages() -> None:
    metrics = classification_metrics(np.array([0, 1, 1]), one_hot([0, 1, 1], 3))
    assert metrics["balanced_accuracy"] == metrics["f1_macro"] == metrics["roc_auc"] == 1.0


def test_predicting_an_absent_class_costs_recall() -> None:
    assert classification_metrics(np.array([0, 1, 1, 0]), one_hot([0, 1, 2, 0], 3))["recall_macro"] == 0.75


def test_one_class_alone_has_no_roc_curve_and_still_gives_json() -> None:
    metrics = classification_metrics(np.array([1, 1]), np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert metrics["roc_auc"] is None
    json.dumps(metrics, allow_nan=False)


def test_float32_probabilities_of_another_runtime_are_judged_without_a_warning() -> None:
    probabilities = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], dtype=np.float32) * np.float32(1.00001)
    assert classification_metrics(np.array([2, 0]), probabilities)["accuracy"] == 0.5


def test_a_certain_mistake_costs_a_finite_loss() -> None:
    assert np.isfinite(classification_metrics(np.array([0, 1]), one_hot([1, 1], 2))["log_loss"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_not_finite_are_refused_and_counted(bad: float) -> None:
    with pytest.raises(DataError, match="1 of 2 rows of the model's outputs are NaN or infinite"):
        classification_metrics(np.array([0, 1]), np.array([[0.5, 0.5], [bad, 0.5]]))
    with pytest.raises(DataError, match="1 of 2 rows of the targets"):
        regression_metrics(np.array([bad, 1.0]), np.array([0.0, 1.0]))


def test_logits_are_refused_as_probabilities() -> None:
    with pytest.raises(DataError, match="no probabilities"):
        classification_metrics(np.array([0, 1]), np.array([[3.0, -1.0], [0.0, 2.0]]))


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        regression_metrics(np.zeros(0), np.zeros(0))


def test_regression_by_hand() -> None:
    metrics = regression_metrics(np.array([0.0, 2.0]), np.array([1.0, 2.0]))
    assert metrics == {"mae": 0.5, "rmse": pytest.approx(0.5**0.5), "r2": 0.5, "rows": 2}
    assert list(metrics) == [*REGRESSION_METRICS, "rows"]


def test_equal_targets_have_no_r2() -> None:
    assert regression_metrics(np.array([1.0, 1.0]), np.array([1.0, 2.0]))["r2"] is None


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(2, 5), st.integers(1, 30))
def test_every_metric_is_a_number_in_its_range_whatever_the_rows(data: st.DataObject, classes: int, rows: int) -> None:
    targets = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)))
    weights = data.draw(st.lists(st.integers(1, 9), min_size=rows * classes, max_size=rows * classes))
    probabilities = np.array(weights, dtype=float).reshape(rows, classes)
    metrics = classification_metrics(targets, probabilities / probabilities.sum(axis=1, keepdims=True))
    for key in set(KEYS) - {"log_loss", "rows"}:
        assert metrics[key] is None or 0 <= metrics[key] <= 1
