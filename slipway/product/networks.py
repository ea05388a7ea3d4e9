"""The families of networks, as `train.network` names them: size and dropout, each with the defaults of its field."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from slipway.product.section import Section

Width = Annotated[int, Field(ge=1, le=65_536)]
Share = Annotated[float, Field(ge=0, lt=1)]


class MLP(Section):
    """A stack of linear layers with ReLU and dropout."""

    name: Literal["mlp"] = "mlp"
    """Which network."""

    hidden: list[Width] = [64, 64]
    """Width of each hidden layer; empty is a linear model."""

    dropout: Share = 0.1
    """Share of hidden units silenced while training."""


class WideAndDeep(Section):
    """A linear model and an MLP whose outputs are added (Cheng et al. 2016): rules by heart, and what generalises."""

    name: Literal["wide_and_deep"]
    """Which network."""

    hidden: list[Width] = Field(default=[128, 64], min_length=1)
    """Width of each hidden layer of the deep half."""

    dropout: Share = 0.1
    """Share of hidden units silenced while training."""


class FTTransformer(Section):
    """Each feature a token, then a Transformer encoder (Gorishniy et al. 2021); costs grow with features squared."""

    name: Literal["ft_transformer"]
    """Which network."""

    width: int = Field(default=32, ge=2, le=1024)
    """Numbers in a token; a multiple of heads."""

    layers: int = Field(default=2, ge=1, le=24)
    """Encoder layers."""

    heads: int = Field(default=4, ge=1, le=64)
    """Attention heads of a layer."""

    dropout: Share = 0.1
    """Share of activations silenced while training."""


class CNN(Section):
    """3 x 3 convolutions, each with batch normalisation and ReLU, pooled by 2 after each; one hidden layer."""

    name: Literal["cnn"] = "cnn"
    """Which network."""

    channels: list[Annotated[int, Field(ge=1, le=4096)]] = Field(default=[32, 64], min_length=1)
    """Output channels of each convolution; images must be at least 2 ** len(channels) pixels wide."""

    hidden: Width = 64
    """Width of the hidden layer."""

    dropout: Share = 0.2
    """Share of hidden units silenced while training."""


class LeNet5(Section):
    """Two 5 x 5 convolutions with max-pooling and one hidden layer, as LeNet-5 is built today (LeCun et al. 1998)."""

    name: Literal["lenet5"]
    """Which network."""

    channels: tuple[int, int] = (20, 50)
    """Output channels of the two convolutions."""

    hidden: Width = 500
    """Width of the hidden layer."""

    dropout: Share = 0.0
    """Share of hidden units silenced while training."""


class ResNet(Section):
    """Residual blocks of two 3 x 3 convolutions (He et al. 2015), for small images: no pooling before the first."""

    name: Literal["resnet"]
    """Which network."""

    channels: list[Annotated[int, Field(ge=1, le=4096)]] = Field(default=[16, 32, 64], min_length=1)
    """Output channels of each stage; each after the first halves the image."""

    blocks: int = Field(default=1, ge=1, le=32)
    """Residual blocks of each stage."""

    dropout: Share = 0.0
    """Share of the pooled features silenced while training."""


class Recurrent(Section):
    """What LSTM and GRU share: an embedding, a recurrent layer or more, the mean and maximum over the words."""

    embedding: int = Field(default=64, ge=1, le=4096)
    """Numbers in a token's embedding."""

    hidden: int = Field(default=64, ge=1, le=4096)
    """Width of the state, in each direction."""

    layers: int = Field(default=1, ge=1, le=8)
    """Recurrent layers."""

    bidirectional: bool = True
    """Whether a text is also read from its end."""

    dropout: Share = 0.3
    """Share of embedded and pooled features silenced while training."""


class LSTM(Recurrent):
    """A long short-term memory over a text's tokens (Hochreiter and Schmidhuber 1997)."""

    name: Literal["lstm"]
    """Which network."""


class GRU(Recurrent):
    """A gated recurrent unit over a text's tokens (Cho et al. 2014)."""

    name: Literal["gru"]
    """Which network."""


class Transformer(Section):
    """A Transformer encoder over a text's tokens (Vaswani et al. 2017), its outputs averaged."""

    name: Literal["transformer"]
    """Which network."""

    width: int = Field(default=64, ge=2, le=4096)
    """Numbers in a token's embedding; a multiple of heads."""

    layers: int = Field(default=2, ge=1, le=24)
    """Encoder layers."""

    heads: int = Field(default=4, ge=1, le=64)
    """Attention heads of a layer."""

    dropout: Share = 0.3
    """Share of activations silenced while training."""


class Own(Section):
    """The product's own torch.nn.Module, from a file in its folder code/: `Class(inputs, outputs, **arguments)`.

    `inputs` is the shape of one row's features, `outputs` how many numbers it answers for a row. Of a product of texts,
    whose features are tokens, it is also given `vocabulary`.
    """

    name: Literal["own"]
    """Which network."""

    file: str = Field(pattern=r"^[\w-]+\.py$")
    """The file in products/NAME/code/; it may import what is installed, but no other file of that folder."""

    class_name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    """The class in it."""

    arguments: dict[str, JsonValue] = {}
    """What the class is given besides."""


TEXT_NETWORKS = ("lstm", "gru", "transformer")
"""The families that read tokens; the others take numbers, and own takes what there is."""

FITTING = {
    "tabular": ("mlp", "wide_and_deep", "ft_transformer", "own"),
    "images": ("lenet5", "cnn", "resnet", "mlp", "own"),
    "texts": (*TEXT_NETWORKS, "own"),
}
"""The families that a product of each kind can train."""

Network = Annotated[
    MLP | WideAndDeep | FTTransformer | CNN | LeNet5 | ResNet | LSTM | GRU | Transformer | Own,
    Field(discriminator="name"),
]
