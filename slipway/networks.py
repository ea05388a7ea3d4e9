"""The networks: small, standard, and rebuilt from JSON beside their weights."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.product.section import Section
from slipway.product.train import CNN, MLP


class Architecture(Section):
    """model.json: all that is needed to rebuild a network before its weights are loaded."""

    network: Annotated[MLP | CNN, Field(discriminator="name")]
    """Family and size."""

    inputs: tuple[int, ...]
    """Shape of one row's features: (F,) or (channels, height, width)."""

    outputs: int
    """Classes, or 1 for a regression."""

    task: str
    """classification or regression."""


class Regressor(nn.Module):
    """A network whose one output is turned back into the target's natural units.

    Center and scale are buffers, so they are saved with the weights and exported with the graph.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, body: nn.Module, *, center: float = 0.0, scale: float = 1.0) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, ...] to values [B]."""
        return self.body(x).squeeze(1) * self.scale + self.center


def build(architecture: Architecture) -> nn.Module:
    """Build the network with fresh weights: features in, logits [B, outputs] or values [B] out."""
    network = architecture.network
    if isinstance(network, MLP):
        body = mlp(network, architecture.inputs, architecture.outputs)
    else:
        body = cnn(network, architecture.inputs, architecture.outputs)
    return Regressor(body) if architecture.task == "regression" else body


def mlp(params: MLP, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Linear layers with ReLU and dropout; images are flattened first."""
    layers: list[nn.Module] = [nn.Flatten()] if len(inputs) > 1 else []
    width = int(torch.Size(inputs).numel())
    for hidden in params.hidden:
        layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(params.dropout)]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def cnn(params: CNN, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """3 x 3 convolutions [B, C, H, W] with batch normalisation, ReLU and pooling; then one hidden layer.

    Raises:
        ParamsError: the features are no images, or are too small to be halved after each convolution.
    """
    if len(inputs) != 3:
        raise ParamsError("train.network: a cnn needs images, and this product is tabular. Use {name: mlp}.")
    channels, height, width = inputs
    if min(height, width) < 2 ** len(params.channels):
        raise ParamsError(
            f"train.network.channels: {len(params.channels)} convolutions halve the image as often, "
            f"but it is {height} x {width} pixels. List fewer channels."
        )
    layers: list[nn.Module] = []
    for out in params.channels:
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]
        channels, height, width = out, height // 2, width // 2
    flat = channels * height * width
    head = [nn.Flatten(), nn.Linear(flat, params.hidden), nn.ReLU(), nn.Dropout(params.dropout)]
    return nn.Sequential(*layers, *head, nn.Linear(params.hidden, outputs))
