"""Thresholds of groups make the named rates alike on the rows they are fitted on, as cheaply as can be."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.judging.costs import cost_curve
from slipway.judging.mitigating import curve, fit_thresholds
from slipway.product.mitigation import Mitigation

EQUAL = [[0.0, 1.0], [1.0, 0.0]]
CONSTRAINTS = ["demographic_parity", "equal_opportunity", "equalized_odds"]


def params(constraint: str, **more: object) -> Mitigation:
    return Mitigation.model_validate({"column": "sex", "constraint": constraint, "min_rows": 1, **more})


def people(seed: int, sizes: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, scores and groups; each group's scores are shifted otherwise."""
    random = np.random.default_rng(seed)
    groups = np.array([name for name, size in sizes.items() for _ in range(size)], dtype=object)
    shift = np.array([place for place, size in enumerate(sizes.values()) for _ in range(size)])
    targets = (random.random(len(groups)) < 0.3 + 0.2 * shift).astype(int)
    targets[::7] = 1 - targets[::7]
    score = 1 / (1 + np.exp(-(1.5 * targets - 1 + 0.7 * shift + random.normal(size=len(groups)))))
    return targets, score, groups


def rates(constraint: str, targets: np.ndarray, given_rows: np.ndarray) -> list[float]:
    shares = {
        "demographic_parity": [given_rows.mean()],
        "equal_opportunity": [given_rows[targets == 1].mean()],
        "equalized_odds": [given_rows[targets == kind].mean() for kind in (1, 0)],
    }
    return shares[constraint]


def difference(constraint: str, targets: np.ndarray, given_rows: np.ndarray, groups: np.ndarray) -> float:
    found = [rates(constraint, targets[groups == name], given_rows[groups == name]) for name in sorted(set(groups))]
    return float(np.ptp(np.array(found), axis=0).max())


def given_by(thresholds: dict[str, float], score: np.ndarray, groups: np.ndarray, common: float = 0.5) -> np.ndarray:
    return score > np.array([thresholds.get(name, common) for name in groups])


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_rates_that_were_apart_come_together(constraint):
    targets, score, groups = people(0, {"a": 800, "b": 500, "c": 300})
    assert difference(constraint, targets, score > 0.5, groups) > 0.2
    thresholds, notes = fit_thresholds(targets, score, groups, EQUAL, 0.5, params(constraint))
    assert (sorted(thresholds), notes) == (["a", "b", "c"], [])
    chosen = given_by(thresholds, score, groups)
    assert difference(constraint, targets, chosen, groups) <= 0.02 + 1e-9
    assert 0 < chosen.mean() < 1


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from(CONSTRAINTS), st.sampled_from([0.0, 0.1, 0.3]))
def test_no_other_thresholds_that_are_allowed_cost_less(seed, constraint, largest):
    targets, score, groups = people(seed, {"a": 12, "b": 9})
    targets[[0, 13]], targets[[1, 14]] = 1, 0
    matrix = [[0.0, 1.0], [3.0, 0.0]]
    thresholds, _ = fit_thresholds(targets, score, groups, matrix, 0.25, params(constraint, max_difference=largest))
    curves = [curve(targets[groups == name], score[groups == name], matrix, 0.25, constraint) for name in ("a", "b")]
    allowed = [
        one.costs[i] + other.costs[j]
        for one, other in [curves]
        for i, j in product(range(len(one.thresholds)), range(len(other.thresholds)))
        if np.abs(one.rates[:, i] - other.rates[:, j]).max() <= largest + 1e-9
    ]
    paid = np.array(matrix)[targets, given_by(thresholds, score, groups).astype(int)].sum()
    assert paid == pytest.approx(min(allowed))


def test_without_a_need_for_other_thresholds_the_cost_is_that_of_the_best_ones():
    targets, score, groups = people(3, {"a": 200, "b": 200})
    thresholds, _ = fit_thresholds(targets, score, groups, EQUAL, 0.5, params("demographic_parity", max_difference=1))
    for name, threshold in thresholds.items():
        mine = groups == name
        paid = cost_curve(targets[mine], score[mine], EQUAL, np.array([threshold, *np.unique(score)]))
        assert paid[0] <= paid[1:].min() + 1e-12


def test_a_group_that_is_too_small_keeps_the_common_threshold_and_a_note_says_so():
    targets, score, groups = people(1, {"a": 300, "b": 300, "few": 3})
    thresholds, notes = fit_thresholds(targets, score, groups, EQUAL, 0.5, params("equal_opportunity", min_rows=40))
    assert sorted(thresholds) == ["a", "b"]
    rows = int(targets[groups == "few"].sum())
    assert notes == [
        f"sex = few has {rows} validation rows behind a rate, fewer than evaluate.mitigation.min_rows = 40: "
        "it keeps the common threshold"
    ]


@pytest.mark.parametrize("sizes", [{}, {"a": 300}, {"a": 300, "b": 2}])
def test_fewer_than_two_groups_have_nothing_to_be_made_alike(sizes):
    targets, score, groups = people(2, sizes)
    thresholds, notes = fit_thresholds(targets, score, groups, EQUAL, 0.5, params("demographic_parity", min_rows=40))
    assert thresholds == {}
    assert notes[-1].endswith("all keep the common threshold")


def test_scores_that_are_all_alike_give_all_groups_the_same_class():
    targets, _, groups = people(4, {"a": 60, "b": 60})
    score = np.full(120, 0.7)
    thresholds, _ = fit_thresholds(targets, score, groups, EQUAL, 0.5, params("equalized_odds"))
    assert len(np.unique(given_by(thresholds, score, groups))) == 1


def test_it_costs_little_more_than_fairlearn_which_answers_by_chance():
    from fairlearn.postprocessing import ThresholdOptimizer
    from sklearn.base import BaseEstimator

    class Scores(BaseEstimator):
        def __sklearn_is_fitted__(self):
            return True

        def fit(self, rows, targets):
            raise AssertionError("it is fitted")

        def predict(self, rows):
            return rows[:, 0]

    targets, score, groups = people(5, {"a": 600, "b": 400})
    peer = ThresholdOptimizer(
        estimator=Scores(), constraints="demographic_parity", objective="accuracy_score", prefit=True,
        predict_method="predict", tol=0.02,
    )  # fmt: skip
    peer.fit(score[:, None], targets, sensitive_features=groups.astype(str))
    expected = peer._pmf_predict(score[:, None], sensitive_features=groups.astype(str))[np.arange(1000), targets].mean()
    thresholds, _ = fit_thresholds(targets, score, groups, EQUAL, 0.5, params("demographic_parity"))
    ours = (given_by(thresholds, score, groups) == targets).mean()
    assert ours >= expected - 0.005
