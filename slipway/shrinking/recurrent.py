"""Recurrent layers narrowed by slicing: torch-pruning knows none."""

from collections.abc import Sequence

import torch
from torch import Tensor

from slipway.networks.texts import RecurrentReader
from slipway.product.networks import GRU, LSTM

Weights = dict[str, Tensor]
"""Of one layer in one direction, by torch's names."""


def narrower_reader(reader: RecurrentReader, params: LSTM | GRU, width: float) -> RecurrentReader:
    """Return a reader with that share of the embedding's dimensions and of each layer's hidden units.

    Those with the largest weights are kept (Li et al. 2017, by their L2 norm): of a unit all that goes into its gates,
    all that it gives to others; of a dimension of the embedding its column times what reads it. A unit is a row of each
    gate of its layer, a column of the layer's recurrent weights, and a column of what comes after.

    Args:
        reader: Whose weights are taken.
        params: What it was built from.
        width: Above 0, at most 1.
    """
    embedding, hidden = (max(1, round(size * width)) for size in (params.embedding, params.hidden))
    smaller = params.model_copy(update={"embedding": embedding, "hidden": hidden})
    made = RecurrentReader(smaller, reader.embed.num_embeddings, reader.linear.out_features)
    directions, narrow = _directions(reader), _directions(made)
    with torch.no_grad():
        read = torch.stack([_squares(direction[0]["weight_ih_l0"]) for direction in directions]).sum(0)
        inputs = strongest(_squares(reader.embed.weight) * read, embedding)
        made.embed.weight.copy_(reader.embed.weight[:, inputs])
        for place in range(params.layers):
            after = _after(reader, directions, place).split(params.hidden)
            kept = []
            for number, (direction, target) in enumerate(zip(directions, narrow, strict=True)):
                units = strongest(_strength(direction[place]) + after[number], hidden)
                _take(direction[place], target[place], inputs, units)
                kept.append(units + number * params.hidden)
            inputs = torch.cat(kept)
        pooled = torch.cat([inputs, inputs + len(directions) * params.hidden])
        made.linear.weight.copy_(reader.linear.weight[:, pooled])
        made.linear.bias.copy_(reader.linear.bias)
    return made.eval()


def strongest(strengths: Tensor, count: int) -> Tensor:
    """Return the places of the largest numbers, in their order.

    >>> strongest(torch.tensor([1.0, 5.0, 2.0, 4.0]), 2).tolist()
    [1, 3]
    """
    return strengths.argsort(descending=True, stable=True)[:count].sort().values


def _directions(reader: RecurrentReader) -> list[list[Weights]]:
    both = [reader.forwards] if reader.backwards is None else [reader.forwards, reader.backwards]
    return [[dict(layer.named_parameters()) for layer in direction] for direction in both]


def _squares(weight: Tensor) -> Tensor:
    """Return the squared length of each column."""
    return weight.square().sum(0)


def _strength(layer: Weights) -> Tensor:
    """Return what goes into each unit's gates, and what it gives to the next step: [hidden]."""
    recurrent = layer["weight_hh_l0"]
    rows = layer["weight_ih_l0"].square().sum(1) + recurrent.square().sum(1)
    return rows.view(-1, recurrent.shape[1]).sum(0) + _squares(recurrent)


def _after(reader: RecurrentReader, directions: Sequence[list[Weights]], place: int) -> Tensor:
    """Return what reads each state of a layer, those of all directions side by side: [directions * hidden]."""
    if place + 1 < len(directions[0]):
        return torch.stack([_squares(direction[place + 1]["weight_ih_l0"]) for direction in directions]).sum(0)
    return _squares(reader.linear.weight).view(2, -1).sum(0)  # of the mean and of the maximum


def _take(layer: Weights, target: Weights, inputs: Tensor, units: Tensor) -> None:
    """Copy the weights of these units from these inputs; the gates' rows lie one gate after the other."""
    num_rows, hidden = layer["weight_hh_l0"].shape
    rows = torch.cat([units + first for first in range(0, num_rows, hidden)])
    target["weight_ih_l0"].copy_(layer["weight_ih_l0"][rows][:, inputs])
    target["weight_hh_l0"].copy_(layer["weight_hh_l0"][rows][:, units])
    target["bias_ih_l0"].copy_(layer["bias_ih_l0"][rows])
    target["bias_hh_l0"].copy_(layer["bias_hh_l0"][rows])
