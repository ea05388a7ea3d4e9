"""Structured pruning: a copy of a network with fewer channels, units or head dimensions, really gone and not masked."""

import warnings
from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.attention import EncoderLayer
from slipway.networks.building import Architecture, Ensemble, body_of
from slipway.networks.tabular import FeatureTokens, FirstToken, WideDeep
from slipway.networks.texts import RecurrentReader, TransformerReader
from slipway.networks.trying import some_rows
from slipway.product.networks import GRU, LSTM, FTTransformer, Own, Transformer
from slipway.shrinking.recurrent import narrower_reader

ROUNDING = 1e-9
"""The pruner rounds down what it keeps; a share that means a whole number must not fall short of it."""


class Uncuttable(ParamsError):
    """The network is kept whole; the message says why."""


def first_member(network: nn.Module) -> nn.Module:
    """Return an ensemble's first network, which recovery lets stand for all; another network itself."""
    return network.members[0] if isinstance(network, Ensemble) else network


def narrowed(network: nn.Module, architecture: Architecture, width: float) -> nn.Module:
    """Return a copy with that share of each hidden layer; of an ensemble its first network, narrowed.

    What has the smallest weights goes (torch-pruning, Fang et al. 2023, the L2 norm of all weights of a group that must
    go together). Inputs and outputs stay. Recurrent layers are sliced by `narrower_reader`.

    Args:
        network: On the CPU.
        architecture: What it was built from.
        width: Above 0, at most 1.

    Raises:
        Uncuttable: It is the product's own, has no hidden layer, or does not survive the cut.
    """
    made, family = deepcopy(first_member(network)), architecture.network
    if isinstance(family, Own):
        raise Uncuttable("it is the product's own network: only the families that slipway knows can be cut")
    body = body_of(made)
    if isinstance(body, RecurrentReader):
        assert isinstance(family, LSTM | GRU), "a recurrent reader is of such a family"
        smaller: nn.Module = narrower_reader(body, family, width)
        if made is body:
            return smaller
        made.body = smaller
        return made.eval()
    few = some_rows(architecture, 2)
    try:
        _prune(body.eval(), few, width, family)
        with torch.inference_mode():
            shape = tuple(body(few).shape)
    except (RuntimeError, ValueError, KeyError, IndexError) as error:
        raise Uncuttable(f"the pruner cannot cut it to {width:g} ({type(error).__name__}: {error})") from error
    if shape != (2, architecture.outputs):
        raise Uncuttable(f"cut to {width:g} it answers {shape} to two rows")
    if _count(made) == _count(first_member(network)):
        raise Uncuttable(f"it has no hidden layer that is narrower at {width:g}")
    return made


def _prune(body: nn.Module, few: Tensor, width: float, family: object) -> None:
    import torch_pruning  # seconds of CPU

    heads: dict[nn.Module, int] = {}
    if isinstance(family, Transformer | FTTransformer):  # each head keeps as many dimensions, and all make the width
        head_width = family.width // family.heads
        width = max(1, round(head_width * width)) / head_width
        heads = {layer.project: layer.heads for layer in body.modules() if isinstance(layer, EncoderLayer)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parameters that it finds in no layer, and are named to it
        torch_pruning.pruner.BasePruner(
            body,
            few,
            importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=max(0.0, 1 - width - ROUNDING),
            ignored_layers=answering_layers(body),
            num_heads=heads,
            unwrapped_parameters=_loose(body),
        ).step()


def answering_layers(body: nn.Module) -> list[nn.Module]:
    """Return the layers whose outputs are the network's answer, and must stay as wide."""
    match body:
        case WideDeep():
            return [body.wide, *answering_layers(body.deep)]
        case FirstToken() | TransformerReader():
            return [body.linear]
        case nn.Sequential():
            return answering_layers(body[-1])
        case _:
            return [body]


def _loose(body: nn.Module) -> Sequence[tuple[nn.Parameter, int]]:
    """Return parameters that are in no layer, each with the axis that goes with the width."""
    found: list[tuple[nn.Parameter, int]] = []
    for layer in body.modules():
        if isinstance(layer, FeatureTokens):
            found += [(layer.weight, 1), (layer.bias, 1), (layer.first, 2)]
        elif isinstance(layer, TransformerReader):
            found += [(layer.place, 1)]
    return found


def _count(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())
