"""signature.json: what a model takes, column by column, and what it answers."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from slipway.bundle.parsing import parse
from slipway.files import write_text
from slipway.product.cleaning import DatePart
from slipway.product.product import Target, Task
from slipway.product.section import Section, is_empty

SIGNATURE = "signature.json"
ISO_8601 = "ISO 8601"


class Input(Section):
    """One column of a record."""

    name: str
    """As the source names it."""

    dtype: Literal["number", "category", "text", "date", "image"]
    """number: JSON number, true or false. category: text of few values. text: prose. date: the text of a date.
    image: pixels of 0 to 255.
    """

    shape: tuple[int, int, int] | None = None
    """Height, width and channels of an image; null for the others."""

    format: str | None = None
    """How a date is written, as strftime has it, or ISO 8601; null for the others."""

    parts: list[DatePart] | None = None
    """The parts of a date that the model takes, in the order of its tensors; null for the others."""

    minimum: float | None = None
    """About the least number (or year of a date) seen in training, rounded downwards; a record may go beyond it."""

    maximum: float | None = None
    """About the greatest number (or year) seen in training, rounded upwards; a record may go beyond it."""

    categories: list[str] | None = None
    """The values that the model knows, however rare in training; a record may bring others, which are like none."""

    refused_below: float | None = None
    """Lesser numbers are refused: training rows that held them went to quarantine."""

    refused_above: float | None = None
    """Greater numbers are refused, likewise."""

    refused_parts: dict[DatePart, tuple[float, float]] = {}
    """For a date: the ends beyond which a part is refused, likewise."""

    buckets: int | None = None
    """For a category whose values are not known but hashed: the number of buckets."""

    words: list[str] | None = None
    """For a text: some of the words that the model knows."""

    length: int | None = None
    """For a text that is read token by token: how many tokens of it; null for the others."""

    missing_allowed: bool = False
    """Whether null is an answer; the field itself must always be there."""

    @property
    def columns(self) -> list[str]:
        """The columns that the model takes in its place: the parts of a date, or itself."""
        return [f"{self.name}_{part}" for part in self.parts] if self.parts else [self.name]

    @property
    def tensor(self) -> str:
        """The input of model.onnx that holds it."""
        if self.dtype == "category":
            return "categorical" if self.buckets is None else "hashed"
        if self.dtype == "text":
            return "text" if self.length is None else "tokens"
        return "image" if self.dtype == "image" else "numeric"


class Output(Section):
    """One field of an answer."""

    name: Literal["label", "labels", "probabilities", "value", "targets"]
    """As it stands in the answer."""

    dtype: Literal["string", "array", "object", "number"]
    """Its JSON type; an object holds a probability for each class, or the answer for each further target."""


def _outputs(data: dict[str, Any]) -> list[Output]:
    more = [Output(name="targets", dtype="object")] if data.get("more_targets") else []
    if data.get("task") == "regression":
        return [Output(name="value", dtype="number"), *more]
    if data.get("task") == "multilabel":
        return [Output(name="labels", dtype="array"), Output(name="probabilities", dtype="object"), *more]
    return [Output(name="label", dtype="string"), Output(name="probabilities", dtype="object"), *more]


class Signature(Section):
    """What a model takes and answers."""

    kind: Literal["tabular", "images", "texts"]
    """What a record is."""

    task: Task
    """What is answered: a class, any number of labels, or a number."""

    label_delimiter: str | None = Field(default=None, exclude_if=is_empty)
    """What stood between the labels of a row; null for the others."""

    target: str
    """The column that is predicted."""

    classes: list[str] | None = None
    """The classes in the order of the probabilities; null for a regression."""

    more_targets: dict[str, Target] = Field(default={}, exclude_if=is_empty)
    """Further columns that are predicted, with their classes in the order of the probabilities."""

    inputs: list[Input] = Field(min_length=1)
    """The columns of a record. Their order is that of the model's tensors."""

    outputs: list[Output] = Field(default_factory=_outputs)
    """The fields of an answer; they follow from the task."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [one.name for one in self.inputs]
        if len(set(names)) != len(names):
            raise ValueError(f"inputs are listed twice: {names}")
        if len(self.names("image")) > 1:
            raise ValueError(f"more than one image: {self.names('image')}")
        if any((one.dtype == "image") != (one.shape is not None) for one in self.inputs):
            raise ValueError("an image, and nothing else, has a shape")
        if len([one for one in self.inputs if one.tensor == "tokens"]) > 1:
            raise ValueError(f"more than one text is read token by token: {self.names('text')}")
        if any((one.dtype == "date") != bool(one.parts and one.format) for one in self.inputs):
            raise ValueError("a date, and nothing else, has a format and parts")
        if (self.task == "regression") != (self.classes is None):
            raise ValueError(f"task {self.task} with classes {self.classes}")
        for name, target in self.more_targets.items():
            if (target.task == "regression") != (target.classes is None):
                raise ValueError(f"more_targets.{name}: task {target.task} with classes {target.classes}")
        return self

    @property
    def targets(self) -> dict[str, Target]:
        """What is predicted, the main target first."""
        main = Target(task=self.task, classes=self.classes, label_delimiter=self.label_delimiter)
        return {self.target: main, **self.more_targets}

    def names(self, dtype: Literal["number", "category", "text", "date", "image"]) -> list[str]:
        """Return the names of the inputs of one kind, in order."""
        return [one.name for one in self.inputs if one.dtype == dtype]

    def write(self, folder: Path) -> None:
        """Write signature.json into a bundle's folder."""
        write_text(folder / SIGNATURE, self.model_dump_json(indent=1) + "\n")


def parse_signature(content: bytes) -> Signature:
    """Read a signature from the bytes of signature.json.

    Raises:
        BundleError: it is none.
    """
    return parse(content, Signature, name=SIGNATURE)
