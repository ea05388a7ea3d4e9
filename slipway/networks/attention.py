"""Layers of a Transformer encoder, normalised before attention: the networks for texts and for tables share them."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from slipway.errors import ParamsError

EXPANSION = 4


class EncoderLayer(nn.Module):
    """Multi-head self-attention and two linear layers, each normalised before and added to what came in.

    torch's own TransformerEncoderLayer chooses another kernel in evaluation, which the ONNX exporter does not read.
    """

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm, self.norm_after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, EXPANSION * width), nn.Linear(EXPANSION * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, is_there: Tensor | None = None) -> Tensor:
        """Map tokens [B, T, width] to the same shape.

        Args:
            tokens: What is attended to.
            is_there: [B, T] Booleans, true where a token is not padding; None: all are there.
        """
        tokens = tokens + self.drop(self._attend(self.norm(tokens), is_there))
        return tokens + self.drop(self.narrow(self.drop(functional.gelu(self.widen(self.norm_after(tokens))))))

    def _attend(self, tokens: Tensor, is_there: Tensor | None) -> Tensor:
        batch, length, width = tokens.shape
        parts = self.project(tokens).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mask = None if is_there is None else is_there[:, None, None, :]
        dropout = self.dropout if self.training else 0.0
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        return self.merge(seen.transpose(1, 2).reshape(batch, length, width))


def encoder(width: int, heads: int, layers: int, *, dropout: float) -> nn.ModuleList:
    """Return the layers.

    Raises:
        ParamsError: The heads cannot share the width evenly.
    """
    if width % heads:
        raise ParamsError(f"train.network: width {width} is no multiple of heads {heads}")
    return nn.ModuleList(EncoderLayer(width, heads, dropout=dropout) for _ in range(layers))


def mean_over(tokens: Tensor, is_there: Tensor) -> Tensor:
    """Average tokens [B, T, width] over those that are there; [B, width], zero where none is."""
    weights = is_there.to(tokens.dtype).unsqueeze(2)
    return (tokens * weights).sum(1) / weights.sum(1).clamp_min(1)


def maximum_over(tokens: Tensor, is_there: Tensor) -> Tensor:
    """Take the maximum of tokens [B, T, width] over those that are there; [B, width], zero where none is.

    Tokens are at least -1, as the states of a recurrent layer are: a least number of float32 in their place would
    take all of the range that int8 has.
    """
    greatest = torch.where(is_there.unsqueeze(2), tokens, -1.0).amax(1)
    return greatest * is_there.any(1, keepdim=True)
