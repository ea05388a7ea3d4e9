"""Networks for texts: tokens [B, T] int64 in, 0 for padding behind the last one; outputs [B, outputs] out."""

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.attention import encoder, maximum_over, mean_over
from slipway.product.networks import GRU, LSTM, Transformer

PADDING = 0


class RecurrentReader(nn.Module):
    """Embed tokens, read them in order, pool the states by mean and maximum.

    Padding stands behind a text, so a reader from its start meets it last; what is read from the end passes over
    zeros first. Both directions leave the places of padding out of the pooling. Packed sequences would cost more.
    """

    def __init__(self, params: LSTM | GRU, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, params.embedding, padding_idx=PADDING)
        reader = nn.LSTM if params.name == "lstm" else nn.GRU
        self.read = reader(
            params.embedding, params.hidden, params.layers, batch_first=True, bidirectional=params.bidirectional
        )
        self.drop = nn.Dropout(params.dropout)
        self.linear = nn.Linear(2 * params.hidden * (1 + params.bidirectional), outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, T] to [B, outputs]."""
        is_there = tokens != PADDING
        states, _ = self.read(self.drop(self.embed(tokens)))
        pooled = torch.cat([mean_over(states, is_there), maximum_over(states, is_there)], dim=1)
        return self.linear(self.drop(pooled))


def recurrent(params: LSTM | GRU, inputs: tuple[int, ...], outputs: int, *, vocabulary: int | None) -> nn.Module:
    """An LSTM or a GRU over tokens.

    Raises:
        ParamsError: The features are no tokens.
    """
    return RecurrentReader(params, _require_tokens(params.name, vocabulary), outputs)


class TransformerReader(nn.Module):
    """Embed tokens and their places, let them attend to each other, average them."""

    def __init__(self, params: Transformer, length: int, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, params.width, padding_idx=PADDING)
        self.place = nn.Parameter(torch.zeros(length, params.width).normal_(std=0.02))
        self.layers = encoder(params.width, params.heads, params.layers, dropout=params.dropout)
        self.norm, self.drop = nn.LayerNorm(params.width), nn.Dropout(params.dropout)
        self.linear = nn.Linear(params.width, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, T] to [B, outputs]."""
        is_there = tokens != PADDING
        read = self.drop(self.embed(tokens) + self.place)
        seen = is_there | (torch.arange(tokens.shape[1], device=tokens.device) == 0)  # an empty text attends to a place
        for layer in self.layers:
            read = layer(read, seen)
        return self.linear(self.drop(mean_over(self.norm(read), is_there)))


def transformer(params: Transformer, inputs: tuple[int, ...], outputs: int, *, vocabulary: int | None) -> nn.Module:
    """A Transformer encoder over tokens.

    Raises:
        ParamsError: The features are no tokens.
    """
    return TransformerReader(params, inputs[0], _require_tokens(params.name, vocabulary), outputs)


def _require_tokens(name: str, vocabulary: int | None) -> int:
    if vocabulary is None:
        raise ParamsError(
            f"train.network: {name} reads tokens, and this product has no texts of them. Use {{name: mlp}}."
        )
    return vocabulary
