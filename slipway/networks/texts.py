"""Networks for texts: tokens [B, T] int64 in, 0 for padding behind the last one; outputs [B, outputs] out."""

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.attention import encoder, maximum_over, mean_over
from slipway.product.networks import GRU, LSTM, Transformer

PADDING = 0


class RecurrentReader(nn.Module):
    """Embed tokens, read them in order, pool the states by mean and maximum.

    The other direction reads each text from its own last token, not from the padding behind it: so padding changes no
    answer, and what all texts of a batch lack is cut off while it is trained. Packed sequences, which do the same, are
    slower on small batches, and the ONNX exporter does not read them.
    """

    def __init__(self, params: LSTM | GRU, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, params.embedding, padding_idx=PADDING)
        reader = nn.LSTM if params.name == "lstm" else nn.GRU
        directions = 1 + params.bidirectional
        widths = [params.embedding, *[directions * params.hidden] * (params.layers - 1)]

        def one_direction() -> nn.ModuleList:
            return nn.ModuleList(reader(width, params.hidden, batch_first=True) for width in widths)

        self.forwards = one_direction()
        self.backwards = one_direction() if params.bidirectional else None
        self.drop = nn.Dropout(params.dropout)
        self.linear = nn.Linear(2 * directions * params.hidden, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, T] to [B, outputs]."""
        tokens = without_common_padding(tokens)
        is_there = tokens != PADDING
        read = self.drop(self.embed(tokens))
        if self.backwards is None:
            for layer in self.forwards:
                read, _ = layer(read)
        else:
            places = places_turned(is_there)
            for layer, other in zip(self.forwards, self.backwards, strict=True):
                states, _ = layer(read)
                turned, _ = other(take(read, places))
                read = torch.cat([states, take(turned, places)], dim=2)
        pooled = torch.cat([mean_over(read, is_there), maximum_over(read, is_there)], dim=1)
        return self.linear(self.drop(pooled))


def without_common_padding(tokens: Tensor) -> Tensor:
    """Cut off the last places of tokens [B, T] that are padding in all rows; what is exported keeps its shape."""
    if torch.compiler.is_compiling():
        return tokens
    lengths = (tokens != PADDING).sum(1)
    return tokens[:, : max(1, int(lengths.max()))]


def places_turned(is_there: Tensor) -> Tensor:
    """Return where each token of [B, T] is found when a text is turned round, padding left behind it: [B, T] int64.

    >>> places_turned(torch.tensor([[True, True, True, False]])).tolist()
    [[2, 1, 0, 3]]
    """
    places = torch.arange(is_there.shape[1], device=is_there.device)
    return torch.where(is_there, is_there.sum(1, keepdim=True) - 1 - places, places)


def take(states: Tensor, places: Tensor) -> Tensor:
    """Take states [B, T, width] from places [B, T]."""
    return states.gather(1, places.unsqueeze(2).expand(-1, -1, states.shape[2]))


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
        tokens = without_common_padding(tokens)
        is_there = tokens != PADDING
        read = self.drop(self.embed(tokens) + self.place[: tokens.shape[1]])
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
