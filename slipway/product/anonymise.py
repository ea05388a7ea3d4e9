"""How people are made hard to find in the cleaned rows: a part of the section `preprocess`.

None of this is differential privacy: it makes linking harder and proves nothing about what a row tells.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.section import Section


class Generalise(Section):
    """A coarser value in place of the exact one; state one of the three. A coarser value stays itself."""

    width: float | None = Field(default=None, gt=0)
    """Of a number: the lower end of its interval of this width (width 10: 37 becomes 30)."""

    edges: list[float] | None = Field(default=None, min_length=2)
    """Of a number: the greatest edge that is not above it; what is below all edges becomes the first."""

    prefix: int | None = Field(default=None, ge=1)
    """Of a text: its first letters (prefix 3: 89073 becomes 890)."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        stated = [name for name in ("width", "edges", "prefix") if getattr(self, name) is not None]
        if len(stated) != 1:
            raise ValueError(f"state one of width, edges and prefix, not {', '.join(stated) or 'none'}")
        if self.edges is not None and sorted(set(self.edges)) != self.edges:
            raise ValueError(f"edges must rise: {self.edges}")
        return self


class Anonymise(Section):
    """Pseudonyms, coarser values, and a report of how small the groups are that still look alike."""

    pseudonymise: list[str] = []
    """Identifiers that are kept, each as its HMAC-SHA256 under the key in SLIPWAY_PSEUDONYM_KEY; others are dropped.

    Equal values have equal pseudonyms in every table that is made with the same key, as numbers and as texts.
    """

    generalise: dict[str, Generalise] = {}
    """Columns to make coarser; a server makes a record as coarse."""

    quasi_identifiers: list[str] = []
    """Columns by which together a person could be found in another table: anonymity.json counts rows alike in them."""

    k: int | None = Field(default=None, ge=2)
    """How many rows must be alike in the quasi-identifiers, at the least."""

    sensitive: str | None = None
    """The column whose values must differ among rows that are alike, for `l`."""

    l: int | None = Field(default=None, ge=2)  # noqa: E741 # the term of the field
    """How many different values of `sensitive` a group of rows alike must hold, at the least."""

    below: Literal["report", "fail"] = "fail"
    """What happens where k or l is not kept."""

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        if (self.k or self.l or self.sensitive) and not self.quasi_identifiers:
            raise ValueError("k, l and sensitive are about rows alike in quasi_identifiers: state them")
        if self.l is not None and self.sensitive is None:
            raise ValueError("l counts the values of a column: name it as sensitive")
        return self
