"""Where each of several targets stands: in the outputs of one network, in the tensor of targets, in model.onnx.

The body of the network is shared; a head is the part of its last layer that answers for one target.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.product.product import Target

THRESHOLD = 0.5
"""Of a label's probability: above it a row has the label."""


@dataclass(frozen=True)
class Head:
    """The part of one target.

    Attributes:
        name: The column.
        target: What is learned about it, with its classes.
        first: Its first column in the outputs [N, outputs].
        place: Its place among the heads; 0 is the main one.
        start: Its first column in the targets [N, targets].
    """

    name: str
    target: Target
    first: int
    place: int
    start: int

    @property
    def width(self) -> int:
        """How many outputs it has: a logit for each class or label, or one value."""
        return len(self.target.classes) if self.target.classes else 1

    @property
    def has_labels(self) -> bool:
        """Whether a row has any number of its labels, and so a column of the targets for each."""
        return self.target.task == "multilabel"

    @property
    def columns(self) -> slice:
        """Its columns in the targets."""
        return slice(self.start, self.start + (self.width if self.has_labels else 1))

    @property
    def outputs(self) -> slice:
        """Its columns in the outputs."""
        return slice(self.first, self.first + self.width)

    def of(self, outputs: Any) -> Any:
        """Return its part of outputs [N, outputs], an array or tensor: logits [N, classes], or values [N].

        Values [N], of one target alone, are its own.
        """
        if outputs.ndim == 1:
            return outputs
        return outputs[:, self.outputs] if self.target.classes else outputs[:, self.first]

    @property
    def tensor(self) -> str:
        """The output of model.onnx that holds its answer; the main target's, the first, has no name before it."""
        answer = "value" if self.target.classes is None else "probabilities"
        return f"{self.name}.{answer}" if self.place else answer


def heads_of(targets: Mapping[str, Target]) -> tuple[Head, ...]:
    """Return a head for each target, in their order.

    >>> targets = {"kind": Target(classes=["a", "b", "c"]), "size": Target(task="regression")}
    >>> [head.outputs for head in heads_of(targets)]
    [slice(0, 3, None), slice(3, 4, None)]
    """
    return tuple(_heads(targets))


def joint_heads(targets: Mapping[str, Target]) -> tuple[Head, ...]:
    """Return the heads where targets lie side by side, several or labels; of one class or value for a row, none."""
    heads = heads_of(targets)
    return heads if len(heads) > 1 or any(head.has_labels for head in heads) else ()


def _heads(targets: Mapping[str, Target]) -> Iterator[Head]:
    first = start = 0
    for place, (name, target) in enumerate(targets.items()):
        head = Head(name, target, first, place, start)
        first, start = first + head.width, head.columns.stop
        yield head
