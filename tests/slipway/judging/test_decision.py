"""The chosen class is the one of least expected cost, and a group has its own threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slipway.errors import BundleError
from slipway.judging.costs import cost_curve, cost_matrix, costs_paid, least_cost_threshold
from slipway.judging.decision import Decision, GroupThresholds, parse_decision, read_decision
from slipway.judging.grouping import Grouping

CLASSES = ["no", "yes"]
SEX = Grouping(column="sex", kind="category")


def of_groups(**thresholds: float) -> Decision:
    groups = GroupThresholds(grouping=SEX, constraint="demographic_parity", thresholds=thresholds)
    return Decision(classes=CLASSES, threshold=0.5, group_thresholds=groups)


def chances(*positive: float) -> np.ndarray:
    return np.array([[1 - one, one] for one in positive])


def test_without_costs_the_most_probable_class_is_given():
    assert Decision(classes=CLASSES).choose(chances(0.2, 0.5, 0.7)).tolist() == [0, 0, 1]


def test_a_mistake_that_costs_more_is_made_less_often():
    matrix = cost_matrix({"ill": {"healthy": 20}}, ["healthy", "ill"])
    decision = Decision(classes=["healthy", "ill"], costs=matrix, threshold=least_cost_threshold(matrix))
    assert decision.threshold == pytest.approx(1 / 21)
    assert decision.choose(chances(0.04, 0.05, 0.9)).tolist() == [0, 1, 1]


def test_of_three_classes_the_least_expected_cost_decides():
    matrix = cost_matrix({"c": {"a": 10}}, ["a", "b", "c"])
    probabilities = np.array([[0.6, 0.3, 0.1], [0.8, 0.19, 0.01]])
    # expected costs of the first row: a 0.3 + 10 * 0.1 = 1.3, b 0.6 + 0.1 = 0.7, c 0.9
    assert Decision(classes=["a", "b", "c"], costs=matrix).choose(probabilities).tolist() == [1, 0]


@given(
    arrays(float, st.tuples(st.integers(1, 20), st.integers(2, 5)), elements=st.floats(0.01, 1)),
    st.integers(0, 2**32 - 1),
)
def test_no_other_class_has_a_lower_expected_cost(weights, seed):
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    matrix = np.random.default_rng(seed).integers(1, 50, size=[weights.shape[1]] * 2).astype(float)
    np.fill_diagonal(matrix, 0)
    costs, classes = matrix.tolist(), [str(index) for index in range(len(matrix))]
    threshold = least_cost_threshold(costs) if len(costs) == 2 else None
    chosen = Decision(classes=classes, costs=costs, threshold=threshold).choose(probabilities)
    expected = probabilities @ matrix
    assert expected[np.arange(len(chosen)), chosen] == pytest.approx(expected.min(axis=1), abs=1e-12)


def test_a_group_has_its_own_threshold_and_an_unknown_one_the_common():
    decision = of_groups(Female=0.3)
    groups = np.array(["Female", "Male", "missing"], dtype=object)
    assert decision.choose(chances(0.4, 0.4, 0.4), groups).tolist() == [1, 0, 0]
    assert decision.choose(chances(0.4, 0.4, 0.4)).tolist() == [0, 0, 0]


def test_a_decision_is_the_same_after_writing_and_a_damaged_one_is_refused(tmp_path):
    decision = of_groups(Female=0.1 + 0.2)
    decision.write(tmp_path)
    assert read_decision(tmp_path) == parse_decision((tmp_path / "decision.json").read_bytes()) == decision
    with pytest.raises(BundleError, match=r"decision\.json: threshold .* less than or equal to 1: package"):
        parse_decision(b'{"classes": ["no", "yes"], "threshold": 7}')


def test_a_mistake_that_costs_nothing_gives_one_class_to_all():
    matrix = cost_matrix({"no": {"yes": 0}}, CLASSES)
    assert least_cost_threshold(matrix) == 0
    assert Decision(classes=CLASSES, costs=matrix, threshold=0).choose(chances(0.001, 0.9)).tolist() == [1, 1]


def test_the_curve_of_costs_is_what_choosing_by_each_threshold_costs():
    random = np.random.default_rng(0)
    targets, score, thresholds = random.integers(0, 2, 50), random.integers(0, 9, 50) / 8, np.linspace(0, 1, 17)
    matrix = [[0.0, 2.0], [5.0, 0.0]]
    paid = [np.array(matrix)[targets, (score > one).astype(int)].mean() for one in thresholds]
    assert cost_curve(targets, score, matrix, thresholds) == pytest.approx(np.array(paid))


def test_what_is_saved_is_known_better_than_what_is_paid():
    random = np.random.default_rng(1)
    targets = random.integers(0, 2, 400)
    first = np.where(random.random(400) < 0.3, 1 - targets, targets)
    better = np.where(random.random(400) < 0.2, targets, first)
    rules = {"most_probable": first, "least_cost": better}
    paid = costs_paid(targets, rules, [[0, 1], [1, 0]], samples=300, confidence_pct=95, seed=7)
    assert list(paid) == ["most_probable", "least_cost", "saved"]
    assert paid["most_probable"]["value"] == pytest.approx((first != targets).mean())
    assert paid["saved"]["value"] == pytest.approx((first != targets).mean() - (better != targets).mean())
    assert all(each["low"] <= each["value"] <= each["high"] for each in paid.values())
    widths = {name: each["high"] - each["low"] for name, each in paid.items()}
    assert widths["saved"] < widths["most_probable"]


@pytest.mark.parametrize(
    ("grouping", "values", "names"),
    [
        (SEX, ["Male", "", "Female"], ["Male", "missing", "Female"]),
        (Grouping(column="n", kind="number"), [3.0, np.nan, 2.5], ["3", "missing", "2.5"]),
        (Grouping(column="b", kind="boolean"), [1.0, 0.0, np.nan], ["true", "false", "missing"]),
        (Grouping(column="n", kind="number", ends=[30]), [30, 31, np.nan], ["at most 30", "over 30", "missing"]),
        (Grouping(column="n", kind="number", ends=[]), [1.0, np.nan], ["all", "missing"]),
    ],
)
def test_a_value_has_the_name_of_its_group(grouping, values, names):
    kind = object if grouping.kind == "category" else np.float64
    assert grouping.names(np.array(values, dtype=kind)).tolist() == names
    assert grouping.names(np.array([], dtype=kind)).tolist() == []
