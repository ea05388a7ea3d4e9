"""Pictures are well-formed SVG that fits light and dark pages, and the same bytes for the same numbers."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from slipway.pictures.compression import pareto
from slipway.pictures.judging import calibration, confusion, residuals, roc
from slipway.pictures.learning import learning_curve
from slipway.pictures.tuning import trials_picture

HISTORY = {
    "epoch": [1, 2, 3],
    "train_loss": [0.7, 0.4, 0.2],
    "validation_loss": [0.6, 0.4, 0.5],
    "validation_accuracy": [0.6, 0.9, 0.8],
    "lr": [1e-3, 5e-4, 0.0],
}
CANDIDATES = [
    {"candidate": "fp32", "size_bytes": 20_000, "accuracy_validation": 0.97, "front": True, "chosen": False},
    {"candidate": "int8", "size_bytes": 7_000, "accuracy_validation": 0.97, "front": True, "chosen": True},
]


def rows(num_rows: int = 60, num_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, num_classes, num_rows), random.dirichlet(np.ones(num_classes), num_rows)


def names(num_classes: int) -> list[str]:
    return [f"class {index}" for index in range(num_classes)]


def draw(name: str) -> str:
    targets, probabilities = rows()
    drawings = {
        "learning": lambda: learning_curve(HISTORY),
        "confusion": lambda: confusion(targets, probabilities.argmax(axis=1), names(3)),
        "roc": lambda: roc(targets, probabilities, names(3)),
        "calibration": lambda: calibration(targets, probabilities, probabilities),
        "residuals": lambda: residuals(probabilities[:, 0], probabilities[:, 1]),
        "pareto": lambda: pareto(CANDIDATES),
    }
    return drawings[name]()


def texts(svg: str) -> set[str]:
    return {"".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")}


@pytest.mark.parametrize("name", ["learning", "confusion", "roc", "calibration", "residuals", "pareto"])
def test_a_picture_is_small_and_the_same_twice_and_takes_the_colours_of_its_page(name: str) -> None:
    picture = draw(name)
    assert picture == draw(name)
    assert "currentColor" in picture
    assert 'fill="white"' not in picture
    assert "id=" not in picture  # several pictures stand in one page
    assert len(picture) < 100_000
    ElementTree.fromstring(picture)


def test_the_learning_curve_marks_the_epoch_that_was_kept() -> None:
    assert {"kept", "training loss", "validation loss", "validation accuracy"} <= texts(learning_curve(HISTORY))
    assert "validation RMSE" in texts(learning_curve({**HISTORY, "validation_rmse": [3.0, 2.0, 1.0]}))


def test_a_long_history_is_thinned() -> None:
    epochs = list(range(20_000))
    assert len(learning_curve({name: epochs for name in ("epoch", "train_loss", "validation_loss")})) < 60_000


def test_the_confusion_matrix_counts_its_rows() -> None:
    found = texts(confusion(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), ["no", "yes"]))
    assert {"no", "yes", "2", "1", "true class", "predicted class"} <= found


def test_names_from_the_data_are_escaped() -> None:
    picture = confusion(np.array([0, 1]), np.array([0, 1]), ["<script>alert(1)</script>", '"&'])
    assert "<script" not in picture
    assert "<script>alert(1)</script>" in texts(picture)


def test_of_many_classes_those_with_the_most_mistakes_are_drawn() -> None:
    targets = np.arange(50)
    predicted = np.where(targets == 49, 48, targets)
    found = texts(confusion(targets, predicted, names(50)))
    assert {"class 48", "class 49", "predicted class (20 of 50 classes)"} <= found
    assert "class 30" not in found


def test_the_curves_of_many_classes_are_the_most_frequent_ones() -> None:
    targets, probabilities = rows(400, 12)
    assert "false positive rate (10 of 12 classes)" in texts(roc(targets, probabilities, names(12)))


def test_two_classes_have_one_curve_and_one_class_has_none() -> None:
    targets, probabilities = rows(60, 2)
    assert texts(roc(targets, probabilities, ["no", "yes"])) & {"no", "yes"} == {"yes"}
    assert "false positive rate" in " ".join(texts(roc(np.zeros(5, int), probabilities[:5], ["no", "yes"])))


def test_equal_values_and_a_single_candidate_are_drawn() -> None:
    residuals(np.ones(4), np.ones(4))
    assert "fp32" in texts(pareto(CANDIDATES[:1]))


def test_trials_are_drawn_with_each_parameter_and_without_those_that_have_no_value() -> None:
    trials = [
        {"number": 0, "state": "complete", "value": 0.9, "values": {"train.lr": 0.1, "train.network": {"name": "mlp"}}},
        {"number": 1, "state": "pruned", "value": None, "values": {"train.lr": 1.0, "train.network": {"name": "cnn"}}},
        {"number": 2, "state": "pruned", "value": 0.01, "values": {"train.lr": 0.2, "train.network": {"name": "mlp"}}},
    ]
    drawn = trials_picture(trials, title="loss", is_maximised=False, present=1.0, logarithmic=["train.lr"])
    texts = [each.text for each in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"train.lr", "train.network", "{name: mlp}", "pruned"} <= set(texts)
    assert "{name: cnn}" not in texts
    ElementTree.fromstring(trials_picture([], title="loss", is_maximised=True))
