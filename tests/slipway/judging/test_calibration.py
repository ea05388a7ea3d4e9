"""Temperature scaling mends overconfidence and leaves predictions alone."""

import doctest

import numpy as np
import pytest

from slipway.judging import calibration
from slipway.judging.calibration import expected_calibration_error, fit_temperature, reliability, softmax
from slipway.judging.decision import Decision, fit_decision, read_decision


def overconfident(rows: int = 4000, factor: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows drawn from their own probabilities, whose logits are then made `factor` times too large."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(rows, 3))
    targets = (softmax(logits).cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return logits * factor, targets


def test_the_doctests_hold() -> None:
    assert doctest.testmod(calibration).failed == 0


def test_the_fit_finds_the_factor_that_made_the_logits_overconfident() -> None:
    logits, targets = overconfident()
    assert fit_temperature(logits, targets) == pytest.approx(3.0, rel=0.1)


def test_calibration_lowers_the_error_and_keeps_every_prediction() -> None:
    logits, targets = overconfident()
    before, after = softmax(logits), softmax(logits, fit_temperature(logits, targets))
    assert expected_calibration_error(targets, after) < expected_calibration_error(targets, before) / 3
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


def test_rows_that_are_all_right_do_not_drive_the_temperature_to_zero() -> None:
    logits = np.array([[4.0, 0.0], [0.0, 4.0]] * 20)
    assert 0.5 < fit_temperature(logits, np.array([0, 1] * 20)) <= 1.2


def test_equal_logits_keep_temperature_one() -> None:
    assert fit_temperature(np.zeros((4, 2)), np.array([0, 1, 1, 1])) == 1.0


def test_large_logits_do_not_overflow() -> None:
    assert softmax(np.array([[1e5, -1e5]], dtype=np.float32)).tolist() == [[1.0, 0.0]]


def test_reliability_has_only_bins_with_rows_and_counts_each_row_once() -> None:
    found = reliability(np.array([0, 0, 1]), np.array([[1.0, 0.0], [0.55, 0.45], [0.5, 0.5]]))
    assert [one["rows"] for one in found] == [1, 1, 1]
    assert [one["accuracy"] for one in found] == [0.0, 1.0, 1.0]


def test_a_decision_survives_its_file(tmp_path) -> None:
    logits, targets = overconfident(200)
    decision = fit_decision(logits, targets, classes=["a", "b", "c"], calibrate=True)
    decision.write(tmp_path)
    assert read_decision(tmp_path) == decision
    assert fit_decision(logits, targets, classes=["a", "b", "c"], calibrate=False) == Decision(classes=["a", "b", "c"])
