"""What a product says of its columns."""

import pytest

from slipway.product.product import Product


def test_identifiers_and_ignored_columns_leave_unless_fairness_is_judged_by_them():
    product = Product(kind="tabular", identifiers=["id"], ignore=["note", "sex"], sensitive=["sex"])
    assert product.dropped() == ["id", "note"]
    assert product.dropped(["id"]) == ["note"]


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"target": "y", "more_targets": {"y": {}}}, r"\['y'\] stand in more than one of target, more_targets"),
        ({"target": "y", "more_targets": {"z": {}}, "ignore": ["z"]}, r"\['z'\] stand in more than one"),
        ({"target": "y", "more_targets": {"z": {}}, "identifiers": ["z"]}, r"\['z'\] stand in more than one"),
        ({"more_targets": {"z": {}}}, "target is null: set target: z"),
        ({"target": "y", "more_targets": {"z": {"task": "regression", "classes": ["a", "b"]}}}, "has no classes"),
        ({"target": "y", "more_targets": {"z": {"classes": ["a", "a"]}}}, "classes are listed twice"),
        ({"target": "y", "task": "multilabel"}, "needs label_delimiter"),
        (
            {"target": "y", "label_delimiter": ";"},
            "label_delimiter is for task: multilabel, and task is classification",
        ),
        ({"target": "y", "missing_labels": "none"}, "missing_labels is for task: multilabel"),
        (
            {"target": "y", "task": "multilabel", "label_delimiter": ";", "classes": ["a;b", "c"]},
            "stands in the labels",
        ),
    ],
)
def test_further_targets_that_contradict_the_other_roles_are_refused(product, message):
    with pytest.raises(ValueError, match=message):
        Product.model_validate({"kind": "tabular", **product})


def test_a_product_of_one_target_is_written_without_the_key_of_several():
    assert "more_targets" not in Product(kind="tabular", target="y").model_dump_json()
