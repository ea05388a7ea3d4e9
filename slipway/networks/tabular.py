"""Networks for rows of numbers: features [B, F] float32 in, outputs [B, outputs] out."""

import math

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.attention import encoder
from slipway.product.networks import MLP, FTTransformer, WideAndDeep


def mlp(params: MLP, inputs: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Linear layers with ReLU and dropout; images are flattened first."""
    layers: list[nn.Module] = [nn.Flatten()] if len(inputs) > 1 else []
    width = math.prod(inputs)
    for hidden in params.hidden:
        layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(params.dropout)]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class WideDeep(nn.Module):
    """The sum of a linear model and an MLP."""

    def __init__(self, wide: nn.Module, deep: nn.Module) -> None:
        super().__init__()
        self.wide, self.deep = wide, deep

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, F] to [B, outputs]."""
        return self.wide(x) + self.deep(x)


def wide_and_deep(params: WideAndDeep, inputs: tuple[int, ...], outputs: int) -> nn.Module:
    """A linear model beside an MLP."""
    _require_rows(params.name, inputs)
    deep = mlp(MLP(hidden=params.hidden, dropout=params.dropout), inputs, outputs)
    return WideDeep(nn.Linear(inputs[0], outputs), deep)


class FeatureTokens(nn.Module):
    """Make a token of each feature, its number times a vector plus another one, and put a learned first one before."""

    def __init__(self, num_features: int, width: int) -> None:
        super().__init__()
        bound = width**-0.5
        self.weight = nn.Parameter(torch.empty(num_features, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(num_features, width).uniform_(-bound, bound))
        self.first = nn.Parameter(torch.empty(1, 1, width).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, F] to tokens [B, 1 + F, width]."""
        tokens = x.unsqueeze(2) * self.weight + self.bias
        return torch.cat([self.first.expand(x.shape[0], -1, -1), tokens], dim=1)


class FirstToken(nn.Module):
    """Read the answer off the first token."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, T, width] to [B, outputs]."""
        return self.linear(torch.relu(self.norm(tokens[:, 0])))


def ft_transformer(params: FTTransformer, inputs: tuple[int, ...], outputs: int) -> nn.Module:
    """Tokens of features, a Transformer encoder, and a head on the first token."""
    _require_rows(params.name, inputs)
    layers = encoder(params.width, params.heads, params.layers, dropout=params.dropout)
    return nn.Sequential(FeatureTokens(inputs[0], params.width), *layers, FirstToken(params.width, outputs))


def _require_rows(name: str, inputs: tuple[int, ...]) -> None:
    if len(inputs) != 1:
        raise ParamsError(f"train.network: {name} is for tables, and this product has images. Use {{name: cnn}}.")
