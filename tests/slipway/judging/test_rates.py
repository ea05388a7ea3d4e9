"""Rates by group are fairlearn's, whichever way the groups are named, and a perfect model treats all alike."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.judging.rates import EachClass, Errors, OneAgainstRest, spread


@st.composite
def judged(draw, num_classes: int = 2, num_groups: int = 3):
    """Draw targets, answers and groups [N]; every group has rows of every class, as fairlearn needs."""
    more = draw(st.integers(0, 40))
    pairs = [(group, label) for group in range(num_groups) for label in range(num_classes)]
    pairs += [(draw(st.integers(0, num_groups - 1)), draw(st.integers(0, num_classes - 1))) for _ in range(more)]
    answers = [draw(st.integers(0, num_classes - 1)) for _ in pairs]
    groups, targets = np.array(pairs).T
    return targets, np.array(answers), groups


def differences(view, groups: np.ndarray) -> dict[str, float]:
    rates = view.rates(view.sums(groups, int(groups.max()) + 1))
    return {name: float(value) for name, value in view.differences(rates).items()}


@settings(max_examples=8)  # fairlearn takes its time
@given(judged())
def test_two_classes_have_the_rates_and_differences_of_fairlearn(drawn):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what fairlearn itself imports
        import fairlearn.metrics as fairlearn
    targets, answers, groups = drawn
    view = OneAgainstRest(targets, answers, positive=1)
    named = {"y_true": targets, "y_pred": answers, "sensitive_features": groups}
    of = {"tpr": fairlearn.true_positive_rate, "fpr": fairlearn.false_positive_rate}
    frame = fairlearn.MetricFrame(metrics={**of, "selection_rate": fairlearn.selection_rate}, **named)
    rates = view.rates(view.sums(groups, 3))
    for name in ("tpr", "fpr", "selection_rate"):
        assert rates[name] == pytest.approx(frame.by_group[name].to_numpy())
    assert differences(view, groups) == pytest.approx(
        {
            "demographic_parity_difference": fairlearn.demographic_parity_difference(**named),
            "equalized_odds_difference": fairlearn.equalized_odds_difference(**named),
        }
    )


@settings(max_examples=20)
@given(judged(num_classes=4), st.permutations(range(3)), st.sampled_from(["one", "each", "values"]))
def test_other_names_of_the_groups_change_no_difference(drawn, names, kind):
    targets, answers, groups = drawn
    view = {
        "one": OneAgainstRest(targets, answers, positive=2),
        "each": EachClass(targets, answers, num_classes=4),
        "values": Errors((answers - targets).astype(float)),
    }[kind]
    assert differences(view, np.array(names)[groups]) == pytest.approx(differences(view, groups))


@settings(max_examples=20)
@given(judged(num_classes=3))
def test_a_perfect_model_has_equal_odds(drawn):
    targets, _, groups = drawn
    assert differences(OneAgainstRest(targets, targets, positive=0), groups)["equalized_odds_difference"] == 0
    assert differences(EachClass(targets, targets, num_classes=3), groups) == {
        "accuracy_difference": 0,
        "tpr_macro_difference": 0,
    }
    assert differences(Errors(np.zeros(len(targets))), groups) == {"rmse_difference": 0, "mae_difference": 0}


@settings(max_examples=20)
@given(judged(num_classes=3))
def test_of_three_classes_a_row_is_right_with_its_own_class_alone(drawn):
    targets, answers, groups = drawn
    view = OneAgainstRest(targets, answers, positive=2)
    accuracy = view.rates(view.sums(groups, 3))["accuracy"]
    assert accuracy == pytest.approx([(targets == answers)[groups == group].mean() for group in range(3)])


def test_a_group_without_a_row_of_the_class_has_no_rate_and_makes_no_difference():
    targets, answers, groups = np.array([1, 1, 0, 0, 0]), np.array([1, 0, 0, 1, 0]), np.array([0, 0, 0, 1, 1])
    view = OneAgainstRest(targets, answers, positive=1)
    rates = view.rates(view.sums(groups, 2))
    assert np.isnan(rates["tpr"][1])
    assert view.differences(rates)["equalized_odds_difference"] == rates["fpr"][1] - rates["fpr"][0] == 0.5
    assert np.isnan(spread(np.array([0.5, np.nan])))


@pytest.mark.parametrize("kind", ["counted", "values"])
def test_draws_are_resamples_of_the_rows(kind):
    random = np.random.default_rng(1)
    targets, answers, groups = random.integers(0, 2, 300), random.integers(0, 2, 300), random.integers(0, 2, 300)
    is_counted = kind == "counted"
    view = OneAgainstRest(targets, answers, positive=1) if is_counted else Errors(random.normal(size=300))
    drawn = np.concatenate(list(view.draws(groups, 2, samples=2000, seed=3)))
    sums = view.sums(groups, 2)
    assert drawn.shape == (2000, *sums.shape)
    rows = drawn.sum(axis=-1) if is_counted else drawn[..., 0]
    assert rows.sum(axis=-1) == pytest.approx(300)
    share = (groups == 0).mean()
    assert rows[:, 0].std() == pytest.approx(np.sqrt(300 * share * (1 - share)), rel=0.1)
    assert drawn.mean(axis=0) == pytest.approx(sums, rel=0.1, abs=2)
