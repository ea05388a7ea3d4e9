"""fairness.json tells what is known, and says in sentences what could not be compared."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subjects import subject

from slipway.errors import ParamsError
from slipway.judging.decision import Decision
from slipway.judging.fairness import fairness
from slipway.product.evaluate import Evaluate

CLASSES = ["no", "yes"]
PARAMS = Evaluate(bootstrap_samples=200, min_group_rows=10)


def people(num_rows: int = 400, *, seed: int = 1, wrong_for_women: float = 0.5) -> tuple[pl.DataFrame, list[str]]:
    """Rows, and what a model gives them that overlooks this share of the women whose class is yes."""
    random = np.random.default_rng(seed)
    sex, target = random.choice(["m", "f"], num_rows, p=[0.7, 0.3]), random.choice(CLASSES, num_rows)
    overlooked = (sex == "f") & (target == "yes") & (random.random(num_rows) < wrong_for_women)
    return pl.DataFrame({"sex": sex, "y": target}), np.where(overlooked, "no", target).tolist()


def facts(frame: pl.DataFrame, given: list, params: Evaluate = PARAMS, classes: list[str] | None = CLASSES, **product):
    product = {"sensitive": ["sex"], **product}
    return fairness(subject(frame, given, classes=classes, **product), Decision(classes=classes), params)


def test_a_planted_unfairness_is_found_with_its_size():
    told = facts(*people())
    assert told["positive"] == "yes"
    sex = told["columns"]["sex"]
    assert sex["groups"]["m"]["accuracy"]["value"] == sex["groups"]["m"]["tpr"]["value"] == 1
    assert sex["groups"]["m"]["tpr"]["low"] < 1, "a hundred right answers are no certainty"
    assert sex["worst_group"]["group"] == "f"
    odds = sex["differences"]["equalized_odds_difference"]
    assert odds["value"] == pytest.approx(1 - sex["groups"]["f"]["tpr"]["value"])
    assert odds["by_chance"] < odds["low"] < 0.5 < odds["high"]
    assert told["notes"] == []


def test_a_fair_model_differs_by_no_more_than_chance_does():
    frame, _ = people()
    random = np.random.default_rng(5)
    told = facts(frame, random.choice(CLASSES, frame.height).tolist())["columns"]["sex"]
    assert all(each["value"] < each["by_chance"] < 0.3 for each in told["differences"].values())


def test_chance_stays_below_by_chance_as_often_as_it_says():
    below = []
    for seed in range(60):
        frame, _ = people(seed=seed)
        given = np.random.default_rng(1000 + seed).choice(CLASSES, frame.height).tolist()
        each = facts(frame, given)["columns"]["sex"]["differences"]["equalized_odds_difference"]
        below.append(each["value"] <= each["by_chance"])
    assert 0.86 < np.mean(below) < 1, "of 95 %, within three standard errors"


def test_what_cannot_be_compared_is_said_and_the_rest_is_made():
    frame, given = people()
    frame = frame.with_columns(
        constant=pl.lit("x"),
        rare=pl.Series(["few"] * 3 + ["many"] * (frame.height - 3)),
        number=pl.int_range(pl.len()).cast(pl.String),
        picture=pl.lit(b"x"),
    )
    told = facts(frame, given, sensitive=["constant", "rare", "number", "picture", "gone", "sex"])
    assert list(told["columns"]) == ["constant", "rare", "sex"]
    assert told["columns"]["constant"]["differences"] == {}
    assert told["columns"]["rare"]["too_small"] == {"few": 3}
    for sentence in (
        "constant: all other rows are of the group 'x'",
        "rare: left out are groups of fewer than 10 rows: few (3)",
        "number: left out, because it has 400 groups",
        "picture: left out, because column 'picture' is of type Binary",
        "gone: left out, because the test rows do not hold it",
    ):
        assert any(note.startswith(sentence) for note in told["notes"]), (sentence, told["notes"])


def test_a_class_that_is_absent_from_test_leaves_the_other_rates():
    frame, _ = people()
    absent = frame.with_columns(y=pl.lit("no"))
    told = facts(absent, frame["y"].to_list())
    assert told["columns"]["sex"]["groups"]["m"]["tpr"] is None
    assert told["columns"]["sex"]["groups"]["m"]["fpr"]["value"] > 0
    assert "sex: no row of the positive class in m, f, and so no TPR." in told["notes"]
    assert "No test row is of the class yes, which leaves no true positive rate." in told["notes"]
    assert set(told["columns"]["sex"]["differences"]) == {"demographic_parity_difference", "equalized_odds_difference"}


def test_constant_answers_are_named():
    frame, _ = people()
    told = facts(frame, ["no"] * frame.height)
    assert told["columns"]["sex"]["differences"]["demographic_parity_difference"]["value"] == 0
    assert any("gives every test row the class 'no'" in note for note in told["notes"])


def test_groups_that_are_all_too_small_leave_a_sentence():
    frame, given = people(12)
    told = facts(frame, given, PARAMS.model_copy(update={"min_group_rows": 100}))
    assert told["columns"] == {}
    assert told["notes"] == ["sex: left out, because none of its groups has 100 test rows."]


def test_of_three_classes_none_is_positive_unless_one_is_declared():
    classes = ["a", "b", "c"]
    random = np.random.default_rng(2)
    frame = pl.DataFrame({"sex": random.choice(["m", "f"], 200), "y": random.choice(classes, 200)})
    given = random.choice(classes, 200).tolist()
    told = facts(frame, given, classes=classes)
    assert told["positive"] is None
    assert list(told["columns"]["sex"]["groups"]["m"]) == ["rows", "accuracy", "tpr_macro"]
    assert list(told["columns"]["sex"]["differences"]) == ["accuracy_difference", "tpr_macro_difference"]
    of_b = facts(frame, given, PARAMS.model_copy(update={"positive": "b"}), classes=classes)
    assert of_b["positive"] == "b" and "tpr" in of_b["columns"]["sex"]["groups"]["m"]
    with pytest.raises(ParamsError, match=r"evaluate\.positive = 'd' is no class of this product; allowed: a, b, c"):
        facts(frame, given, PARAMS.model_copy(update={"positive": "d"}), classes=classes)


def test_a_regression_has_errors_by_group():
    frame, _ = people()
    random = np.random.default_rng(3)
    frame = frame.with_columns(y=pl.Series(random.normal(size=frame.height)))
    errors = random.normal(size=frame.height) * np.where(frame["sex"].to_numpy() == "f", 3, 1)
    told = facts(frame, frame["y"].to_numpy() + errors, classes=None)
    sex = told["columns"]["sex"]
    assert sex["worst_group"]["group"] == "f" and list(sex["worst_group"]) == ["group", "rmse"]
    assert sex["groups"]["f"]["rmse"]["low"] < 3 < sex["groups"]["f"]["rmse"]["high"]
    assert sex["differences"]["rmse_difference"]["low"] > 1


def test_a_product_without_sensitive_columns_says_so():
    told = facts(*people(), sensitive=[])
    assert told["columns"] == {} and told["notes"] == ["product.sensitive names no column: no groups were compared."]


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_the_same_rows_give_the_same_figures_in_any_order(seed):
    frame, given = people(60, seed=seed)
    order = np.random.default_rng(seed).permutation(60)
    assert facts(frame, given) == facts(frame[order.tolist()], [given[place] for place in order])
