"""The `preprocess` section: declared cleaning, the split, and the plan of what is fitted later.

The rules act on a value in the order in which they stand here; each counts what it changed in cleaning.json.
"""

from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from slipway.product.anonymise import Anonymise
from slipway.product.cleaning import Bounds, Dates, Separators, Type, Unique
from slipway.product.missing import MISSING
from slipway.product.section import Section
from slipway.product.split import Split
from slipway.product.steps import Categories, ColumnSteps, Image, Numbers, Steps, Texts, Tokens, fill_in

Scalar = bool | int | float | str


class Preprocess(Section):
    """Declared cleaning; nothing here is learned from the rows."""

    trim: bool = True
    """Whether white space around texts is removed."""

    unicode: Literal["NFC", "NFKC"] | None = "NFC"
    """The form of Unicode of texts. NFC: one spelling of what looks the same. NFKC: of what means the same, too."""

    collapse: bool = True
    """Whether white space within texts becomes one space."""

    lower: list[str] = []
    """Columns of texts to write in lower case."""

    replace: dict[str, dict[str, str | None]] = {}
    """For each column, values and what takes their place; null is a missing value.

    Of texts, whole values are compared, as the rules above leave them; of numbers, the numbers.
    """

    missing: list[str] = MISSING
    """Texts that mean a missing value.

    Ingest, which finds the classes of a target of texts, knows the default alone: state product.classes
    where this list leaves one of them out, or adds a text that the target holds.
    """

    types: dict[str, Type] = {}
    """Columns to coerce. A text that is no number, boolean or date becomes missing and is counted in cleaning.json.

    category: few values; text: words to be read; date: as `dates` says, ISO 8601 where it says nothing.
    """

    separators: dict[str, Separators] = {}
    """How columns of type number that came as texts write them, where it is not as in 1234.5."""

    dates: dict[str, Dates] = {}
    """Columns of type date whose format or parts are not the usual ones."""

    bounds: dict[str, Bounds] = {}
    """Ranges of columns of numbers."""

    fill: dict[str, Scalar] = {}
    """For each column, the constant that takes the place of a missing value; a mean is a step, fitted later."""

    anonymise: Anonymise = Anonymise()
    """Pseudonyms and coarser values."""

    require: list[str] = []
    """Columns without whose value a row is dropped, and a record refused."""

    duplicates: Literal["drop", "keep"] = "drop"
    """Whether the second and later exact copies of a row are dropped."""

    unique: Unique | None = None
    """The key of a row; rows that share one are too many."""

    split: Split = Split()
    """How rows are dealt out; unused where the source came split with a validation part."""

    numbers: Numbers = Numbers()
    """Steps for columns of numbers."""

    categories: Categories = Categories()
    """Steps for columns of categories."""

    texts: Texts = Texts()
    """Steps for columns of prose."""

    tokens: Tokens = Tokens()
    """The step of a product of texts."""

    image: Image = Image()
    """Steps for images."""

    columns: dict[str, ColumnSteps] = {}
    """Steps for single columns; what is not given is as for all columns of the kind."""

    @field_validator("replace", mode="before")
    @classmethod
    def _spell(cls, value: Any) -> Any:
        """Write keys and values as texts: YAML reads `-1` as a number."""
        if not isinstance(value, dict):
            return value
        return {
            column: {_text(old): _text(new) for old, new in pairs.items()} if isinstance(pairs, dict) else pairs
            for column, pairs in value.items()
        }

    @model_validator(mode="after")
    def _rules_fit_together(self) -> Self:
        for name in self.dates:
            if self.types.get(name, "date") != "date":
                raise ValueError(f"types.{name} is {self.types[name]}, but dates names the column")
        for name in self.separators:
            if self.types.get(name) != "number":
                raise ValueError(f"separators names '{name}': declare types.{name}: number")
        return self

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

    @property
    def all_types(self) -> dict[str, Type]:
        """The types, those of the columns in `dates` included."""
        return {**self.types, **dict.fromkeys(self.dates, "date")}

    def is_date(self, name: str) -> bool:
        """Say whether a column is declared to be of type date."""
        return self.all_types.get(name) == "date"

    def dates_of(self, name: str) -> Dates:
        """Return how a column of type date is read."""
        return self.dates.get(name, Dates())


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
