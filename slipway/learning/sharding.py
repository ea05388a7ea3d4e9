"""Weights, gradients and the optimiser's state parted among processes (FSDP2), for a network that one GPU cannot train.

Each process keeps its part of every tensor along its first dimension, and layers are put together while they compute.
What is written, a checkpoint or a model, is whole.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, optim

from slipway.errors import ParamsError
from slipway.learning.team import Team
from slipway.networks.building import Architecture, build

LISTS = (nn.Sequential, nn.ModuleList)


def shard(network: nn.Module, team: Team, device: torch.device) -> None:
    """Part the weights in place, and move them to the device; every process calls it with equal ones.

    All layers are parted again after each forward pass, the outermost one too: the moving average reads the parts.

    A layer of a list, or of a chain of layers, is put together by itself; all others at once, recurrent ones too:
    they answer with views of a tensor, which FSDP cannot watch.

    Raises:
        ParamsError: FSDP does not part such weights: numbers without a dimension, or one tensor of two layers.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (team.size,))
    layers = dict.fromkeys(layer for each in network.modules() if isinstance(each, LISTS) for layer in each)
    try:
        for layer in reversed(layers):  # the inner ones first
            if not isinstance(layer, (*LISTS, nn.RNNBase)) and any(True for _ in layer.parameters()):
                fully_shard(layer, mesh=mesh)
        fully_shard(network, mesh=mesh, reshard_after_forward=True)
    except (ValueError, NotImplementedError) as error:
        raise ParamsError(f"train.fsdp: these weights cannot be parted ({error}). Leave fsdp out.") from None


def gathered(network: nn.Module, architecture: Architecture, code: Path | None) -> nn.Module:
    """Return a network on the CPU that holds all of the weights; every process calls it."""
    plain = build(architecture, code)
    plain.load_state_dict(whole(network.state_dict()))
    return plain


def here(tensor: Tensor) -> Tensor:
    """Return this process's part of a tensor, in the same memory; the tensor itself where it is not parted."""
    parted: Any = tensor
    return parted.to_local() if _is_parted(tensor) else tensor


def whole(state: Any) -> Any:
    """Return a state, in dicts and lists, with each parted tensor put together on the CPU; every process calls it."""
    if isinstance(state, dict):
        return {name: whole(each) for name, each in state.items()}
    if isinstance(state, list):
        return [whole(each) for each in state]
    return state.full_tensor().cpu() if _is_parted(state) else state


def parted_like(tensors: dict[str, Tensor], model: dict[str, Tensor]) -> dict[str, Tensor]:
    """Part whole tensors as those of the same name are."""
    return {name: _parted(each, model[name]) for name, each in tensors.items()}


def parted_for(state: dict[str, Any], optimizer: optim.Optimizer) -> dict[str, Any]:
    """Part an optimiser's whole state as its weights are: what has a weight's shape holds a number for each of it."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    of_weights = {
        place: {
            name: _parted(each, weights[place]) if getattr(each, "shape", None) == weights[place].shape else each
            for name, each in held.items()
        }
        for place, held in state["state"].items()
    }
    return {**state, "state": of_weights}


def _is_parted(tensor: Any) -> bool:
    """Say whether it is a DTensor, whose module takes long to import."""
    return hasattr(tensor, "full_tensor")


def _parted(tensor: Tensor, model: Any) -> Tensor:
    """Take this process's part of a whole tensor that all hold: nothing is sent."""
    if not _is_parted(model):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor, model.device_mesh, model.placements, src_data_rank=None)
