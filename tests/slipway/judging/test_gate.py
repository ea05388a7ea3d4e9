"""The untimed rules of the gate."""

import pytest

from slipway.errors import ParamsError
from slipway.judging.gate import broken, judge
from slipway.product.package import Gate, Limit

FIDELITY = {"parity_error": 1e-6, "batch_difference": 0.0, "agreement_pct": 100.0}


def test_each_rule_says_its_number_its_limit_and_its_verdict() -> None:
    rules = judge(
        {"accuracy": 0.91, "ece": 0.2}, FIDELITY, Gate(metrics={"accuracy": Limit(min=0.9), "ece": Limit(max=0.1)})
    )
    assert [rule["passed"] for rule in rules] == [True, False, True, True, True]
    assert rules[1] == {"rule": "ece on test at most", "value": 0.2, "limit": 0.1, "passed": False}


def test_a_metric_that_could_not_be_computed_keeps_no_limit() -> None:
    assert not judge({"roc_auc": None}, FIDELITY, Gate(metrics={"roc_auc": Limit(min=0.5)}))[0]["passed"]


@pytest.mark.parametrize(
    ("key", "value"), [("parity_error", 1e-3), ("batch_difference", 1e-3), ("agreement_pct", 98.9)]
)
def test_an_unfaithful_export_fails(key: str, value: float) -> None:
    assert [rule for rule in judge({}, {**FIDELITY, key: value}, Gate()) if not rule["passed"]]


def test_an_unknown_metric_is_named_with_those_there_are() -> None:
    with pytest.raises(ParamsError, match=r"acuracy.*there are accuracy"):
        judge({"accuracy": 1.0}, FIDELITY, Gate(metrics={"acuracy": Limit(min=1)}))


def test_a_broken_rule_is_a_sentence_with_its_limit_and_the_value() -> None:
    metrics = {"accuracy": 0.8123456789, "roc_auc": None, "ece": 0.01}
    gate = Gate(metrics={"accuracy": Limit(min=0.9), "roc_auc": Limit(min=0.5), "ece": Limit(max=0.1)})
    assert broken(judge(metrics, FIDELITY, gate)) == [
        "accuracy on test at least 0.9, but it is 0.812346",
        "roc_auc on test at least 0.5, but it is unknown",
    ]
