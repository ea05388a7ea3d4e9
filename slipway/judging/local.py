"""Single rows explained: what each column, pixel or word of them adds to the evidence for the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.judging.attributions import Attribution, Evidence, attribute, integrate
from slipway.judging.decision import Decision
from slipway.judging.examples import Example, choose_examples
from slipway.judging.groups import groups_for
from slipway.judging.importance import parts_of
from slipway.judging.sanity import mean_correlation, randomised
from slipway.judging.subject import Subject
from slipway.tables.schema import ROW_ID
from slipway.transform.applying import features
from slipway.transform.tokens import TokenReader

Array = npt.NDArray[Any]

BASELINE_ROWS = 5000
RANDOM_NETWORKS, RANDOM_STEPS = 3, 16
MAX_CHARACTERS = 40
DIGITS = 4


@dataclass(frozen=True)
class Local:
    """Explanations of chosen test rows.

    Attributes:
        subject: What is explained.
        decision: The main target's.
        steps: Points on the way from the baseline to a row.
    """

    subject: Subject
    decision: Decision
    steps: int

    @cached_property
    def examples(self) -> list[Example]:
        """The rows, and what of their answers is explained."""
        main = self.subject.answered[self.subject.heads[0].name]["test"]
        answers = main.scores if self.decision.classes is None else self.decision.probabilities(main.scores)
        groups = groups_for(self.decision, self.subject.frames["test"])
        return choose_examples(main.targets, answers, self.decision, groups)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Their rows, one for each."""
        return self.subject.frames["test"][[each.row for each in self.examples]]

    @cached_property
    def found(self) -> list[Attribution]:
        """Their attributions.

        Raises:
            Unexplainable: No gradient of the network reaches what it reads.
        """
        evidence = Evidence(self.subject.network, self.subject.heads[0], self.decision)
        return [
            attribute(evidence, row, each.place, self.baseline, steps=self.steps)
            for row, each in zip(self._features(), self.examples, strict=True)
        ]

    def randomised_correlation(self) -> float | None:
        """Return the mean rank correlation with the attributions that networks with random weights give.

        It is of columns, pixels or tokens with their signs, over the examples and `RANDOM_NETWORKS` networks; near zero
        where explanations tell of what was learned. None where no example has three of them that differ.
        """
        pairs = []
        for number in range(RANDOM_NETWORKS):
            network = randomised(self.subject.network, self.subject.schema.product.seed + number)
            evidence = Evidence(network, self.subject.heads[0], self.decision)
            for row, each, own in zip(self._features(), self.examples, self.found, strict=True):
                other = integrate(evidence, row, each.place, self.baseline, steps=RANDOM_STEPS)
                pairs.append((self.by_part(own), self.by_part(other)))
        return mean_correlation(pairs)

    @cached_property
    def baseline(self) -> Array:
        """Where rows are explained from, [1, ...]: the mean training row; a black image; for texts, padding alone."""
        transform = self.subject.transform
        if transform.tokens is not None:
            return np.zeros((1, transform.tokens.length), dtype=np.int64)
        if transform.image is not None:
            black = -transform.image.center / transform.image.scale
            return np.full((1, *transform.feature_shape), black, dtype=np.float32)
        some = features(some_rows(self.subject.train, BASELINE_ROWS), transform)
        return some.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)

    def by_part(self, one: Attribution) -> Array:
        """Sum attributions up: of each column of a table, each pixel over its channels, each token."""
        transform = self.subject.transform
        if transform.tokens is not None:
            return one.values
        if transform.image is not None:
            return one.values.sum(axis=0).ravel()
        return np.array([one.values[places].sum() for places in parts_of(transform).values()])

    def told(self, number: int) -> dict[str, Any]:
        """Return what explanations.json tells about an example; of a pixel nothing, for the picture shows it."""
        each, one, row = self.examples[number], self.found[number], self.rows.row(number, named=True)
        head, classes = self.subject.heads[0], self.decision.classes
        main = self.subject.answered[head.name]["test"]
        facts: dict[str, Any] = {"_id": row[ROW_ID], "kind": each.kind, "target": row[head.name]}
        if classes is None:
            facts["prediction"] = float(main.scores[each.row])
        else:
            answers = self.decision.probabilities(main.scores[each.row : each.row + 1])
            facts |= {"explained": classes[each.place], "probability": round(float(answers[0, each.place]), DIGITS)}
            if not self.decision.has_labels:
                facts["prediction"] = classes[
                    int(self.decision.choose(answers, groups_for(self.decision, self.rows[number]))[0])
                ]
        evidence = {"baseline": one.start, "row": one.end, "gap": one.gap}
        facts["evidence"] = {name: _significant(value) for name, value in evidence.items()}
        if self.subject.transform.image is None:
            facts["attributions"] = list(self._parts(number))
        return facts

    def _parts(self, number: int) -> Iterator[dict[str, Any]]:
        one, row, transform = self.found[number], self.rows.row(number, named=True), self.subject.transform
        if transform.tokens is not None:
            for word, places in TokenReader(transform.tokens.tokenizer).words(row[transform.tokens.column] or ""):
                yield {"word": word, "evidence": _significant(float(one.values[places].sum()))}
            return
        sums = self.by_part(one)
        columns = list(parts_of(transform))
        for place in np.argsort(-np.abs(sums), kind="stable"):
            name = columns[place]
            yield {"column": name, "value": _text(row[name]), "evidence": _significant(float(sums[place]))}

    def _features(self) -> Iterator[Array]:
        made = features(self.rows, self.subject.transform)
        return (made[place : place + 1] for place in range(len(made)))


def some_rows(rows: pl.LazyFrame, most: int) -> pl.DataFrame:
    """Return no more than so many rows, evenly spaced."""
    num_rows = rows.select(pl.len()).collect().item()
    return rows.gather_every(max(1, -(-num_rows // most))).collect()


def _text(value: Any) -> str:
    text = "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _significant(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
