"""explanations.json: which columns matter to the model, and why a few rows were answered as they were."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.judging.attributions import Unexplainable
from slipway.judging.decision import Decision
from slipway.judging.importance import Importance, importance_of, metric_of, parts_of
from slipway.judging.local import Local, some_rows
from slipway.judging.sanity import rank_correlation
from slipway.judging.subject import Subject
from slipway.product.evaluate import Evaluate
from slipway.product.explanations import Explanations
from slipway.tables.images import image_array
from slipway.tables.schema import ROW_ID
from slipway.transform.fitted import Pixels

Array = npt.NDArray[Any]

MEAN_OF = 1000
SUSPICIOUS, UNSTABLE = 0.5, 0.5


@dataclass(frozen=True)
class Explained:
    """What is known about a model's answers.

    Attributes:
        facts: What explanations.json holds.
        images: Of a product of images, each example's image [H, W, C], 0 to 1, and attributions [H, W].
        patches: Of a product of images, the mean training image [H, W, C], and how important each pixel's patch is
            [H, W].
    """

    facts: dict[str, Any]
    images: list[tuple[Array, Array]] = field(default_factory=list)
    patches: tuple[Array, Array] | None = None


def explain(subject: Subject, decision: Decision, params: Evaluate, section: Explanations) -> Explained:
    """Explain the answers for the main target: all together, and some of them.

    Of a private product the examples are row ids alone, for attributions tell of a row's values.
    """
    local = Local(subject, decision, section.steps)
    facts, notes = _global(subject, decision, params, section)
    rerun, randomised = facts.pop("rerun_correlation"), None
    examples: list[dict[str, Any]] = []
    images: list[tuple[Array, Array]] = []
    try:
        randomised = local.randomised_correlation()
        if subject.is_private:
            examples = [{ROW_ID: row_id} for row_id in local.rows[ROW_ID]]
            notes.append("The rows are private: which ones were looked at is told, and nothing about them.")
        else:
            examples = [local.told(number) for number in range(len(local.examples))]
            images = _images(local)
        notes += _remarks(local, randomised)
    except Unexplainable as error:
        notes.append(f"No row is explained by itself: {error}.")
    sanity = {"randomised_correlation": randomised, "rerun_correlation": rerun}
    baseline = _baseline_text(subject)
    told = {**facts, "sanity": sanity, "baseline": baseline, "examples": examples, "notes": notes}
    return Explained(told, images, _patches(subject, facts))


def _global(
    subject: Subject, decision: Decision, params: Evaluate, section: Explanations
) -> tuple[dict[str, Any], list[str]]:
    """Return the importance of columns and what is to be said about it."""
    metric = metric_of(decision)
    if subject.transform.tokens is not None:
        note = "A product of texts has one column; which words matter is told of single texts."
        return {"importance": [], "metric": metric, "method": None, "rerun_correlation": None}, [note]
    found, again = (
        importance_of(
            subject,
            decision,
            rows=section.rows,
            repeats=section.repeats,
            samples=params.bootstrap_samples,
            confidence_pct=params.confidence_pct,
            seed=subject.schema.product.seed + more,
        )
        for more in (0, 1)
    )
    rises = {name: value for name, (value, _, _) in found.rises.items()}
    correlation = rank_correlation(list(rises.values()), [again.rises[name][0] for name in rises])
    facts = {
        "importance": [
            {"column": name, "drop": {"value": value, "low": low, "high": high}}
            for name, (value, low, high) in found.rises.items()
        ],
        "metric": metric,
        "method": f"what is added to {metric.replace('_', ' ')} when values are dealt out anew among "
        f"{found.num_rows:,} test rows, {found.repeats} times; {params.confidence_pct:g} % interval by a bootstrap "
        "of the rows",
        "rerun_correlation": correlation,
    }
    return facts, list(_global_remarks(found, correlation, subject.frames["test"].height))


def _global_remarks(found: Importance, correlation: float | None, num_rows: int) -> list[str]:
    notes = []
    if found.num_rows < num_rows:
        notes.append(f"Importance was measured on {found.num_rows:,} of {num_rows:,} test rows, drawn by the seed.")
    if not any(value for value, _, _ in found.rises.values()):
        notes.append("The model answers every row alike: no column matters to it.")
    elif correlation is not None and correlation < UNSTABLE:
        notes.append(
            f"Other rows and another dealing order the columns otherwise (rank correlation {correlation:.2f}): "
            "most of these columns matter too little to be told apart by so few rows."
        )
    return notes


def _remarks(local: Local, randomised: float | None) -> list[str]:
    notes = []
    if gaps := sum(not each.is_complete for each in local.found):
        notes.append(
            f"Of {gaps} of {len(local.found)} explained rows the attributions do not add up to the evidence, even "
            "within the tolerance: raise evaluate.explanations.steps."
        )
    if randomised is None:
        return notes
    if randomised > SUSPICIOUS:
        notes.append(
            f"Networks with random weights give much the same explanations of single rows (rank correlation "
            f"{randomised:.2f}): these tell of the rows more than of what the model has learned. Do not lean on them."
        )
    else:
        notes.append(
            "Networks with random weights give other explanations of single rows, as they should (rank correlation "
            f"{randomised:.2f})."
        )
    return notes


def _baseline_text(subject: Subject) -> str:
    if subject.transform.tokens is not None:
        return "an empty text"
    return "a black image" if subject.transform.image is not None else "an average row"


def _images(local: Local) -> list[tuple[Array, Array]]:
    step = local.subject.transform.image
    if step is None:
        return []
    return [(image, one.values.sum(axis=0)) for image, one in zip(_shades(local.rows, step), local.found, strict=True)]


def _patches(subject: Subject, facts: dict[str, Any]) -> tuple[Array, Array] | None:
    step = subject.transform.image
    if step is None:
        return None
    parts, rises = parts_of(subject.transform), np.zeros(subject.transform.feature_shape)
    for each in facts["importance"]:
        rises.ravel()[parts[each["column"]]] = each["drop"]["value"]
    return _shades(some_rows(subject.train, MEAN_OF), step).mean(axis=0), rises[0]


def _shades(rows: pl.DataFrame, step: Pixels) -> Array:
    """Return images [N, H, W, C] with shades of 0 to 1."""
    return np.clip(image_array(rows[step.column], step.shape) / step.max_value, 0, 1)
