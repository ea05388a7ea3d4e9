"""A search for good parameters: what is searched, its trials, and the best of them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.learning.material import hashes_of_sources
from slipway.product.augment import Augment
from slipway.product.section import Section
from slipway.product.train import NO_INFLUENCE, Train
from slipway.product.tune import Tune


@dataclass(frozen=True)
class Search:
    """What is searched, and where its trials are kept.

    Attributes:
        data: The folder of the product's stages.
        train: The section as it is.
        augment: The section as it is.
        tune: The ranges, and how many trials.
        seed: The product's.
        code: Its folder code/, for a network of its own.
    """

    data: Path
    train: Train
    augment: Augment
    tune: Tune
    seed: int
    code: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the database is."""
        return self.data / "work" / "tune"

    @property
    def sections(self) -> dict[str, Section]:
        """The two sections, by their names."""
        return {"train": self.train, "augment": self.augment}

    @property
    def present(self) -> dict[str, Any]:
        """What each key that is varied holds now."""
        whole = {name: section.model_dump(mode="json") for name, section in self.sections.items()}
        return {key: _at(whole, key) for key in self.tune.ranges}

    @property
    def fingerprint(self) -> str:
        """What trials must share to be compared: rows, ranges, and all parameters but those that are varied.

        So the values that were found may be written into params.yaml, and the search be gone on with.
        """
        fixed = {
            "train": self.train.model_dump(mode="json", exclude=NO_INFLUENCE),
            "augment": {"policy": self.augment.policy.model_dump(mode="json")},
        }
        for key in self.tune.ranges:
            *above, last = key.split(".")
            _at(fixed, ".".join(above)).pop(last, None)
        searched = {"fixed": fixed, "tune": self.tune.model_dump(mode="json", include={"ranges", "objective"})}
        params = json.dumps({**searched, "seed": self.seed}, sort_keys=True)
        read = hashes_of_sources(self.data / "augment", self.data / "privatize", self.train.network, self.code)
        return hashlib.sha256("\n".join([params, *read]).encode()).hexdigest()


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        number: From 0.
        state: complete, or pruned: stopped early, or impossible.
        value: Of the objective; of a pruned one that of its last epoch, None where it has none.
        values: Of the keys that are varied.
        epochs: How many it was told of.
        why: Why it was impossible.
    """

    number: int
    state: str
    value: float | None
    values: dict[str, Any]
    epochs: int
    why: str | None


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        objective: What the numbers are.
        is_maximised: Whether more is better.
        present: The number of the present values.
        trials: All of them, by number.
    """

    objective: str
    is_maximised: bool
    present: float
    trials: list[Trial]

    def ranked(self) -> list[Trial]:
        """Return the trials, complete ones first, the best before the others."""

        def rank(trial: Trial) -> tuple[bool, bool, float]:
            value = trial.value if trial.value is not None else 0.0
            return trial.state != "complete", trial.value is None, -value if self.is_maximised else value

        return sorted(self.trials, key=rank)

    @property
    def best(self) -> Trial | None:
        """The best complete trial, if it is better than the present values."""
        first = next(iter(self.ranked()), None)
        if first is None or first.state != "complete" or first.value is None:
            return None
        better = first.value > self.present if self.is_maximised else first.value < self.present
        return first if better else None


def _at(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content[part]
    return content
