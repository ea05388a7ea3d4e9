"""Begin with weights of another training: a layer whose tensors fit in name and shape is taken, the others start fresh.

A layer is taken whole or not at all: a bias without its weights, or a counter without its statistics, means nothing.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from slipway.errors import DataError, ParamsError
from slipway.networks.building import body_of
from slipway.product.start import Start

SHOWN = 6
"""Names in a message."""

logger = logging.getLogger("slipway")


@dataclass(frozen=True)
class Started:
    """What a network began with; names are those of its body's `state_dict`.

    Attributes:
        taken: Tensors of layers that came from the file.
        fresh: The others.
        frozen: Those of `taken` that stay as they are at first.
        thaw_after_epochs: Until when; None: always.
        lr_factor: What the learning rate of `taken` is multiplied by.
    """

    taken: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    frozen: frozenset[str] = frozenset()
    thaw_after_epochs: int | None = None
    lr_factor: float = 1.0

    def frozen_in(self, epoch: int) -> frozenset[str]:
        """Return what stays as it is in an epoch, from 1: it is decided by its number alone."""
        thawed = self.thaw_after_epochs is not None and epoch > self.thaw_after_epochs
        return frozenset() if thawed else self.frozen

    def factor(self, name: str) -> float:
        """Return what the learning rate of a weight is multiplied by."""
        return self.lr_factor if name in self.taken else 1.0


FRESH = Started()


def begin(network: nn.Module, start: Start) -> Started:
    """Copy what fits into the network, and log what does not.

    Raises:
        DataError: The file is absent, damaged, or another than the hash says.
        ParamsError: Nothing fits, or `freeze` names no weights, fresh ones, or all.
    """
    body, found = body_of(network), read_weights(start)
    own = body.state_dict()
    misfits = {_layer(name) for name, tensor in own.items() if name not in found or found[name].shape != tensor.shape}
    taken = tuple(name for name in own if _layer(name) not in misfits)
    fresh = tuple(name for name in own if _layer(name) in misfits)
    weights = {name for name, _ in body.named_parameters()}
    if not weights & set(taken):
        raise ParamsError(
            f"train.start: no layer of {start.file} fits the network. It has {_shapes(found)}; the network has "
            f"{_shapes(own)}. Name a file of the same train.network, or leave start out."
        )
    for name in taken:
        own[name].copy_(found[name])
    logger.info("%d of %d tensors are taken from %s; fresh: %s", len(taken), len(own), start.file, _listed(fresh))
    frozen = frozen_names(start, taken, fresh)
    if weights <= frozen:
        raise ParamsError(
            "train.start.freeze leaves nothing to learn: name fewer weights of " + _listed(sorted(weights))
        )
    return Started(taken, fresh, frozen, start.thaw_after_epochs, start.lr_factor)


def read_weights(start: Start) -> dict[str, Tensor]:
    """Read the file once: the bytes that are hashed are those that are used. A regression's units are left out.

    Of an ensemble the first network is taken.

    Raises:
        DataError: It is absent, damaged, or another than the hash says.
    """
    path = Path(start.file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"train.start.file: {path} cannot be read ({error.strerror}). Train that product first; a file of "
            "this one's own train is deleted before it runs again: copy it elsewhere first."
        ) from None
    if (sha256 := hashlib.sha256(content).hexdigest()) != start.sha256:
        raise DataError(
            f"train.start.file: {path} is not the file that train.start.sha256 names: its sha256 is {sha256}. "
            "Write that to start from it, or bring the other file back."
        )
    try:
        weights = load(content)
    except SafetensorError as error:
        raise DataError(f"train.start.file: {path} is no safetensors file ({error})") from None
    if all(name.startswith("members.") for name in weights):  # slipway.networks.building.Ensemble: its first network
        first = "members.0."
        weights = {name.removeprefix(first): each for name, each in weights.items() if name.startswith(first)}
    if weights.keys() >= {"center", "scale"}:  # slipway.networks.building: Regressor, Joint
        return {name.removeprefix("body."): each for name, each in weights.items() if name.startswith("body.")}
    return weights


def frozen_names(start: Start, taken: tuple[str, ...], fresh: tuple[str, ...]) -> frozenset[str]:
    """Return the names that `freeze` means.

    Raises:
        ParamsError: One names nothing, or what was not taken.
    """
    if start.freeze == "taken":
        return frozenset(taken)
    frozen: set[str] = set()
    for wanted in start.freeze:
        named = {name for name in (*taken, *fresh) if f"{name}.".startswith(f"{wanted}.")}
        if not named:
            raise ParamsError(f"train.start.freeze: {wanted} names no weight; there are {_listed((*taken, *fresh))}")
        if unfit := sorted(named & set(fresh)):
            raise ParamsError(
                f"train.start.freeze: {wanted} names what {start.file} has not, or in another shape, and would stay as "
                f"it was drawn: {_listed(unfit)}"
            )
        frozen |= named
    return frozenset(frozen)


def still_layers(body: nn.Module, frozen: frozenset[str]) -> Iterator[nn.Module]:
    """Yield layers all of whose tensors are frozen: batch normalisation keeps its statistics there."""
    if not frozen:
        return
    names = body.state_dict().keys()
    for place, layer in body.named_modules():
        own = {name for name in names if _layer(name) == place}
        if own and own <= frozen:
            yield layer


def _layer(name: str) -> str:
    """Return the layer that holds a tensor.

    >>> _layer("layers.0.weight"), _layer("place")
    ('layers.0', '')
    """
    return name.rpartition(".")[0]


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:SHOWN]) + (f" and {len(some) - SHOWN} more" if len(some) > SHOWN else "") or "none"


def _shapes(tensors: dict[str, Tensor]) -> str:
    return _listed(f"{name} {list(tensor.shape)}" for name, tensor in tensors.items())
