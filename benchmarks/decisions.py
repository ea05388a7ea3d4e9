"""What thresholds of groups cost and reach on test rows, beside fairlearn's ThresholdOptimizer on the same scores.

    slipway run adult && python benchmarks/decisions.py adult sex

Both are fitted on the validation rows. fairlearn answers by chance: its figures are means over seeds, and the last
column tells how many rows two seeds answer differently.
"""

import argparse
import statistics
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from fairlearn.metrics import demographic_parity_difference, equal_opportunity_difference, equalized_odds_difference
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator

from slipway.judging.deciding import decide
from slipway.judging.groups import groups_for
from slipway.judging.subject import Subject, read_subject
from slipway.product.evaluate import Evaluate
from slipway.product.mitigation import Mitigation

ROOT = Path(__file__).resolve().parents[1]
DIFFERENCES: dict[str, Callable[..., float]] = {
    "demographic_parity": demographic_parity_difference,
    "equal_opportunity": equal_opportunity_difference,
    "equalized_odds": equalized_odds_difference,
}
PEER = {"equal_opportunity": "true_positive_rate_parity"}
SEEDS = 10


class Scores(BaseEstimator):
    """A fitted model whose prediction is its only feature."""

    def fit(self, rows: np.ndarray, targets: np.ndarray) -> "Scores":
        """Learn nothing."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return the scores."""
        return rows[:, 0]


def peer(parts: dict[str, tuple[np.ndarray, ...]], constraint: str, tolerance: float | None) -> list[np.ndarray]:
    """Fit fairlearn on validation scores, targets and groups; return its answers on test by seed."""
    optimizer = ThresholdOptimizer(
        estimator=Scores(),
        constraints=PEER.get(constraint, constraint),
        objective="accuracy_score",
        prefit=True,
        predict_method="predict",
        tol=tolerance,
    )
    score, targets, groups = parts["validation"]
    optimizer.fit(score[:, None], targets, sensitive_features=groups)
    score, _, groups = parts["test"]
    return [optimizer.predict(score[:, None], sensitive_features=groups, random_state=seed) for seed in range(SEEDS)]


def print_row(what: str, constraint: str, answers: list[np.ndarray], targets: np.ndarray, groups: np.ndarray) -> None:
    """Print accuracy, the constrained difference, and how many rows two seeds answer differently."""
    accuracy = statistics.mean(float((each == targets).mean()) for each in answers)
    apart = statistics.mean(DIFFERENCES[constraint](targets, each, sensitive_features=groups) for each in answers)
    moved = [100 * float((one != other).mean()) for one, other in pairwise(answers)]
    print(f"| {constraint} | {what} | {accuracy:.4f} | {apart:.4f} | {statistics.mean(moved) if moved else 0:.2f} |")


def compare(subject: Subject, column: str, constraint: str) -> None:
    """Print a row for each way to decide."""
    name = subject.schema.require_target()
    params = Mitigation.model_validate({"column": column, "constraint": constraint})
    decision, notes = decide(subject, name, Evaluate(mitigation=params))
    parts = {}
    for part, answered in subject.answered[name].items():
        groups = groups_for(decision, subject.frames[part])
        assert groups is not None, "the decision is by groups"
        parts[part] = (decision.probabilities(answered.scores)[:, 1], answered.targets, groups.astype(str))
    score, targets, groups = parts["test"]
    print_row("most probable class", constraint, [(score > 0.5).astype(int)], targets, groups)
    print_row("slipway", constraint, [subject.chosen("test", name, decision)], targets, groups)
    print_row("fairlearn", constraint, peer(parts, constraint, None), targets, groups)
    if constraint != "equalized_odds":  # which fairlearn cannot relax
        print_row("fairlearn, tol", constraint, peer(parts, constraint, params.max_difference), targets, groups)
    for note in notes:
        print(note)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("product")
    parser.add_argument("column")
    given = parser.parse_args()
    data = ROOT / "data" / given.product
    code = ROOT / "products" / given.product / "code"
    judged = read_subject(data / "train", data / "privatize", data / "preprocess", code)
    print("| constraint | thresholds | accuracy | difference | rows answered differently, % |\n|---|---|---|---|---|")
    for each in DIFFERENCES:
        compare(judged, given.column, each)
