"""How rows are dealt out: a part of the section `preprocess`."""

from typing import Self

from pydantic import Field, model_validator

from slipway.product.section import Section


class Split(Section):
    """How rows are dealt out: by a keyed hash of their content, so a row keeps its part as data grows."""

    validation: float = Field(default=0.15, gt=0, lt=1)
    """Share of the rows to choose by."""

    test: float = Field(default=0.2, gt=0, lt=1)
    """Share of the rows to judge by."""

    by: list[str] = []
    """Columns that are hashed; rows equal in them (a group) share a part. Empty: all. `_id`: the row's position.

    Under a privacy mechanism only `_id` will do: a part that the content decides tells about it.
    """

    stratify: str | None = None
    """A column, the target for example, each value of which is split in these shares exactly, but for equal rows.

    Exact shares and parts that never change exclude each other: as the data grows, rows whose hash is next to the
    cut may change their part. Without it, shares are right on average and no row ever moves.
    """

    time: str | None = None
    """A column of times or numbers: the newest rows are the test, those before them the validation.

    Rows of one time stay together. As newer rows arrive, the cuts move on: what was test becomes validation, then
    train, never the other way round.
    """

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} + test {self.test} leave no rows to train on")
        ways = [name for name in ("by", "stratify", "time") if getattr(self, name)]
        if len(ways) > 1 and not (ways == ["by", "stratify"] and self.by == ["_id"]):
            raise ValueError(f"{' and '.join(ways)} exclude each other: state one way to deal rows out")
        return self
