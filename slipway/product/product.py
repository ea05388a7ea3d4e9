"""The `product` section: what the product is about. Travels with the data in schema.json."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.section import Section, is_empty

Task = Literal["classification", "regression"]


class Target(Section):
    """A column that is predicted beside the main one, by a head of its own on the same network."""

    task: Task = "classification"
    """What is learned about the column."""

    classes: list[str] | None = Field(default=None, min_length=2)
    """The classes in order, the positive one last; null takes those found in the source, sorted."""

    @model_validator(mode="after")
    def _classes_suit_the_task(self) -> Self:
        require_classes(self.task, self.classes)
        return self


class Product(Section):
    """What all stages need to know about a product."""

    kind: Literal["tabular", "images", "texts"]
    """What a row is: columns of numbers, categories and words; an image; or one text, read token by token."""

    task: Task = "classification"
    """What is learned from the rows."""

    target: str | None = None
    """The column to predict; null where there is nothing to learn yet."""

    classes: list[str] | None = Field(default=None, min_length=2)
    """The classes in order, the positive one last; null takes those found in the source, sorted.

    State them where the data is private: a class found only in the data reveals that it is there.
    """

    more_targets: dict[str, Target] = Field(default={}, exclude_if=is_empty)
    """Further columns to predict, by name: a row may lack them, and then says nothing about them.

    The metrics, the pictures and the gate are those of `target`; targets.json holds the metrics of these.
    """

    identifiers: list[str] = []
    """Columns that name a person or a thing: kept until cleaning, dropped there."""

    ignore: list[str] = []
    """Columns that are neither features nor identifiers: dropped in cleaning."""

    sensitive: list[str] = []
    """Columns by which fairness is judged; they stay features unless they are ignored, too."""

    private_unit: str = "row"
    """Whose privacy is protected: `row`, or the column that names the person."""

    seed: int = Field(default=7, ge=0, lt=2**32)
    """Decides split, initialisation and order; never privacy noise."""

    @model_validator(mode="after")
    def _roles_do_not_overlap(self) -> Self:
        roles = [*self.identifiers, *self.ignore, *self.targets]
        twice = sorted({name for name in roles if roles.count(name) > 1})
        if twice:
            raise ValueError(f"{twice} stand in more than one of target, more_targets, identifiers, ignore")
        require_classes(self.task, self.classes)
        return self

    @model_validator(mode="after")
    def _the_main_target_is_named(self) -> Self:
        if self.more_targets and self.target is None:
            first = next(iter(self.more_targets))
            raise ValueError(
                f"more_targets are beside a main one, and target is null: set target: {first}, for example"
            )
        return self

    @property
    def targets(self) -> list[str]:
        """The columns to predict, the main one first."""
        return [*([self.target] if self.target else []), *self.more_targets]

    def dropped(self, pseudonymised: Sequence[str] = ()) -> list[str]:
        """Return the columns that cleaning drops.

        Args:
            pseudonymised: The identifiers that stay as pseudonyms.
        """
        ignored = [name for name in self.ignore if name not in self.sensitive]
        return [name for name in (*self.identifiers, *ignored) if name not in pseudonymised]


def require_classes(task: Task, classes: Sequence[str] | None) -> None:
    """Refuse classes that stand there twice, and those of a regression.

    Raises:
        ValueError: There are such.
    """
    if classes and len(set(classes)) != len(classes):
        raise ValueError(f"classes are listed twice: {classes}")
    if classes and task == "regression":
        raise ValueError("a regression has no classes: remove them, or set task: classification")
