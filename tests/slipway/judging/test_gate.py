"""The untimed rules of the gate."""

import pytest

from slipway.errors import ParamsError
from slipway.judging.gate import judge
from slipway.product.package import Gate, Limit

FIDELITY = {"parity_error": 1e-6, "batch_difference": 0.0, "agreement_pct": 100.0}


def test_each_rule_says_its_number_its_limit_and_its_verdict() -> None:
    rules = judge(
        {"accuracy": 0.91, "ece": 0.2, "rows": 200},
        FIDELITY,
        Gate(metrics={"accuracy": Limit(min=0.9), "ece": Limit(max=0.1)}),
    )
    assert [rule["passed"] for rule in rules] == [True, False, True, True, True, True]
    assert rules[1] == {"rule": "ece on test at most", "value": 0.2, "limit": 0.1, "passed": False}


def test_a_metric_that_could_not_be_computed_keeps_no_limit() -> None:
    assert not judge({"roc_auc": None, "rows": 200}, FIDELITY, Gate(metrics={"roc_auc": Limit(min=0.5)}))[0]["passed"]


@pytest.mark.parametrize(
    ("key", "value"), [("parity_error", 1e-3), ("batch_difference", 1e-3), ("agreement_pct", 98.9)]
)
def test_an_unfaithful_export_fails(key: str, value: float) -> None:
    assert [rule for rule in judge({"rows": 200}, {**FIDELITY, key: value}, Gate()) if not rule["passed"]]


def test_a_metric_of_another_task_is_named_with_those_there_are() -> None:
    with pytest.raises(ParamsError, match=r"rmse.*there are accuracy"):
        judge({"accuracy": 1.0, "rows": 200}, FIDELITY, Gate(metrics={"rmse": Limit(max=1)}))


def test_a_metric_that_does_not_exist_is_refused_when_the_parameters_are_read() -> None:
    with pytest.raises(ValueError, match=r"no metric \['acuracy'\]; there are accuracy"):
        Gate(metrics={"acuracy": Limit(min=1)})


@pytest.mark.parametrize(("rows", "passed"), [(29, False), (30, True)])
def test_a_model_that_was_tried_on_a_few_rows_proves_nothing(rows: int, passed: bool) -> None:
    assert judge({"rows": rows}, FIDELITY, Gate())[0]["passed"] is passed


@pytest.mark.parametrize(
    ("rows", "differing", "passed"), [(79, 1, True), (79, 2, False), (200, 2, True), (200, 3, False)]
)
def test_one_row_of_a_small_test_part_may_differ(rows: int, differing: int, passed: bool) -> None:
    fidelity = {**FIDELITY, "agreement_pct": 100 * (rows - differing) / rows}
    assert judge({"rows": rows}, fidelity, Gate())[-1]["passed"] is passed
