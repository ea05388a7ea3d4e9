"""Tell whether a network of classes ends in a softmax or a sigmoid, though the losses want raw logits.

Logits can look like probabilities by chance, or because a last layer was set to the logarithms of the classes' shares.
So those that do are looked at again with other weights: what a softmax or a sigmoid gives stays what it is.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from slipway.networks.building import Architecture

TOLERANCE = 1e-4
CHANGES = 3
LARGEST_FACTOR = 10.0


@dataclass(frozen=True)
class LastStep:
    """What a network may end in.

    Attributes:
        what: What it then answers, in words.
        looks: Whether answers [N, outputs], with the weights as they were drawn, look like that.
        stays: Whether those with other weights do.
    """

    what: str
    looks: Callable[[Tensor], bool]
    stays: Callable[[Tensor], bool]


def _are_shares(answered: Tensor) -> bool:
    return _are_within(answered) and _add_up(answered)


def _are_logarithms(answered: Tensor) -> bool:
    return _add_up(answered.exp())


def _are_within(answered: Tensor) -> bool:
    return bool(((answered >= 0) & (answered <= 1)).all())


def _are_between(answered: Tensor) -> bool:
    """Leave out what a ReLU cut off, and what is equal for all rows: a last layer of zeros answers so."""
    return bool(((answered > 0) & (answered < 1)).all() and (answered != answered[:1]).any())


def _add_up(answered: Tensor) -> bool:
    return bool(((answered.double().sum(1) - 1).abs() <= TOLERANCE).all())


LAST_STEPS = {
    "softmax": LastStep("probabilities, which add up to 1", _are_shares, _are_shares),
    "log_softmax": LastStep("logarithms of probabilities, which add up to 1", _are_logarithms, _are_logarithms),
    "sigmoid": LastStep("numbers from 0 to 1 alone", _are_between, _are_within),
}


def last_step(drawn: Tensor, changed: Callable[[], list[Tensor]]) -> str | None:
    """Return which of LAST_STEPS answers went through, or None.

    >>> shares = torch.tensor([[0.2, 0.8], [0.9, 0.1]])
    >>> last_step(shares, lambda: [shares.flip(0)]), last_step(shares, lambda: [5 * shares])
    ('softmax', None)

    Args:
        drawn: Answers [N, outputs] to different rows, with the weights as they were drawn.
        changed: Gives the same with other weights; called if there is a doubt.
    """
    step = next((name for name, each in LAST_STEPS.items() if each.looks(drawn)), None)
    return step if step is not None and all(map(LAST_STEPS[step].stays, changed())) else None


def with_other_weights(body: nn.Module) -> Iterator[nn.Module]:
    """Yield copies with each weight multiplied by a factor of its own, of either sign."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(CHANGES):
        copied = deepcopy(body)
        with torch.no_grad():
            for each in copied.parameters():
                factors = torch.empty(each.shape).uniform_(1, LARGEST_FACTOR, generator=generator)
                each.mul_(factors * torch.empty(each.shape).uniform_(-1, 1, generator=generator).sign())
        yield copied


def columns_of_classes(architecture: Architecture) -> Iterator[tuple[str, slice]]:
    """Yield what a target's name adds to a message, and its outputs, for each target of classes or labels."""
    if not architecture.heads and architecture.task != "regression":
        yield "", slice(0, architecture.outputs)
    first = 0
    for name, width in architecture.heads.items():
        if width > 1:  # a value has one output, classes and labels have more
            yield f" for '{name}'", slice(first, first + width)
        first += width
