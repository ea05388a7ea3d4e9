"""The `tune` section: what `slipway tune` varies in training, how often, and what it makes best."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, Tag, model_validator

from slipway.errors import ParamsError
from slipway.product.augment import Augment
from slipway.product.editing import with_values
from slipway.product.reading import check_section
from slipway.product.section import Section, told_apart
from slipway.product.train import Train

TUNED = ("train", "augment")
"""The sections that hold what can be tuned; of augment the policy alone, which train applies."""


class Numbers(Section):
    """Numbers between two; whole ones where `low` and `high` are written as whole numbers."""

    low: int | float
    """The smallest."""

    high: int | float
    """The largest."""

    log: bool = False
    """Whether each factor counts alike (0.001 to 0.01 as much as 0.01 to 0.1) instead of each difference."""

    step: int | float | None = Field(default=None, gt=0)
    """Distance of two numbers, from `low` on; null is any number between."""

    @model_validator(mode="after")
    def _are_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low = {self.low} must be less than high = {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs a low above 0, and no step")
        return self

    @property
    def are_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return all(isinstance(each, int) for each in (self.low, self.high, self.step or 1))

    @property
    def ends(self) -> tuple[Any, ...]:
        """What each value lies between."""
        return self.low, self.high


class Choices(Section):
    """Some values, of which each is as near to each other."""

    choices: list[Any] = Field(min_length=2)
    """The values, as the key would hold them."""

    @property
    def ends(self) -> tuple[Any, ...]:
        """All of them."""
        return tuple(self.choices)


Range = Annotated[
    Annotated[Numbers, Tag("Numbers")] | Annotated[Choices, Tag("Choices")],
    told_apart(Numbers, Choices, mend="allowed: {low, high, log, step} or {choices: [...]}"),
]


class Tune(Section):
    """The search for good parameters."""

    ranges: dict[str, Range] = {}
    """From a key of train (train.lr, train.network.hidden) or of augment.policy to what it may be."""

    trials: int = Field(default=20, ge=1, le=100_000)
    """How many trainings, those that were stopped early included."""

    processes: int = Field(default=1, ge=1, le=256)
    """How many of them go on at once, each in a process of its own; with one alone the search is repeatable."""

    objective: Literal["loss", "metric"] = "loss"
    """What decides, on the validation rows, of the weights that are kept: their loss, or accuracy (RMSE of values)."""

    pruner: Literal["median", "halving", "none"] = "median"
    """Which trials are stopped early: worse than the median at that epoch, by successive halving, or none."""

    @model_validator(mode="after")
    def _ranges_are_apart_and_losses_comparable(self) -> Self:
        for key in self.ranges:
            inside = [other for other in self.ranges if other.startswith(f"{key}.")]
            if inside:
                raise ValueError(f"ranges holds {key} and {inside[0]}, which is a part of it: leave one of them out")
        for what in ("train.loss", "train.loss_weights"):
            if self.objective == "loss" and any(f"{key}.".startswith(f"{what}.") for key in self.ranges):
                raise ValueError(f"ranges varies {what}, whose losses cannot be compared: set objective: metric")
        return self


def require_ranges(tune: Tune, sections: Mapping[str, Section], *, where: str) -> None:
    """Refuse a range whose key is none, or some of whose values its section refuses.

    Args:
        tune: The section.
        sections: The product's own `train` and `augment`; each range is tried alone, beside their other values.
        where: The file, for errors.
    """
    for key, choice in tune.ranges.items():
        if not key.startswith(("train.", "augment.policy.")):
            raise ParamsError(f"{where}: tune.ranges.{key}: allowed are keys of train and of augment.policy")
        for value in choice.ends:
            assigned(sections, {key: value}, where=f"{where}: tune.ranges.{key}")


def assigned(sections: Mapping[str, Section], values: Mapping[str, Any], *, where: str) -> tuple[Train, Augment]:
    """Return the sections train and augment with each dotted key set.

    Raises:
        ParamsError: One of them refuses it.
    """
    content: dict[str, Any] = {name: sections[name].model_dump(exclude_unset=True) for name in TUNED}
    content = with_values(content, with_names(sections, values))
    train = check_section(content["train"], Train, where=where, section="train")
    return train, check_section(content["augment"], Augment, where=where, section="augment")


def with_names(sections: Mapping[str, Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the names of the members that keys lead into and that are a default, which stands in no file.

    >>> with_names({"train": Train()}, {"train.network.hidden": [8]})
    {'train.network.name': 'mlp', 'train.network.hidden': [8]}
    """
    complete: dict[str, Any] = {}
    for key, value in values.items():
        complete |= {name: member for name, member in _defaults(sections, key) if name not in complete}
        complete[key] = value
    return complete


def _defaults(sections: Mapping[str, Section], key: str) -> Iterator[tuple[str, str]]:
    first, *parts = key.split(".")
    holder: BaseModel = sections[first]
    for depth, part in enumerate(parts[:-1], start=2):
        inner = getattr(holder, part, None)
        if not isinstance(inner, BaseModel):
            return
        if part not in holder.model_fields_set and isinstance(name := getattr(inner, "name", None), str):
            yield f"{'.'.join(key.split('.')[:depth])}.name", name
        holder = inner
