"""The `train` section: the network and how it learns."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.product.section import Section


class MLP(Section):
    """A stack of linear layers with ReLU and dropout."""

    name: Literal["mlp"] = "mlp"
    """Which network."""

    hidden: list[Annotated[int, Field(ge=1, le=65_536)]] = [64, 64]
    """Width of each hidden layer; empty is a linear model."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of hidden units silenced while training."""


class CNN(Section):
    """3 x 3 convolutions, each with batch normalisation and ReLU, pooled by 2 after each; one hidden layer."""

    name: Literal["cnn"] = "cnn"
    """Which network."""

    channels: list[Annotated[int, Field(ge=1, le=4096)]] = Field(default=[32, 64], min_length=1)
    """Output channels of each convolution; images must be at least 2 ** len(channels) pixels wide."""

    hidden: int = Field(default=64, ge=1, le=65_536)
    """Width of the hidden layer."""

    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of hidden units silenced while training."""


class Train(Section):
    """The network and how it learns."""

    network: Annotated[MLP | CNN, Field(discriminator="name")] = MLP()
    """The network's family and size."""

    epochs: int = Field(default=100, ge=1, le=100_000)
    """Passes over the training rows at most."""

    patience: int = Field(default=15, ge=1)
    """Stop after so many epochs without a better validation loss; the best weights are kept."""

    batch_size: int = Field(default=64, ge=2)
    """Rows of one step, nearly: an epoch is cut into equal parts, none larger."""

    lr: float = Field(default=1e-3, gt=0, le=10)
    """Learning rate of Adam at the start; it falls to zero along half a cosine."""

    weight_decay: float = Field(default=1e-2, ge=0, le=10)
    """Decoupled weight decay (AdamW)."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Probability mass spread evenly over the classes."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""

    threads: int = Field(default=1, ge=1, le=256)
    """CPU threads of torch; one is fastest for small networks and gives the same bytes everywhere."""
