"""The `preprocess` section: declared cleaning, the split, and the plan of what is fitted later."""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.missing import MISSING
from slipway.product.section import Section
from slipway.product.steps import Categories, ColumnSteps, Image, Numbers, Steps, Texts, fill_in


class Split(Section):
    """How rows are dealt out: by a keyed hash of their content, so a row keeps its part as data grows."""

    validation: float = Field(default=0.15, gt=0, lt=1)
    """Share of the rows to choose by."""

    test: float = Field(default=0.2, gt=0, lt=1)
    """Share of the rows to judge by."""

    by: list[str] = []
    """Columns that are hashed; rows equal in them share a part. Empty: all columns. `_id`: the row's position.

    Under a privacy mechanism only `_id` will do: a part that the content decides tells about it.
    """

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} + test {self.test} leave no rows to train on")
        return self


class Preprocess(Section):
    """Declared cleaning; nothing here is learned from the rows."""

    missing: list[str] = MISSING
    """Texts that mean a missing value (after trimming).

    Ingest, which finds the classes of a target of texts, knows the default alone: state product.classes
    where this list leaves one of them out, or adds a text that the target holds.
    """

    trim: bool = True
    """Whether white space around texts is removed."""

    types: dict[str, Literal["number", "category"]] = {}
    """Columns to coerce. A text that is no number becomes missing and is counted in cleaning.json."""

    duplicates: Literal["drop", "keep"] = "drop"
    """Whether the second and later exact copies of a row are dropped."""

    split: Split = Split()
    """How rows are dealt out; unused where the source came split with a validation part."""

    numbers: Numbers = Numbers()
    """Steps for columns of numbers."""

    categories: Categories = Categories()
    """Steps for columns of categories."""

    texts: Texts = Texts()
    """Steps for columns of prose."""

    image: Image = Image()
    """Steps for images."""

    columns: dict[str, ColumnSteps] = {}
    """Steps for single columns; what is not given is as for all columns of the kind."""

    @model_validator(mode="after")
    def _columns_are_consistent(self) -> Self:
        for name in self.columns:
            try:
                self.steps_of(name)
            except ValueError as error:
                raise ValueError(f"columns.{name}: {error}") from None
        return self

    def steps_of(self, column: str) -> Steps:
        """Return the steps of a column that `columns` names, filled in from those of its kind."""
        steps = self.columns[column]
        others: dict[type, Steps] = {Numbers: self.numbers, Categories: self.categories, Texts: self.texts}
        return fill_in(steps, others[type(steps)])
