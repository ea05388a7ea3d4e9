"""Why a row was answered as it was: integrated gradients (Sundararajan et al. 2017, section 3), through captum.

What is explained is evidence: the log-odds of one class (or label) after calibration, or the value of a regression.
Unlike a probability it does not saturate, and of two classes it is the one quantity that the network decides by.
Attributions add up to the evidence for the row less that for the baseline (the paper's completeness, proposition 1).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from slipway.judging.decision import Decision
from slipway.tables.heads import Head

Array = npt.NDArray[Any]

NUMBERS_AT_ONCE = 1 << 19
MORE_STEPS = 4
TOLERANCE, ROUNDING = 0.02, 1e-5


@dataclass(frozen=True)
class Attribution:
    """What one row's features add to the evidence.

    Attributes:
        values: Of the row's shape; of texts [tokens].
        start: Evidence for the baseline.
        end: Evidence for the row.
    """

    values: Array
    start: float
    end: float

    @property
    def gap(self) -> float:
        """How far the sum is from what it must be; it falls as steps are added."""
        return abs(float(self.values.sum(dtype=np.float64)) - (self.end - self.start))

    @property
    def is_complete(self) -> bool:
        """Whether the gap is within `TOLERANCE` of what all features add or take, or as small as rounding makes it."""
        rounding = ROUNDING * (abs(self.start) + abs(self.end))
        return self.gap <= TOLERANCE * float(np.abs(self.values).sum()) + rounding


class Unexplainable(Exception):
    """Integrated gradients cannot be taken of a network, and why."""


@dataclass(frozen=True)
class Evidence:
    """The outputs of a network as evidence for one class, label or value."""

    network: nn.Module
    head: Head
    decision: Decision

    def __call__(self, x: Tensor, places: Tensor) -> Tensor:
        """Map features [B, ...] and the class of each row [B] to evidence [B]."""
        outputs = self.head.of(self.network(x)).float()
        if self.decision.classes is None:
            return outputs
        logits = outputs / self.decision.temperature
        own = logits.gather(1, places[:, None]).squeeze(1)
        if self.decision.has_labels:
            return own
        return own - logits.scatter(1, places[:, None], -torch.inf).logsumexp(1)


def attribute(evidence: Evidence, row: Array, place: int, baseline: Array, *, steps: int) -> Attribution:
    """Take the integrated gradients of one row; where its gap is not within tolerance, again with more steps.

    Args:
        evidence: What is explained.
        row: Features [1, ...]; of texts, tokens.
        place: The class (or label) whose evidence it is; 0 for a regression.
        baseline: Features [1, ...] to start from; not looked at for texts, which start from padding.
        steps: Points of Gauss and Legendre on the way.

    Raises:
        Unexplainable: No gradient reaches the features.
    """
    found = integrate(evidence, row, place, baseline, steps=steps)
    return found if found.is_complete else integrate(evidence, row, place, baseline, steps=MORE_STEPS * steps)


def integrate(evidence: Evidence, row: Array, place: int, baseline: Array, *, steps: int) -> Attribution:
    """Take the integrated gradients as `attribute` does, with so many steps."""
    from captum.attr import IntegratedGradients  # a second of CPU time, most of it for matplotlib

    x, places = torch.from_numpy(row), torch.tensor([place])
    ask: Callable[..., Tensor] = evidence
    more: tuple[Tensor, ...] = (places,)
    inputs: tuple[Tensor, ...] = (x,)
    starts: tuple[Tensor, ...] = (torch.from_numpy(baseline),)
    if not x.is_floating_point():
        read = embeddings(evidence.network, x)
        ask, more = _ByEmbedding(evidence, list(read)), (x, places)
        inputs = tuple(read.values())
        with torch.no_grad():
            starts = tuple(layer(torch.zeros(each.shape[:2], dtype=torch.int64)) for layer, each in read.items())
    at_once = max(1, NUMBERS_AT_ONCE // sum(each.numel() for each in inputs))
    try:
        values = IntegratedGradients(ask).attribute(
            inputs, starts, additional_forward_args=more, n_steps=steps, internal_batch_size=min(steps, at_once)
        )
    except RuntimeError as error:
        said = str(error).splitlines()[0]
        raise Unexplainable(f"no gradient of the network reaches what it reads ({said})") from error
    with torch.no_grad():
        start, end = (float(ask(*each, *more)) for each in (starts, inputs))
    parts = [each[0].detach().numpy() for each in values]
    return Attribution(parts[0] if x.is_floating_point() else sum(part.sum(axis=1) for part in parts), start, end)


def embeddings(network: nn.Module, tokens: Tensor) -> dict[nn.Embedding, Tensor]:
    """Return the layers that make vectors of these tokens [1, T], and the vectors [1, T or less, width].

    There is one, or that of each member of an ensemble. A network may cut padding off before.

    Raises:
        Unexplainable: There is none.
    """
    found: dict[nn.Embedding, Tensor] = {}

    def look(layer: nn.Module, given: tuple[Any, ...], made: Tensor) -> None:
        read = given[0]
        if read.ndim == 2 and torch.equal(read, tokens[:, : read.shape[1]]) and isinstance(layer, nn.Embedding):
            found[layer] = made

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Embedding)]
    with torch.no_grad(), _hooked(layers, [look] * len(layers)):
        network(tokens)
    if not found:
        raise Unexplainable("the network reads its tokens through no nn.Embedding")
    return found


class _ByEmbedding:
    """Asks for evidence with vectors in place of what the embeddings make of the tokens."""

    def __init__(self, evidence: Evidence, layers: Sequence[nn.Embedding]) -> None:
        self._evidence, self._layers = evidence, layers

    def __call__(self, *given: Tensor) -> Tensor:
        *vectors, tokens, places = given
        with _hooked(self._layers, [lambda *_, made=made: made for made in vectors]):
            return self._evidence(tokens, places)


@contextmanager
def _hooked(layers: Sequence[nn.Module], hooks: Sequence[Callable[..., Any]]) -> Iterator[None]:
    handles = [layer.register_forward_hook(hook) for layer, hook in zip(layers, hooks, strict=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
