"""Networks for images: features [B, C, H, W] float32 in, outputs [B, outputs] out."""

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.product.networks import CNN, LeNet5, ResNet

KERNEL = 5


def cnn(params: CNN, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """3 x 3 convolutions with batch normalisation, ReLU and pooling; then one hidden layer.

    Raises:
        ParamsError: The features are no images, or are too small to be halved after each convolution.
    """
    channels, height, width = _image(params.name, inputs)
    if min(height, width) < 2 ** len(params.channels):
        raise ParamsError(
            f"train.network.channels: {len(params.channels)} convolutions halve the image as often, "
            f"but it is {height} x {width} pixels. List fewer channels."
        )
    layers: list[nn.Module] = []
    for out in params.channels:
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]
        channels, height, width = out, height // 2, width // 2
    return nn.Sequential(*layers, *_head(channels * height * width, params.hidden, params.dropout, outputs))


def lenet5(params: LeNet5, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Two 5 x 5 convolutions without padding, each pooled by 2; then one hidden layer.

    With 20 and 50 channels and 500 hidden units it has 431,080 parameters on images of 28 x 28.

    Raises:
        ParamsError: The features are no images, or smaller than 16 x 16.
    """
    channels, height, width = _image(params.name, inputs)
    if min(height, width) < 16:
        raise ParamsError(
            f"train.network: lenet5 needs images of 16 x 16 pixels or more, and these are {height} x {width}. "
            "Use {name: cnn}."
        )
    layers: list[nn.Module] = []
    for out in params.channels:
        layers += [nn.Conv2d(channels, out, KERNEL), nn.MaxPool2d(2), nn.ReLU()]
        channels, height, width = out, (height - KERNEL + 1) // 2, (width - KERNEL + 1) // 2
    return nn.Sequential(*layers, *_head(channels * height * width, params.hidden, params.dropout, outputs))


def _head(flat: int, hidden: int, dropout: float, outputs: int) -> list[nn.Module]:
    return [nn.Flatten(), nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, outputs)]


class Block(nn.Module):
    """Two convolutions whose output is added to what came in; a 1 x 1 convolution fits it where the shape changes."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
        )
        same = stride == 1 and channels == out
        fit = [nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out)]
        self.shortcut = nn.Identity() if same else nn.Sequential(*fit)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, out, H / stride, W / stride]."""
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet(params: ResNet, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """A convolution, stages of residual blocks, the average over all pixels, a linear layer.

    Raises:
        ParamsError: The features are no images.
    """
    channels, _, _ = _image(params.name, inputs)
    first = params.channels[0]
    layers: list[nn.Module] = [
        nn.Conv2d(channels, first, 3, padding=1, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
    ]
    channels = first
    for stage, out in enumerate(params.channels):
        for block in range(params.blocks):
            layers.append(Block(channels, out, stride=2 if stage and not block else 1))
            channels = out
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(params.dropout), nn.Linear(channels, outputs)]
    return nn.Sequential(*layers, *head)


def _image(name: str, inputs: tuple[int, ...]) -> tuple[int, int, int]:
    if len(inputs) != 3:
        raise ParamsError(f"train.network: a {name} needs images, and this product has none. Use {{name: mlp}}.")
    channels, height, width = inputs
    return channels, height, width
