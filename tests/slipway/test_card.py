"""The model card has the standard sections and holds what it was given, escaped."""

import json
from typing import Any

import pytest

from slipway.card import card_facts, model_card
from slipway.judging.decision import Decision
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema

SECTIONS = ["Model details", "Intended use", "Data", "Metrics", "Fairness", "Privacy", "Limitations", "How to use"]

FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}


def facts(**changes: Any) -> dict[str, Any]:
    schema = Schema(
        product=Product(kind="tabular", target="y", sensitive=["town"]),
        columns=[
            Column(name="size|cm", dtype="Float64"),
            Column(name="town", dtype="String"),
            Column(name="y", dtype="String"),
        ],
        classes=["no", "<b>yes</b>"],
    )
    given: dict[str, Any] = {
        "description": "Says yes or no.",
        "schema": schema,
        "num_training_rows": 1200,
        "architecture": {"network": {"name": "mlp", "hidden": [8], "dropout": 0.1}, "task": "classification"},
        "candidate": {"candidate": "int8", "size_bytes": "7000", "accuracy_validation": "0.97", "chosen": "True"},
        "metrics": {"accuracy": 0.96, "roc_auc": None, "rows": 300},
        "decision": Decision(classes=["no", "<b>yes</b>"], threshold=0.2),
        "intervals": {
            "method": "bootstrap",
            "samples": 100,
            "confidence_pct": 95,
            "intervals": {"accuracy": {"low": 0.93, "high": 0.98}},
        },
        "fairness": {
            "positive": "<b>yes</b>",
            "columns": {
                "town": {
                    "groups": {
                        "Y|X": {"rows": 1200, "accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}, "tpr": None},
                        "Z": {"rows": 40, "accuracy": FIGURE, "tpr": FIGURE},
                    },
                    "differences": {"demographic_parity_difference": {**FIGURE, "by_chance": 0.07}},
                    "worst_group": {"group": "Z", "accuracy": 0.5},
                    "too_small": {},
                }
            },
            "before": None,
            "mitigation": None,
            "notes": [],
        },
        "fidelity": {"chosen": "int8", "parity_error": 1e-7, "agreement_pct": 99.5},
        "release_receipt": {"mechanism": "none", "private": False, "epsilon": None},
        "training_receipt": {"private": False, "why": "plain rows"},
    }
    return card_facts(**{"further": {}, **given, **changes})


def test_the_card_has_the_standard_sections_in_order() -> None:
    card = model_card(facts())
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == SECTIONS


def test_the_card_holds_the_figures_with_their_intervals() -> None:
    card = model_card(facts())
    assert "| accuracy | 0.96 | 0.93 to 0.98 |" in card
    assert "| roc_auc | none |" in card
    assert "95 % interval" in card
    assert "The answer is &lt;b>yes&lt;/b> where its probability is above 0.2." in card
    assert "trained on 1,200 rows, tested on 300 others" in card
    assert "ONNX, int8, 7,000 bytes" in card


def test_a_product_without_privacy_says_so() -> None:
    assert "Not private" in model_card(facts())


def test_what_a_private_release_does_not_cover_is_a_limitation() -> None:
    receipt = {"mechanism": "local", "private": True, "epsilon": 3.0, "unit": "row", "does_not_cover": ["test"]}
    card = model_card(facts(release_receipt=receipt))
    assert "Not private" not in card
    assert "- Privacy does not cover test." in card


@pytest.mark.parametrize("word", ["<b>", "size|cm"])
def test_names_from_the_data_break_neither_tables_nor_pages(word: str) -> None:
    text = model_card(facts()).split("```")
    assert word not in text[0] + text[2]


def test_an_empty_description_is_not_filled_in() -> None:
    assert "Not stated" in model_card(facts(description=""))


def test_the_facts_are_json_and_the_card_follows_from_them_alone() -> None:
    assert model_card(json.loads(json.dumps(facts()))) == model_card(facts())


def test_many_features_are_listed_in_part() -> None:
    columns = [Column(name=f"c{i}", dtype="Float64") for i in range(80)]
    schema = Schema(product=Product(kind="tabular", task="regression", target="y"), columns=columns, classes=None)
    card = model_card(facts(schema=schema))
    assert "80 features" in card
    assert "and 20 more" in card


def test_the_card_says_where_the_network_started_and_what_that_leaves_uncovered() -> None:
    start = {"file": "data/other/train/model.safetensors", "sha256": "ab", "taken": ["0.weight"], "fresh": ["3.weight"]}
    covered = ["the rows of data/other"]
    card = model_card(facts(training_receipt={"private": True, "does_not_cover": covered, "start": start}))
    assert "| started from | 1 of 2 tensors of data/other/train/model.safetensors (sha256 ab) |" in card
    assert "- Privacy does not cover the rows of data/other." in card
    assert "0.weight" not in card


def test_the_card_holds_figures_by_sensitive_column() -> None:
    card = model_card(facts())
    assert "By town: demographic parity difference 0.5 (0.4 to 0.6; up to 0.07 would be chance)." in card
    assert "| town | rows | accuracy | tpr |" in card
    assert "| Y\\|X | 1,200 | 0.9 (0.8 to 0.95) |  |" in card
    assert "| Z | 40 | 0.5 (0.4 to 0.6) | 0.5 (0.4 to 0.6) |" in card
    assert "holds no figures by" not in card


def test_the_card_says_which_sensitive_columns_have_no_figures() -> None:
    without = {"positive": None, "columns": {}, "notes": ["town: left out, because it has 60 groups."]}
    card = model_card(facts(fairness=without))
    assert "- This card holds no figures by town." in card
    assert "left out, because it has 60 groups" in card
