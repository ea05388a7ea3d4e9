"""Pictures are well-formed SVG that fits light and dark pages, and the same bytes for the same numbers."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from slipway.judging.decision import Decision
from slipway.judging.metrics import class_curves
from slipway.pictures.compression import pareto
from slipway.pictures.judging import calibration, confusion, cost_by_threshold, precision_recall, residuals, roc
from slipway.pictures.learning import learning_curve
from slipway.pictures.robustness import robustness_curves
from slipway.pictures.tuning import trials_picture
from slipway.product.robustness import DEFAULTS

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

DECISION = Decision(classes=["no", "yes"], costs=[[0, 1], [4, 0]], threshold=0.2)


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
        "roc": lambda: roc(class_curves(targets, probabilities), names(3)),
        "precision_recall": lambda: precision_recall(class_curves(targets, probabilities), names(3)),
        "costs": lambda: cost_by_threshold(targets // 2, probabilities[:, 1], DECISION),
        "calibration": lambda: calibration(targets, probabilities, probabilities),
        "residuals": lambda: residuals(probabilities[:, 0], probabilities[:, 1]),
        "pareto": lambda: pareto(CANDIDATES),
    }
    return drawings[name]()


def all_texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]


def texts(svg: str) -> set[str]:
    return set(all_texts(svg))


@pytest.mark.parametrize(
    "name", ["learning", "confusion", "roc", "precision_recall", "costs", "calibration", "residuals", "pareto"]
)
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
    assert "false positive rate (10 of 12 classes)" in texts(roc(class_curves(targets, probabilities), names(12)))


def test_two_classes_have_one_curve_and_one_class_has_none() -> None:
    targets, probabilities = rows(60, 2)
    assert texts(roc(class_curves(targets, probabilities), ["no", "yes"])) & {"no", "yes"} == {"yes"}
    assert class_curves(np.zeros(5, int), probabilities[:5]) == {}


def test_precision_and_recall_come_with_the_average_precision() -> None:
    targets, probabilities = rows(60, 2)
    average = average_precision_score(targets, probabilities[:, 1])
    found = texts(precision_recall(class_curves(targets, probabilities), ["no", "yes"]))
    assert {"recall", "precision", f"yes, AP {average:.3f}"} <= found


def test_the_cost_of_a_row_is_drawn_with_the_chosen_threshold() -> None:
    targets, probabilities = rows(60, 2)
    found = texts(cost_by_threshold(targets, probabilities[:, 1], DECISION))
    assert {"cost of a row", "given 'yes' above this probability", "0.2"} <= found


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


@pytest.mark.parametrize("kind", list(DEFAULTS))
def test_every_corruption_has_a_panel_that_says_what_its_strength_is(kind: str) -> None:
    curve = [{"strength": 0.1, "value": 0.8}, {"strength": 0.2, "value": -40.0}]
    found = {"metric": "r2", "clean": 0.9, "curves": dict.fromkeys(DEFAULTS[kind], curve)}
    titles = {text for text in texts(robustness_curves(found, kind)) if "(" in text}
    assert {title.partition(" (")[0] for title in titles} == {name.replace("_", " ") for name in DEFAULTS[kind]}


def test_few_epochs_have_a_tick_each_and_no_half_ones():
    history = {name: column[:2] for name, column in HISTORY.items()}
    ticks = [text for text in all_texts(learning_curve(history)) if text.isdecimal()]
    assert ticks == ["1", "2"] * 2


def test_no_candidate_is_shown_an_accuracy_above_one():
    perfect = [each | {"accuracy_validation": 1.0} for each in CANDIDATES]
    numbers = [float(text) for text in texts(pareto(perfect)) if text.startswith("1.0")]
    assert numbers and max(numbers) == 1.0
