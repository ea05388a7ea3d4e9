"""The trained model and the rows that it is judged on: what each part of evaluate is given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from torch import nn

from slipway.files import read_json
from slipway.judging.decision import Decision
from slipway.judging.groups import groups_for
from slipway.learning.trained import load_network, scores
from slipway.tables.heads import Head, heads_of
from slipway.tables.schema import Schema, read_schema
from slipway.tables.targets import is_known, targets_of
from slipway.transform.applying import features
from slipway.transform.fitted import Transform, read_transform


@dataclass(frozen=True)
class Answered:
    """What the network says about some rows, for one target."""

    targets: np.ndarray
    """[N] class indices, or values, or [N, L] labels of 0 and 1."""

    scores: np.ndarray
    """[N, C] logits, or [N] values."""

    def known(self) -> "Answered":
        """Return the rows that have the target."""
        rows = is_known(self.targets)
        return self if rows.all() else Answered(self.targets[rows], self.scores[rows])


@dataclass(frozen=True)
class Subject:
    """A trained network, what goes before it, and the rows; nothing of it is changed by those who look.

    Attributes:
        network: On the CPU, in evaluation mode.
        transform: From columns to features.
        schema: Of the rows.
        train: The rows that privatize released to train from, not read before they are needed.
        frames: The released `validation` rows and the plain `test` rows.
        is_private: Whether privatize protects rows; the test rows are plain, and values that few of them hold must
            then stand in no file.
    """

    network: nn.Module
    transform: Transform
    schema: Schema
    train: pl.LazyFrame
    frames: Mapping[str, pl.DataFrame]
    is_private: bool = True

    @cached_property
    def answered(self) -> dict[str, dict[str, Answered]]:
        """Answers by target, the main one first, and then by part of the rows."""
        outputs = {part: self.outputs(frame) for part, frame in self.frames.items()}
        return {
            head.name: {
                part: Answered(targets_of(frame, self.schema, head.name), head.of(outputs[part]))
                for part, frame in self.frames.items()
            }
            for head in self.heads
        }

    def chosen(self, part: str, name: str, decision: Decision) -> np.ndarray:
        """Return the class [N] that the decision of a target gives to each row of a part."""
        probabilities = decision.probabilities(self.answered[name][part].scores)
        return decision.choose(probabilities, groups_for(decision, self.frames[part]))

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """Where the answer for each target stands in the outputs."""
        return heads_of(self.schema.targets)

    def with_network(self, network: nn.Module) -> "Subject":
        """Return the same rows with another network."""
        return replace(self, network=network)

    def outputs(self, frame: pl.DataFrame) -> np.ndarray:
        """Ask the network about rows: [N, outputs] of all heads, or values [N]."""
        return scores(self.network, features(frame, self.transform))

    def answers(self, frame: pl.DataFrame, decision: Decision) -> np.ndarray:
        """Ask about rows for the main target: calibrated probabilities [N, C] (or [N, L] of labels), or values [N]."""
        raw = self.heads[0].of(self.outputs(frame))
        return raw.astype(np.float64) if decision.classes is None else decision.probabilities(raw)


def read_subject(train: Path, privatize: Path, preprocess: Path, code: Path | None) -> Subject:
    """Read what the stages left; `code` holds a network of the product's own."""
    return Subject(
        load_network(train, code),
        read_transform(privatize),
        read_schema(privatize),
        pl.scan_parquet(privatize / "train.parquet"),
        {
            "validation": pl.read_parquet(privatize / "validation.parquet"),
            "test": pl.read_parquet(preprocess / "test.parquet"),
        },
        is_private(privatize),
    )


def is_private(privatize: Path) -> bool:
    """Say whether the rows are private; so they are where no receipt says otherwise."""
    receipt = privatize / "receipt.json"
    return not receipt.exists() or bool(read_json(receipt)["private"])
