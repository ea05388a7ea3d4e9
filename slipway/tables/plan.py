"""plan.json: the declared steps that still need fitting, handed from preprocess to privatize."""

import difflib
from typing import Literal, cast

from slipway.errors import ParamsError
from slipway.product.section import Section
from slipway.product.steps import Categories, ColumnSteps, Image, Numbers, Steps, Texts, Tokens
from slipway.tables.schema import Schema, kind_of


class Plan(Section):
    """Steps for each kind of feature; which columns are of that kind stands in the schema."""

    numbers: Numbers = Numbers()
    """For columns of numbers."""

    categories: Categories = Categories()
    """For columns of categories."""

    texts: Texts = Texts()
    """For columns of prose."""

    tokens: Tokens = Tokens()
    """For a product of texts."""

    image: Image = Image()
    """For images."""

    columns: dict[str, ColumnSteps] = {}
    """For single columns: all steps of their kind, those that `preprocess.columns` left out filled in."""

    split_by: list[str] = []
    """What decided the part of a row, as preprocess.split.by; a mechanism must know (tasks/privatize.py)."""

    duplicates: Literal["drop", "keep"] = "drop"
    """What was done to exact copies of a row."""

    def numbers_of(self, column: str) -> Numbers:
        """Return the steps of a column of numbers."""
        return cast(Numbers, self.columns.get(column, self.numbers))

    def categories_of(self, column: str) -> Categories:
        """Return the steps of a column of categories."""
        return cast(Categories, self.columns.get(column, self.categories))

    def texts_of(self, column: str) -> Texts:
        """Return the steps of a column of prose."""
        return cast(Texts, self.columns.get(column, self.texts))


def require_columns(columns: dict[str, Steps], schema: Schema) -> None:
    """Refuse steps for a column that is no feature, or of another kind.

    Raises:
        ParamsError: one of them is.
    """
    kinds = {Numbers: "number", Categories: "category", Texts: "text"}
    features = {column.name: kind_of(column) for column in schema.features}
    for name, steps in columns.items():
        if name not in features:
            near = difflib.get_close_matches(name, features, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(features)}"
            raise ParamsError(f"preprocess.columns: '{name}' is no feature; {hint}")
        if kinds[type(steps)] != features[name]:
            raise ParamsError(
                f"preprocess.columns.{name} holds steps for a {kinds[type(steps)]}, but the column is a "
                f"{features[name]}: give its steps, or say in preprocess.types what it is"
            )
