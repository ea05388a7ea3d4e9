"""Baselines are judged on the network's own test rows, and the file says who wins, whatever the rows are."""

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_subjects import decision_of, numbers, subject_of

from slipway.judging.baselines import Effort, fit_baselines
from slipway.judging.beside_baselines import compare, differences
from slipway.judging.decision import Decision
from slipway.judging.metrics import regression_metrics
from slipway.product.evaluate import Evaluate
from slipway.tables.targets import targets

PARAMS = Evaluate(bootstrap_samples=100)
EITHER = Decision(classes=["no", "yes"])


def by_a(x):
    return torch.stack([-3 * x[:, 0], 3 * x[:, 0]], dim=1)


def always_no(x):
    return torch.stack([torch.ones(len(x)), -torch.ones(len(x))], dim=1)


def only(*baselines):
    return PARAMS.model_copy(update={"baselines": list(baselines)})


def compared(rows, answer, params=PARAMS, **more):
    subject = subject_of(rows, answer, **more)
    return compare(subject, decision_of(subject), params)


def test_a_network_that_knows_nothing_is_beaten_by_all_that_learn():
    found = compared(numbers(), always_no, classes=["no", "yes"])
    assert found["headline"] == "accuracy"
    assert list(found["models"]) == ["majority", "logistic_regression", "gradient_boosting"]
    assert set(found["beaten_by"]) == {"logistic_regression", "gradient_boosting"}
    assert found["rows"] == {"learned_from": 100, "train": 100, "test": 100}
    assert all(each["rows"] == 100 for each in found["models"].values())


def test_a_good_network_is_beaten_by_none_and_beats_the_majority():
    found = compared(numbers(), by_a, classes=["no", "yes"])
    assert found["beaten_by"] == []
    assert found["differences"]["majority"]["high"] < 0
    for name, each in found["differences"].items():
        assert each["value"] == pytest.approx(found["models"][name]["accuracy"] - found["model"], abs=2e-6)


def test_values_are_compared_by_r2():
    rows = numbers(120).with_columns(y=1000 * pl.col("a") + 5)
    found = compared(rows, lambda x: torch.zeros(len(x)))
    assert found["headline"] == "r2"
    assert list(found["models"]) == ["mean", "ridge_regression", "gradient_boosting"]
    assert "ridge_regression" in found["beaten_by"]
    assert found["models"]["ridge_regression"]["r2"] > 0.99
    gap = found["models"]["mean"]["r2"] - found["model"]
    assert found["differences"]["mean"]["value"] == pytest.approx(gap, abs=2e-6)


def test_test_rows_that_are_all_equal_have_no_r2_and_no_differences():
    rows = numbers(40).with_columns(y=pl.Series(np.r_[np.arange(20.0), np.ones(20)]))
    found = compared(rows, lambda x: torch.zeros(len(x)))
    assert found["model"] is None
    assert found["differences"] == {}
    assert found["beaten_by"] == []
    assert found["models"]["mean"]["rmse"] > 0


def test_a_class_that_no_training_row_has_gets_no_probability_and_is_still_judged():
    rows = numbers(100).with_columns(y=pl.when(pl.int_range(100) < 98).then("y").otherwise(pl.lit("rare")))
    found = compared(rows, lambda x: torch.zeros(len(x), 3), classes=["no", "rare", "yes"])
    assert found["skipped"] == {}
    assert found["models"]["majority"]["rows"] == 50


def test_a_class_with_one_training_row_is_learned_from():
    rows = numbers(12_000).with_columns(y=pl.when(pl.int_range(12_000) < 1).then(pl.lit("rare")).otherwise("y"))
    subject = subject_of(rows, always_no, classes=["no", "rare", "yes"])
    train, test = rows.head(11_000), rows.tail(1000)
    fitted = fit_baselines(
        train, test, subject.schema, subject.transform, ["gradient_boosting"], Effort(cells=None, trees=30)
    )
    assert fitted.answers["gradient_boosting"].shape == (1000, 3)
    assert "10 rounds instead of 100" in fitted.notes[0]


def test_training_rows_of_one_class_leave_the_majority_alone():
    rows = numbers(40).with_columns(y=pl.when(pl.int_range(40) < 20).then(pl.lit("no")).otherwise("y"))
    found = compared(rows, by_a, classes=["no", "yes"])
    assert list(found["models"]) == ["majority"]
    assert "same target" in found["skipped"]["gradient_boosting"]


def test_labels_are_left_out_with_the_reason():
    rows = numbers(20).with_columns(y=pl.lit("no;yes"))
    found = compared(
        rows, lambda x: torch.zeros(len(x), 2), classes=["no", "yes"], task="multilabel", label_delimiter=";"
    )
    assert found["models"] == {}
    assert "many labels" in found["skipped"]["majority"]


def test_none_are_fitted_where_none_are_asked_for():
    found = compared(numbers(20), by_a, only(), classes=["no", "yes"])
    assert found["models"] == found["skipped"] == {}


def test_texts_are_told_by_their_words():
    rows = pl.DataFrame({"text": [f"a {'fine' if i % 2 else 'dull'} film {i}" for i in range(200)]})
    rows = rows.with_columns(y=pl.Series(["yes" if i % 2 else "no" for i in range(200)]))
    found = compared(rows, always_no, kind="texts", classes=["no", "yes"])
    assert found["models"]["logistic_regression"]["accuracy"] == 1
    assert found["models"]["gradient_boosting"]["accuracy"] == 1
    assert "main directions" in found["notes"][0]


def test_training_rows_are_drawn_where_they_are_more_than_the_effort_allows_and_the_same_again():
    rows = numbers(200)
    subject = subject_of(rows, by_a, classes=["no", "yes"])
    assert Effort(cells=100).rows(subject.transform, 2) == 50
    assert Effort(cells=100).rows(subject.transform, 20) == 25
    assert Effort(cells=None).rows(subject.transform, 2) is None
    one, two = (compare(subject, EITHER, PARAMS) for _ in range(2))
    assert one == two


def test_a_fit_that_does_not_converge_is_told_and_warns_nobody():
    rows = numbers(100)
    subject = subject_of(rows, by_a, classes=["no", "yes"])
    fitted = fit_baselines(rows, rows, subject.schema, subject.transform, ["linear"], Effort(iterations=1))
    assert "before it converged" in fitted.notes[0]
    accuracy = (fitted.answers["linear"].argmax(axis=1) == targets(rows, subject.schema)).mean()
    assert accuracy > 0.5


@given(seed=st.integers(0, 50), shift=st.floats(-1, 1))
def test_the_interval_of_a_difference_holds_it_wherever_the_targets_lie(seed, shift):
    random = np.random.default_rng(seed)
    y = random.normal(size=60)
    own, other = y + random.normal(size=60), y + random.normal(size=60) / 2
    options = {"samples": 200, "confidence_pct": 99.9, "seed": seed}
    (found,) = differences(y, own, {"x": other}, Decision(), **options).values()
    assert found["low"] <= found["value"] <= found["high"]
    exact = regression_metrics(y, other)["r2"] - regression_metrics(y, own)["r2"]
    assert found["value"] == pytest.approx(exact, abs=1e-5)
    (moved,) = differences(y + shift, own + shift, {"x": other + shift}, Decision(), **options).values()
    assert moved["value"] == pytest.approx(found["value"], abs=1e-4)


def test_rights_are_compared_as_a_bootstrap_of_rows_compares_them():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 300)
    own, other = (np.eye(2)[np.where(random.random(300) < share, y, 1 - y)] for share in (0.7, 0.8))
    (found,) = differences(y, own, {"x": other}, EITHER, samples=20_000, confidence_pct=90, seed=1).values()
    gains = (other.argmax(1) == y) * 1.0 - (own.argmax(1) == y)
    drawn = gains[random.integers(0, 300, (20_000, 300))].mean(axis=1)
    assert [found["low"], found["high"]] == pytest.approx(np.percentile(drawn, [5, 95]), abs=0.004)


def test_without_any_other_model_there_is_no_difference():
    found = compared(numbers(20).with_columns(y=pl.lit("no")), by_a, only("linear"), classes=["no", "yes"])
    assert found["differences"] == found["models"] == {}
    values = numbers(20).with_columns(y=pl.Series([*[1.0] * 10, *range(10)]))
    assert compared(values, lambda x: x[:, 0], only("linear"))["differences"] == {}


def test_a_model_is_as_good_as_itself():
    y = np.array([0, 1, 1, 0])
    sure = np.eye(2)[y]
    found = differences(y, sure, {"self": sure}, EITHER, samples=100, confidence_pct=95, seed=0)
    assert found == {"self": {"value": 0.0, "low": 0.0, "high": 0.0}}
