"""The difference to a champion: paired, with an interval that covers the truth, and judged by it."""

import numpy as np
import polars as pl
import pytest

from slipway.errors import DataError
from slipway.judging.against_champion import Difference, compare, judge_relative
from slipway.product.deploy import DeployGate
from slipway.product.product import Product
from slipway.tables.schema import Schema

CLASSES = ["a", "b", "c"]
LETTERS = Schema(product=Product(kind="tabular", target="y", classes=CLASSES), columns=[], classes=CLASSES)
NUMBERS = Schema(product=Product(kind="tabular", task="regression", target="y"), columns=[], classes=None)
LABELS = Schema(
    product=Product(kind="tabular", task="multilabel", target="y", classes=CLASSES, label_delimiter=";"),
    columns=[],
    classes=CLASSES,
)


def labelled(labels):
    return {index: {"label": label, "probabilities": {}} for index, label in enumerate(labels)}


def valued(values):
    return {index: {"value": float(value)} for index, value in enumerate(values)}


def of(ours, theirs, truth, schema=LETTERS, confidence_pct=90.0) -> Difference:
    return compare(ours, theirs, pl.DataFrame({"y": truth}), schema, confidence_pct=confidence_pct)


def test_the_difference_is_over_rows_that_both_answered_and_its_interval_is_seeded():
    truth = ["a", "b"] * 50
    ours, theirs = labelled(truth), labelled(["a"] * 100)
    del ours[0], theirs[3]
    found = of(ours, theirs, truth)
    assert (found.metric, found.num_rows) == ("accuracy", 98)
    assert found.value == pytest.approx(49 / 98)
    assert 0.4 < found.low < found.value < found.high < 0.6
    assert of(ours, theirs, truth) == found


def test_what_both_get_wrong_alike_makes_no_doubt():
    truth = ["a", "b", "c", "c"] * 25
    found = of(labelled(["a"] * 100), labelled(["a"] * 100), truth)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_champion_that_knows_another_class_is_wrong_there_and_not_refused():
    truth = ["a", "b"] * 20
    assert of(labelled(truth), labelled(["a", "z"] * 20), truth).value == 0.5


def test_labels_are_right_where_all_are():
    truth = ["a;b", ";", "c", "b"] * 10
    right = {i: {"labels": [part for part in text.split(";") if part]} for i, text in enumerate(truth)}
    fewer = {i: {"labels": one["labels"][:1]} for i, one in right.items()}
    assert of(right, fewer, truth, LABELS).value == 0.25


def test_values_are_compared_by_r2():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=400)
    ours, theirs = truth + rng.normal(scale=0.5, size=400), truth + rng.normal(scale=0.1, size=400)
    found = of(valued(ours), valued(theirs), truth, NUMBERS)
    r2 = [1 - ((answers - truth) ** 2).mean() / truth.var() for answers in (ours, theirs)]
    assert found.metric == "r2"
    assert found.value == pytest.approx(r2[0] - r2[1])
    assert found.low < found.value < found.high < 0


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(11), 0
    for _ in range(60):
        shared = rng.uniform(size=300)
        ours, theirs = shared < 0.80, np.where(rng.uniform(size=300) < 0.1, rng.uniform(size=300) < 0.85, shared < 0.85)
        truth = ["a"] * 300
        found = of(*(labelled(np.where(right, "a", "b")) for right in (ours, theirs)), truth)
        covered += found.low <= -0.05 <= found.high
    assert covered >= 48  # 54 are expected


def test_too_few_rows_and_equal_targets_are_told():
    with pytest.raises(DataError, match="both models answer only 29 of the same test rows, and 30 are wanted"):
        of(labelled(["a"] * 29), labelled(["a"] * 30), ["a"] * 30)
    with pytest.raises(DataError, match="all test rows have the same target"):
        of(valued([1] * 30), valued([1] * 30), [2.0] * 30, NUMBERS)


@pytest.mark.parametrize(
    ("low", "high", "refuse", "accept", "says"),
    [
        (-0.01, 0.03, True, True, ""),
        (-0.03, 0.01, False, True, "cannot show that it is no worse: enlarge the test part"),
        (-0.09, -0.03, False, False, "it is worse than what serves: mend the model"),
    ],
)
def test_the_whole_interval_decides_and_in_doubt_what_params_say(low, high, refuse, accept, says):
    found = Difference("accuracy", (low + high) / 2, low, high, 120)
    for word, passed in (("refuse", refuse), ("accept", accept)):
        rule = judge_relative(found, "v0007", DeployGate(when_in_doubt=word))
        assert rule["passed"] is passed
        assert (rule["limit"], rule["interval"]) == (-0.02, [low, high])
        assert passed or says in rule["mend"]
