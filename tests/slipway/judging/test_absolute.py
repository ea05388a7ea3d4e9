"""The untimed rules, over answers made by hand; tests/tasks/test_gate.py has real servers answer."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from slipway.errors import DataError, ParamsError
from slipway.judging.absolute import Evidence, judge
from slipway.judging.fresh_rows import FreshRows
from slipway.judging.gate import Judged, broken
from slipway.judging.in_server import InServer, ask_in_batches
from slipway.judging.served import served
from slipway.product.package import Gate
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema

CLASSES = ["no", "yes"]
SCHEMA = Schema(product=Product(kind="tabular", target="y", classes=CLASSES), columns=[], classes=CLASSES)
NUMBERS = Schema(product=Product(kind="tabular", task="regression", target="y"), columns=[], classes=None)
EVIDENCE = Evidence(
    predictions=pl.DataFrame(),
    fidelity={"chosen": "fp32", "parity_error": 1e-6},
    size_bytes=2048,
    claimed_bytes=2048,
    zero_weights_pct=1.0,
    receipts=[{"private": False}, {"private": False}],
    robustness=None,
)


def says(label: str, probability: float = 0.9) -> dict[str, Any]:
    other = "no" if label == "yes" else "yes"
    return {"label": label, "probabilities": {label: probability, other: 1 - probability}}


def found(answers: list, truth: list, schema: Schema = SCHEMA, **groups: list[str]) -> InServer:
    """What a server would have answered about rows with this truth."""
    frame = pl.DataFrame({"_id": range(len(truth)), "y": truth}, schema_overrides={"_id": pl.UInt32})
    rows = FreshRows(frame, frame, {name: pl.Series(name, names) for name, names in groups.items()}, len(truth))
    return InServer(rows, served(answers, frame, schema), len(truth), {}, 0, {(32, 1): 0.0, (256, 32): 0.0})


def judged(server: InServer, *, trained: list | None = None, schema: Schema = SCHEMA, **changes: Any) -> Judged:
    """Judge; the trained model said the truth, or `trained`. `gate` is among the changes, the others are evidence."""
    clean = server.rows.clean
    said = clean.select(
        "_id",
        pl.lit("test").alias("split"),
        target="y",
        prediction=pl.Series(clean["y"] if trained is None else trained, dtype=clean["y"].dtype),
    )
    gate = Gate.model_validate(changes.pop("gate", {}))
    return judge(server, replace(EVIDENCE, predictions=said, **changes), schema, gate)


def names(judgement: Judged) -> list[str]:
    return [rule["rule"] for rule in judgement.rules if not rule["passed"]]


TRUTH = ["no", "yes"] * 50


def perfect(**groups: list[str]) -> InServer:
    return found([says(label) for label in TRUTH], TRUTH, **groups)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"fidelity": {"parity_error": 1e-3}}, "difference of the fp32 export from the network that it holds at most"),
        ({"claimed_bytes": 2000}, "size of model.onnx in KiB, as candidates.csv says, at most"),
        ({"gate": {"max_size_kib": 1.9}}, "size of model.onnx in KiB at most"),
        ({"zero_weights_pct": 80.0}, "weights of model.onnx that are zero, in percent at most"),
        ({"gate": {"min_test_rows": 101}}, "test rows at least"),
        ({"gate": {"metrics": {"ece": {"max": 0.05}}}}, "ece on test at most"),
        ({"trained": ["no"] * 4 + TRUTH[4:]}, "agreement with the trained model, in percent at least"),
    ],
)
def test_each_rule_is_broken_by_what_it_is_about_alone(changes: dict, rule: str) -> None:
    assert names(judged(perfect())) == []
    assert names(judged(perfect(), **changes)) == [rule]


def test_a_size_of_a_batch_that_moves_answers_is_named() -> None:
    moved = replace(perfect(), batch_differences={(32, 1): 0.0, (256, 32): 0.01})
    assert names(judged(moved)) == ["difference of answers in batches of 256 from those in batches of 32 at most"]


@pytest.mark.parametrize(
    ("rows", "differing", "passed"), [(79, 1, True), (79, 2, False), (200, 2, True), (200, 3, False)]
)
def test_one_row_of_a_small_test_part_may_differ(rows: int, differing: int, passed: bool) -> None:
    truth = (["no", "yes"] * 100)[:rows]
    other = ["yes" if label == "no" else "no" for label in truth[:differing]] + truth[differing:]
    assert names(judged(found([says(label) for label in truth], truth), trained=other)) is not passed


CUT = {"chosen": "half", "parity_error": 1e-6, "agreement_pct": 99.5, "trained_agreement_pct": 93.0}


@pytest.mark.parametrize(
    ("changes", "differing", "broken_rule"),
    [
        ({}, 1, None),
        ({}, 2, "accuracy less the trained model's on the same test rows at least"),
        ({"gate": {"max_retrained_drop": 0.02}}, 2, None),
        (
            {"fidelity": {**CUT, "agreement_pct": 98.0}},
            0,
            "agreement with the network that it holds, in percent at least",
        ),
    ],
)
def test_a_network_that_was_cut_may_decide_otherwise_but_not_be_worse(
    changes: dict, differing: int, broken_rule: str | None
) -> None:
    """The trained model is wrong about the last ten rows, and the cut one about ten others and some more."""
    flipped = {"no": "yes", "yes": "no"}
    trained = TRUTH[:90] + [flipped[label] for label in TRUTH[90:]]
    cut = [says(flipped[label]) for label in TRUTH[: 10 + differing]] + [
        says(label) for label in TRUTH[10 + differing :]
    ]
    found_here = names(judged(found(cut, TRUTH), trained=trained, **{"fidelity": CUT, **changes}))
    assert found_here == ([] if broken_rule is None else [broken_rule])


def test_values_of_a_network_that_was_cut_are_compared_by_r2() -> None:
    truth = [float(number) for number in range(100)]
    off = found([{"value": number + 8} for number in truth], truth, NUMBERS)
    rule = "r2 less the trained model's on the same test rows at least"
    assert names(judged(off, schema=NUMBERS, fidelity=CUT)) == [rule]
    assert names(judged(off, schema=NUMBERS, fidelity=CUT, gate={"max_retrained_drop": 0.1})) == []


def test_a_metric_that_could_not_be_computed_keeps_no_limit() -> None:
    one = found([says("no")] * 40, ["no"] * 40)
    judgement = judged(one, gate={"metrics": {"roc_auc": {"min": 0.1}}, "min_class_recall": 0.5})
    assert broken(judgement.rules)[0].startswith("roc_auc on test at least 0.1, but it is unknown: ")
    assert names(judgement) == ["roc_auc on test at least"]
    assert "classes with fewer than 30 test rows are not judged: 'yes' (0 rows)" in judgement.notes


def test_constant_answers_miss_a_class() -> None:
    constant = found([says("no", 0.5)] * 100, TRUTH)
    judgement = judged(constant, trained=["no"] * 100, gate={"min_class_recall": 0.1})
    assert names(judgement) == ["recall of the worst class (yes) at least"]


def test_no_answers_at_all_keep_no_limit() -> None:
    server = perfect()
    none = replace(
        server,
        rows=server.rows.take([]),
        answers={"y": server.answers["y"].some(np.array([], dtype=int))},
        refused={"x": 100},
    )
    judgement = judged(none, trained=[], gate={"metrics": {"accuracy": {"min": 0.1}}})
    assert names(judgement) == [
        "test rows that the server refuses, in percent at most",
        "accuracy on test at least",
        "agreement with the trained model, in percent at least",
    ]
    assert "the server refused 100 of 100 rows because of 'x' (100 rows)" in judgement.notes


def test_a_group_of_three_rows_is_left_out_with_a_sentence() -> None:
    wrong = found([says("yes")] * 3 + [says(label) for label in TRUTH[3:]], TRUTH, town=["rare"] * 3 + ["many"] * 97)
    judgement = judged(wrong, gate={"worst_group": {"min_accuracy": 0.9}, "min_agreement_pct": 0})
    assert names(judgement) == []
    assert [line["group"] for line in judgement.groups] == ["many"]
    assert "groups of town with fewer than 30 test rows are not judged: 'rare' (3 rows)" in judgement.notes
    alone = judged(wrong, gate={"worst_group": {"min_accuracy": 0.9, "min_rows": 98}, "min_agreement_pct": 0})
    assert "no group of product.sensitive has enough test rows" in broken(alone.rules)[0]


def test_the_worst_group_of_a_regression_is_the_one_with_the_largest_error() -> None:
    truth = [float(number) for number in range(100)]
    server = found([{"value": n + (n >= 50)} for n in truth], truth, NUMBERS, side=["low"] * 50 + ["high"] * 50)
    judgement = judged(server, schema=NUMBERS, gate={"worst_group": {"max_rmse": 0.5}, "metrics": {"r2": {"min": 0.9}}})
    assert names(judgement) == ["rmse of the worst group (side: high, 50 rows) at most"]
    assert {line["group"]: line["rmse"] for line in judgement.groups} == {"low": 0.0, "high": 1.0}


@pytest.mark.parametrize(
    ("schema", "gate", "says"),
    [
        (SCHEMA, {"worst_group": {"max_rmse": 1.0}}, r"worst_group\.max_rmse is not for a classification"),
        (NUMBERS, {"worst_group": {"min_recall": 0.5}}, r"worst_group\.min_recall is not for a regression"),
        (NUMBERS, {"min_class_recall": 0.5}, r"min_class_recall is not for a regression"),
        (SCHEMA, {"metrics": {"rmse": {"max": 1.0}}}, r"metrics: no metric \['rmse'\]; there are accuracy"),
    ],
)
def test_a_limit_of_another_task_is_named(schema: Schema, gate: dict, says: str) -> None:
    truth = TRUTH if schema is SCHEMA else [float(number) for number in range(100)]
    answers = [{"value": 1.0, "label": "no", "probabilities": {"no": 0.5, "yes": 0.5}}] * 100
    with pytest.raises(ParamsError, match=rf"package\.gate\.{says}"):
        judged(found(answers, truth, schema), schema=schema, gate=gate)


def test_a_metric_that_does_not_exist_is_refused_when_the_parameters_are_read() -> None:
    with pytest.raises(ValueError, match=r"no metric \['acuracy'\]; there are accuracy"):
        Gate.model_validate({"metrics": {"acuracy": {"min": 1}}})


MEASURED = {"metric": "accuracy", "clean": 1.0, "curves": {"noise": [{"strength": 0.2, "value": 0.7}]}, "notes": []}


@pytest.mark.parametrize(
    ("measured", "strength", "says"),
    [
        (MEASURED, 0.2, "accuracy under noise of strength 0.2 at least 0.8, but it is 0.7: train with augmentation"),
        (MEASURED, 0.3, "but it is not measured (evaluate measured {'noise': [0.2]})"),
        (None, 0.2, "evaluate wrote no robustness.json: run evaluate again"),
    ],
)
def test_a_model_that_breaks_under_noise_or_was_never_tried_is_stopped(
    measured: dict | None, strength: float, says: str
) -> None:
    gate = {"robustness": [{"curve": "noise", "strength": strength, "min": 0.8}]}
    (sentence,) = broken(judged(perfect(), robustness=measured, gate=gate).rules)
    assert says in sentence


SPENT = {"private": True, "unit": "row", "epsilon": 3.0, "delta": 1e-6}


@pytest.mark.parametrize(
    ("receipts", "says"),
    [
        ([{"private": False}, {"private": False}], "but it is no guarantee (train learned from plain rows)"),
        ([SPENT, {**SPENT, "epsilon": 2.5}], "at most 5, but it is 5.5"),
        ([SPENT, {**SPENT, "unit": "person"}], "protect different units, person and row"),
        ([SPENT, {"private": True}], "a receipt has no epsilon or delta"),
        ([SPENT, {"private": True, "epsilon": 0.0, "delta": 0.0}], None),
        ([{"private": False}, SPENT], None),
    ],
)
def test_privacy_is_added_up_and_no_guarantee_breaks_a_limit(receipts: list, says: str | None) -> None:
    judgement = judged(perfect(), receipts=receipts, gate={"max_epsilon": 5, "max_delta": 1e-5})
    if says is None:
        assert names(judgement) == []
    else:
        assert says in broken(judgement.rules)[0]


def test_rows_without_a_prediction_of_the_trained_model_are_told() -> None:
    with pytest.raises(DataError, match="lacks rows of preprocess/test.parquet: run evaluate again"):
        judge(
            perfect(),
            replace(EVIDENCE, predictions=pl.DataFrame({"_id": [1], "split": ["test"], "prediction": ["no"]})),
            SCHEMA,
            Gate(),
        )


class WrongAt:
    """A server that says the contrary in batches of one size."""

    def __init__(self, size: int) -> None:
        self.size = size

    def request(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        records = json.loads(body)["records"]
        is_wrong = len(records) == self.size
        labels = ["yes" if (record["x"] > 0.5) != is_wrong else "no" for record in records]
        return 200, {"predictions": [says(label) for label in labels]}


@pytest.mark.parametrize("num_rows", [40, 256, 300])
@pytest.mark.parametrize(
    ("size", "apart"),
    [
        (1, {(32, 1): 0.8, (256, 32): 0.0}),
        (32, {(32, 1): 0.8, (256, 32): 0.8}),
        (256, {(32, 1): 0.0, (256, 32): 0.8}),
        (0, {(32, 1): 0.0, (256, 32): 0.0}),
    ],
)
def test_a_size_that_is_wrong_shows_however_many_rows_there_are(num_rows: int, size: int, apart: dict) -> None:
    x = [index % 10 / 10 for index in range(num_rows)]
    frame = pl.DataFrame({"_id": range(num_rows), "x": x, "y": ["yes" if value > 0.5 else "no" for value in x]})
    schema = SCHEMA.model_copy(update={"columns": [Column(name="x", dtype="Float64")]})
    asked = ask_in_batches(WrongAt(size), FreshRows(frame, frame, {}, num_rows), schema, ["x"])
    assert asked.batch_differences == pytest.approx(apart)
    assert asked.answers["y"].right().mean() == (0 if size == 256 else 1)
