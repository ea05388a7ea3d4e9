"""The `privatize` section: which mechanism stands between private rows and everything after it."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from slipway.product.section import Section, told_apart

# A loss of 30 hides nothing any more, and from 37 on randomised response has no noise left: its share of
# true answers, e^epsilon / (e^epsilon + k - 1), rounds to one.
Epsilon = Annotated[float, Field(gt=0, le=30)]


class Bound(Section):
    """The public range of a column of numbers and its share of the budget."""

    low: float
    """Values below are clipped to this; must not be learned from the data."""

    high: float
    """Values above are clipped to this; must not be learned from the data."""

    epsilon: Epsilon
    """Privacy loss of this column for one record."""

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if not math.isfinite((self.high - self.low) / self.epsilon):
            raise ValueError("noise of scale (high - low) / epsilon is no finite number: narrow the bounds")
        return self


class Domain(Section):
    """The public values of a column of categories and its share of the budget."""

    values: list[str] = Field(min_length=2)
    """All values that may occur, each once; others become the first of them."""

    epsilon: Epsilon
    """Privacy loss of this column for one record."""

    @model_validator(mode="after")
    def _values_are_different(self) -> Self:
        twice = sorted({value for value in self.values if self.values.count(value) > 1})
        if twice:
            raise ValueError(f"{twice} stand in values more than once")
        return self


Entry = Annotated[
    Annotated[Bound, Tag("Bound")] | Annotated[Domain, Tag("Domain")],
    told_apart(
        Bound, Domain, mend="must be {low, high, epsilon} for a column of numbers, {values, epsilon} for categories"
    ),
]


class Privatize(Section):
    """The privacy mechanism."""

    mechanism: Literal["none", "local"] = "none"
    """none: rows pass through, the product is not private. local: each value of each record is noised."""

    columns: dict[str, Entry] = {}
    """For `local`: every feature, and the target. A column without an entry is an error, not a leak."""
