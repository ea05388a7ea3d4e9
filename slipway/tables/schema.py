"""schema.json: what all stages need to know about the rows, travelling with them from folder to folder."""

from collections.abc import Container
from pathlib import Path
from typing import Literal

from pydantic import Field

from slipway.errors import DataError
from slipway.files import read_json, write_text
from slipway.product.product import Product, Target
from slipway.product.section import Section, is_empty

ROW_ID = "_id"
PART = "_split"
REASONS = "_reasons"
PARTS = ("train", "validation", "test")
RESERVED = (ROW_ID, PART, REASONS)

Kind = Literal["number", "category", "text", "image"]

NUMBER_DTYPES = frozenset(
    ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Boolean"]
)


class Column(Section):
    """One column of the source."""

    name: str
    """As the source names it."""

    dtype: str
    """As polars names it: Float64, Int64, String, Binary ..."""

    kind: Literal["number", "category", "text"] | None = None
    """How it is prepared where the type alone does not tell: a String is a category unless this says text."""


class Schema(Section):
    """The product, its columns in order, its classes, and the shape of its images."""

    product: Product
    """The section of params.yaml, copied by ingest."""

    columns: list[Column]
    """The columns, without `_id` and `_split`."""

    classes: list[str] | None
    """The classes (or labels) in order; null for a regression or without a target."""

    more_targets: dict[str, Target] = Field(default={}, exclude_if=is_empty)
    """product.more_targets, with their classes in order."""

    image_shape: tuple[int, int, int] | None = None
    """Height, width, channels of the Binary column `image`."""

    @property
    def targets(self) -> dict[str, Target]:
        """What is predicted, the main target first, each with its classes; empty without a target."""
        main = {} if self.product.target is None else {self.product.target: self._main()}
        return main | self.more_targets

    def _main(self) -> Target:
        return self.product.main_target.model_copy(update={"classes": self.classes})

    @property
    def features(self) -> list[Column]:
        """The columns that a model may look at: neither target, identifier nor ignored."""
        product = self.product
        others = {*product.targets, *product.identifiers, *product.ignore}
        return [column for column in self.columns if column.name not in others]

    def names(self, kind: Kind) -> list[str]:
        """Return the features of one kind, in order."""
        return [column.name for column in self.features if kind_of(column) == kind]

    def without(self, names: Container[str]) -> "Schema":
        """Return the schema without some columns."""
        return self.model_copy(update={"columns": [each for each in self.columns if each.name not in names]})

    def place_of(self, target: str) -> str:
        """Return where params.yaml says what is learned about a target, for errors."""
        return "product" if target == self.product.target else f"product.more_targets.{target}"

    def require_target(self) -> str:
        """Return the target, or say that there is none."""
        if self.product.target is None:
            raise DataError(
                "product.target is null: there is nothing to learn. Name the column to predict in params.yaml."
            )
        return self.product.target

    def write(self, folder: Path) -> None:
        """Write schema.json into a stage's folder."""
        write_text(folder / "schema.json", self.model_dump_json(indent=1) + "\n")


def read_schema(folder: Path) -> Schema:
    """Read schema.json from a stage's folder."""
    return Schema.model_validate(read_json(folder / "schema.json"))


def kind_of(column: Column) -> Kind:
    """Say how a feature is prepared.

    Raises:
        DataError: no step prepares a column of this type, or as this kind.
    """
    if column.dtype in NUMBER_DTYPES and column.kind in (None, "number"):
        return "number"
    if column.dtype == "String" and column.kind != "number":
        return column.kind or "category"
    if column.dtype == "Binary" and column.kind is None:
        return "image"
    raise DataError(
        f"column '{column.name}' is of type {column.dtype}, which no step prepares"
        + (f" as a {column.kind}" if column.kind else "")
        + ": add it to product.ignore, or give numbers or text instead"
    )
