"""The `product` section: what the product is about. Travels with the data in schema.json."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.section import Section, is_empty

Task = Literal["classification", "multilabel", "regression"]
"""One class for a row, any number of labels at once, or a number."""

MissingLabels = Literal["unknown", "none"]


class Target(Section):
    """A column that is predicted beside the main one, by a head of its own on the same network."""

    task: Task = "classification"
    """What is learned about the column."""

    classes: list[str] | None = Field(default=None, min_length=2)
    """The classes (or labels) in order, the positive one last; null takes those found in the source, sorted."""

    label_delimiter: str | None = Field(default=None, min_length=1, exclude_if=is_empty)
    """Of a multilabel target: what stands between the labels of a row."""

    missing_labels: MissingLabels = Field(default="unknown", exclude_if="unknown".__eq__)
    """Of a multilabel target: whether a row without a text has none of the labels, or nobody knows which."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_consistent(self)
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
    """The classes (or labels) in order, the positive one last; null takes those found in the source, sorted.

    State them where the data is private: a class found only in the data reveals that it is there.
    """

    label_delimiter: str | None = Field(default=None, min_length=1, exclude_if=is_empty)
    """Of a multilabel target: what stands between the labels of a row, as in `fish;rice`; alone it says: no label."""

    missing_labels: MissingLabels = Field(default="unknown", exclude_if="unknown".__eq__)
    """Of a multilabel target: whether a row without a text has none of the labels, or nobody knows which."""

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
        require_consistent(self)
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

    @property
    def main_target(self) -> Target:
        """What is learned about `target`."""
        return Target(
            task=self.task,
            classes=self.classes,
            label_delimiter=self.label_delimiter,
            missing_labels=self.missing_labels,
        )

    def dropped(self, pseudonymised: Sequence[str] = ()) -> list[str]:
        """Return the columns that cleaning drops.

        Args:
            pseudonymised: The identifiers that stay as pseudonyms.
        """
        ignored = [name for name in self.ignore if name not in self.sensitive]
        return [name for name in (*self.identifiers, *ignored) if name not in pseudonymised]


def require_consistent(target: Target | Product) -> None:
    """Refuse classes that stand there twice, and what is not for the task.

    Raises:
        ValueError: There is such a thing.
    """
    classes, task, delimiter = target.classes, target.task, target.label_delimiter
    if classes and len(set(classes)) != len(classes):
        raise ValueError(f"classes are listed twice: {classes}")
    if classes and task == "regression":
        raise ValueError("a regression has no classes: remove them, or set task: classification")
    if (task == "multilabel") != (delimiter is not None):
        raise ValueError(
            "task: multilabel needs label_delimiter, what stands between the labels of a row"
            if delimiter is None
            else f"label_delimiter is for task: multilabel, and task is {task}"
        )
    if target.missing_labels != "unknown" and task != "multilabel":
        raise ValueError(f"missing_labels is for task: multilabel, and task is {task}")
    if delimiter is not None and (within := [name for name in classes or [] if delimiter in name]):
        raise ValueError(f"label_delimiter {delimiter!r} stands in the labels {within}: they would be parted there")
