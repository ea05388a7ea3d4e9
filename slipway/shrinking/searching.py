"""The search: widths x recovery x precision, by successive halving, under latencies measured on this machine.

Many narrow networks recover for a little while, and those that can still win go on for longer (Jamieson and Talwalkar
2016). What can win is known early: how fast and how small an artefact is follows from its width and its precision, so
the cut networks are measured before anything is trained, and what is no better than the best artefact that keeps all
limits is trained no further. Every recovery starts anew, so a recipe tells all of how its artefact was made.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from slipway.errors import DataError
from slipway.networks.building import Ensemble
from slipway.product.compress import Compress, Precision, Recipe, Recovery
from slipway.shrinking import openvino
from slipway.shrinking.cutting import Uncuttable
from slipway.shrinking.front import on_front
from slipway.shrinking.making import Maker
from slipway.shrinking.measuring import SERVING_BATCHES, Candidate, Judge
from slipway.shrinking.running import Running, session
from slipway.shrinking.timing import latencies

RUNGS = (100, 400, 1600, 6400)
"""Steps of recovery, at most, from round to round."""

MOST_EPOCHS = 200
"""Of a recovery: where rows are few, more steps than that are not worth their time."""

LEAST_LONGER = 1.5
"""Times the epochs of the round before; a round that would be shorter is left out."""

RECOVERIES: tuple[Recovery, ...] = ("distil", "finetune")

LEAST_GAIN = 0.97
"""Of the best objective: what is not better by that much is not worth a training, nor above the noise of a clock."""

HOPELESS_PCT = 10
"""Points beyond the limit: where the first round leaves even the best further away, no narrower network will do."""

NEAR_PCT = 1.0
"""Points beyond the limit up to which other precisions of a network are tried, too."""

QUICK_SECONDS, FINAL_SECONDS = 2.0, 8.0

logger = logging.getLogger("slipway")

Entrant = tuple[float, Recovery]


@dataclass
class Search:
    """A search under way.

    Attributes:
        maker: Makes what is tried.
        judge: Judges it.
        params: What is tried, and the limits.
        clock: Seconds that go by, of any beginning.
        found: All candidates, in the order in which they were made.
        notes: What was left out or stopped, and why, in sentences.
    """

    maker: Maker
    judge: Judge
    params: Compress
    clock: Callable[[], float] = time.monotonic
    found: list[Candidate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    epoch_seconds: float = 0.0
    """Of the last recovery, its exports included."""

    deadline: float = math.inf
    """On the clock: no further training begins after it."""

    def run(self) -> list[Candidate]:
        """Return all candidates, measured side by side; the trained network in fp32 is the first."""
        self.deadline = self.clock() + self.params.search_seconds
        precisions = self._whole()
        widths = self._worth_training(self._cut(precisions))
        entrants: list[Entrant] = [(width, recovery) for width in widths for recovery in RECOVERIES]
        for place, epochs in enumerate(self._rounds()):
            if not entrants:
                break
            tried = self._train(entrants, epochs, precisions)
            entrants = self._promising(tried, epochs, is_first=place == 0)
        self._try_openvino()
        self._time(self.found, FINAL_SECONDS)
        return self.found

    def _try_openvino(self) -> None:
        """Measure what is on the front in OpenVINO, too."""
        if not openvino.is_installed():
            self.note(openvino.MISSING)
            return
        kept = [one for one in self.found if one.is_kept and one.timed]
        for one in [each for each, is_best in zip(kept, on_front(kept), strict=True) if is_best]:
            try:
                running = openvino.OpenVinoSession(one.model)
            except openvino.Unreadable as error:
                self.note(f"{one.name}: {error}")
                continue
            judged = self.judge.judge(one.recipe, one.model, running)
            judged.broken.append(openvino.NEVER_CHOSEN)
            self.found.append(replace(judged, runtime="openvino"))

    def note(self, sentence: str) -> None:
        """Keep a sentence for the user."""
        if sentence not in self.notes:
            logger.info("%s", sentence)
            self.notes.append(sentence)

    def _whole(self) -> list[Precision]:
        """Try the whole network in each precision; return those that a narrower one may have, too."""
        made = [one for precision in self._precisions() if (one := self._add(Recipe(precision=precision)))]
        steady: list[Precision] = []
        for one in made:
            if one.is_reference or one.figures["batch_difference"] <= self.params.max_batch_difference:
                steady.append(one.recipe.precision)
            else:
                self.note(f"{one.recipe.precision} is left out of narrower networks: {one.broken[-1]}")
        self._time(self.found, QUICK_SECONDS)
        return steady

    def _precisions(self) -> Sequence[Precision]:
        return list(dict.fromkeys(["fp32", *(self.params.candidates or get_args(Precision))]))

    def _cut(self, precisions: Sequence[Precision]) -> list[float]:
        """Cut to each width, and measure what that gains with the weights as they are; return the widths."""
        widths = sorted({each for each in self.params.widths if each < 1}, reverse=True)
        made: list[Candidate] = []
        for width in widths:
            try:
                made += [each for at in precisions if (each := self._add(Recipe(width=width, precision=at)))]
            except Uncuttable as error:
                self.note(f"The network is kept whole: {error}.")
                widths = [each for each in widths if each != width]
        if isinstance(self.maker.trained.network, Ensemble):
            widths = [1.0, *widths]
        self._time(made, QUICK_SECONDS)
        return widths

    def _worth_training(self, widths: Sequence[float]) -> list[float]:
        """Return the widths that gain something over the best that keeps all limits."""
        if self.maker.barred is not None and widths:
            self.note(f"Nothing is recovered: {self.maker.barred}.")
            return []
        best = self._best()
        worth = [width for width in widths if self._reach(width) < LEAST_GAIN * best]
        if widths and not worth:
            self.note(
                f"The search stops before any training: no narrower network is better in {self.params.objective} by "
                f"{100 * (1 - LEAST_GAIN):.0f} % than what keeps all limits already."
            )
        return worth

    def _reach(self, width: float) -> float:
        """Return the best objective that a width was measured with, whatever it answers; 0 where it was not."""
        like = (one for one in self.found if one.recipe.width == width and not one.recipe.keeps_weights and one.timed)
        return min(map(self._objective, like), default=0.0)

    def _train(
        self, entrants: Sequence[Entrant], epochs: int, precisions: Sequence[Precision]
    ) -> dict[Entrant, Candidate]:
        """Let each recover; return their fp32 artefacts."""
        tried: dict[Entrant, Candidate] = {}
        for width, recovery in entrants:
            begun = self.clock()
            if begun + epochs * self.epoch_seconds > self.deadline:
                self.note(f"compress.search_seconds ({self.params.search_seconds:g}) are over: no further training.")
                return tried
            recipe = Recipe(width=width, recover=recovery, epochs=epochs)
            one = self._add(recipe)
            assert one is not None, "fp32 can be made of every network"
            tried[width, recovery] = one
            if one.drop_pct <= self.params.max_accuracy_drop_pct + NEAR_PCT:
                for precision in precisions:
                    if precision != "fp32":
                        self._add(recipe.model_copy(update={"precision": precision}))
            self._time([one for one in self.found if not one.timed], QUICK_SECONDS)
            self.epoch_seconds = (self.clock() - begun) / epochs
        return tried

    def _rounds(self) -> list[int]:
        """Return the epochs of each round."""
        rows = min(self.maker.rows["train"].height, self.params.recovery_rows)
        rounds: list[int] = []
        for place, steps in enumerate(RUNGS):
            epochs = min(MOST_EPOCHS, max(1 + place, round(steps * self.params.recovery_batch_size / rows)))
            if not rounds or epochs >= LEAST_LONGER * rounds[-1]:
                rounds.append(epochs)
        return rounds

    def _promising(self, tried: dict[Entrant, Candidate], epochs: int, *, is_first: bool) -> list[Entrant]:
        """Return the better half of those that can still be better than the best that keeps all limits.

        First it is the better recovery of each width: the narrowest lose most at first, and would all be gone. Then it
        is the half of the widths that lost least.
        """
        if not tried:
            return []
        least = min(one.drop_pct for one in tried.values())
        if is_first and least > self.params.max_accuracy_drop_pct + HOPELESS_PCT:
            self.note(
                f"The search stops early: after {epochs} epochs of recovery the best narrower network still loses "
                f"{least:.1f} points, and {self.params.max_accuracy_drop_pct:g} are allowed."
            )
            return []
        best = self._best()
        left = [entrant for entrant in tried if self._reach(entrant[0]) < LEAST_GAIN * best]
        left.sort(key=lambda entrant: tried[entrant].drop_pct)
        if is_first:
            return list({width: (width, recovery) for width, recovery in reversed(left)}.values())
        return left[: math.ceil(len(tried) / 2)]

    def _add(self, recipe: Recipe) -> Candidate | None:
        """Make an artefact and judge it; None, and a note, where rows do not suffice for its precision."""
        try:
            model = self.maker.make(recipe)
        except DataError as error:
            self.note(f"{recipe.precision} is left out: {error}")
            return None
        candidate = self.judge.judge(recipe, model)
        like = (one for one in self.found if one.timed and self._is_as_fast(one.recipe, recipe))
        candidate.timed = dict(next((one.timed for one in like), {}))
        self.found.append(candidate)
        return candidate

    @staticmethod
    def _is_as_fast(one: Recipe, other: Recipe) -> bool:
        """Whether both have the same graph, and other weights alone; an ensemble's one member has another one."""
        return one.width == other.width and one.precision == other.precision and one.width < 1

    def _time(self, candidates: Sequence[Candidate], seconds: float) -> None:
        if not candidates:
            return
        running = [running_of(one) for one in candidates]
        calls = [lambda inputs, each=each: each.run(None, inputs) for each in running]
        inputs = self.judge.validation.inputs
        timed = latencies(calls, inputs, batch_rows=SERVING_BATCHES[-1], seconds=seconds)
        limit = self.params.max_latency_b1_ms
        for one, figures in zip(candidates, timed, strict=True):
            one.timed = figures
            one.broken = [reason for reason in one.broken if "max_latency_b1_ms" not in reason]
            if limit is not None and figures["latency_b1_ms"] > limit:
                took = figures["latency_b1_ms"]
                one.broken.append(f"it takes {took:.3g} ms for a row, and max_latency_b1_ms is {limit:g}")

    def _best(self) -> float:
        return min((self._objective(one) for one in self.found if one.is_kept and one.timed), default=math.inf)

    def _objective(self, candidate: Candidate) -> float:
        return objective_of(candidate, self.params)


def running_of(candidate: Candidate) -> Running:
    """Return what answers for a candidate, in its runtime."""
    is_served = candidate.runtime == "onnxruntime"
    return session(candidate.model) if is_served else openvino.OpenVinoSession(candidate.model)


def objective_of(candidate: Candidate, params: Compress) -> float:
    """Return what is made small: milliseconds, or bytes where nothing was timed."""
    if params.objective == "size" or not candidate.timed:
        return candidate.figures["size_bytes"]
    return candidate.timed[f"{params.objective}_ms"]
