"""What an artefact loses against the trained model, and whether that is within the limits; nothing here is timed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from slipway.judging.comparing import Answers, Comparison
from slipway.judging.group_drops import GroupDrop, Groups
from slipway.product.compress import Compress, Recipe
from slipway.shrinking.making import Trained
from slipway.shrinking.running import Running, all_answers, session

SERVING_BATCHES = (1, 32, 256)
"""Rows of a batch at which answers are compared; the largest is a full one."""

SAMPLED_ROWS = 512
RELEASED_ROWS = 10_000


@dataclass
class Candidate:
    """An artefact and its figures.

    Attributes:
        recipe: How it is made.
        model: Its bytes.
        figures: Of its row of candidates.csv, those that need no clock.
        broken: The limits that it breaks, in words, with how far.
        timed: Figures of this machine, where it was measured.
        runtime: What answered.
    """

    recipe: Recipe
    model: bytes
    figures: dict[str, float]
    broken: list[str]
    timed: dict[str, float] = field(default_factory=dict)
    runtime: str = "onnxruntime"

    @property
    def is_kept(self) -> bool:
        """Whether it may be chosen: the trained network in fp32 always."""
        return not self.broken or self.is_reference

    @property
    def is_reference(self) -> bool:
        """Whether it is the trained network as it is, exported."""
        return self.name == Recipe().name

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.recipe.name + ("" if self.runtime == "onnxruntime" else f" on {self.runtime}")

    @property
    def drop_pct(self) -> float:
        """Points lost on validation."""
        return self.figures["drop_pct"]

    def row(self, *, chosen: bool, front: bool) -> dict[str, Any]:
        """Return its row of candidates.csv."""
        verdict = {"kept": self.is_kept, "front": front, "chosen": chosen}
        reasons = "" if self.is_reference else "; ".join(self.broken)
        return {"candidate": self.name, **self.figures, **self.timed, **verdict, "broken": reasons}


class Judge:
    """Judges artefacts on validation rows.

    All rows are answered once, at the largest batch of serving; the smaller batches, where a row costs ten times as
    much, answer a fixed sample: an answer that moves with the batch moves in many rows. The chosen artefact is then
    checked over all rows at every size (`is_steady`).

    Args:
        trained: What artefacts are compared with.
        rows: `train` and `validation`, as privatize released them.
        params: The limits.
    """

    def __init__(self, trained: Trained, rows: dict[str, pl.DataFrame], params: Compress) -> None:
        self.params, validation, seed = params, rows["validation"], trained.schema.product.seed
        every = pl.concat(rows.values())
        released = every if every.height <= RELEASED_ROWS else every.sample(RELEASED_ROWS, seed=seed)
        what = (trained.schema, trained.transform, trained.network, trained.decision)
        self.validation, self.released = Comparison.of(validation, *what), Comparison.of(released, *what)
        main = self.validation.main
        self.groups = Groups(validation, trained.schema, main, min_rows=params.min_group_rows)
        chosen = np.random.default_rng(seed).permutation(len(self.validation))[:SAMPLED_ROWS]
        self.sample = self.validation.some(np.sort(chosen))

    def judge(self, recipe: Recipe, model: bytes, running: Running | None = None) -> Candidate:
        """Measure an artefact, and say which limits it breaks.

        Args:
            recipe: How it is made.
            model: Its bytes.
            running: What answers for it; None: onnxruntime.
        """
        running = running or session(model)
        predicted = all_answers(running, self.validation.inputs, batch_rows=SERVING_BATCHES[-1])
        main, quality = self.validation.main, f"{self.validation.main.headline}_validation"
        if not all(np.isfinite(each).all() for each in predicted.values()):
            figures = {"size_bytes": len(model), quality: 0.0, "drop_pct": 100.0, "worst_group_drop_pct": 100.0}
            figures |= {"agreement_pct": 0.0, "batch_difference": 1.0}
            return Candidate(recipe, model, figures, ["it answers NaN or infinity to validation rows"])
        worst = self.groups.worst(self.validation, predicted)
        figures = {
            "size_bytes": len(model),
            quality: _number(main.metrics(predicted[main.tensor])[main.headline]),
            "drop_pct": self.validation.drop_pct(predicted),
            "worst_group_drop_pct": worst.drop_pct if worst else 0.0,
            "agreement_pct": self.released.agreement_pct(all_answers(running, self.released.inputs)),
            "batch_difference": batch_difference(running, self.sample),
        }
        return Candidate(recipe, model, figures, self._broken(recipe, figures, worst))

    def _broken(self, recipe: Recipe, figures: dict[str, float], worst: GroupDrop | None) -> list[str]:
        """Say each limit that is broken, and by how much."""
        limits, said = self.params, []
        drop, unit = figures["drop_pct"], "percent of RMSE" if self.validation.main.is_regression else "points"
        if drop > limits.max_accuracy_drop_pct:
            said.append(f"it loses {drop:.3g} {unit}, and max_accuracy_drop_pct is {limits.max_accuracy_drop_pct:g}")
        if worst is not None and not worst.is_kept(limits.max_worst_group_drop_pct):
            most = limits.max_worst_group_drop_pct
            said.append(
                f"group {worst.group} loses {worst.drop_pct:.3g} {unit}, and max_worst_group_drop_pct is {most:g}"
            )
        agreement, least = figures["agreement_pct"], limits.min_agreement_pct
        if recipe.keeps_weights and agreement < least:
            said.append(
                f"it agrees with the trained model on {agreement:.4g} % of rows, and min_agreement_pct is {least:g}"
            )
        return said + self._unsteady(figures["batch_difference"])

    def _unsteady(self, difference: float) -> list[str]:
        """Say that answers move too much with the batch, if they do."""
        most = self.params.max_batch_difference
        said = f"its answers move by {difference:.2g} with the batch, and max_batch_difference is {most:g}"
        return [said] if difference > most else []

    def is_steady(self, candidate: Candidate) -> bool:
        """Check an artefact over all validation rows at every batch size of serving; what breaks joins its reasons."""
        found = batch_difference(session(candidate.model), self.validation)
        candidate.figures["batch_difference"] = found
        if (said := self._unsteady(found)) and candidate.is_kept and not candidate.is_reference:
            candidate.broken += said
            return False
        return True


def batch_difference(running: Running, rows: Comparison) -> float:
    """Largest move of a row's answer between the batch sizes of serving.

    A runtime has been seen that answers right up to one batch size and wrong above it, without an error;
    and dynamic quantisation lets the rows of a batch change each other's answers.
    """
    by_size: list[Answers] = [all_answers(running, rows.inputs, batch_rows=size) for size in SERVING_BATCHES]
    return max(rows.distance(one, by_size[0]) for one in by_size)


def _number(value: float | None) -> float:
    assert value is not None, "headlines exist for any rows"
    return value
