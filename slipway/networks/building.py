"""model.json, and the network that it rebuilds."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.images import cnn, lenet5, resnet
from slipway.networks.own import own_network
from slipway.networks.tabular import ft_transformer, mlp, wide_and_deep
from slipway.networks.texts import recurrent, transformer
from slipway.product.networks import TEXT_NETWORKS, Network, Own
from slipway.product.section import Section, is_empty


class Architecture(Section):
    """model.json: all that is needed to rebuild a network before its weights are loaded."""

    network: Network
    """Family and size."""

    inputs: tuple[int, ...]
    """Shape of one row's features: (F,), (channels, height, width), or (tokens,)."""

    vocabulary: int | None = None
    """How many different tokens there are; null where features are numbers."""

    outputs: int
    """Classes, or 1 for a regression; of several targets, those of all together."""

    task: str
    """classification, multilabel or regression, of the main target."""

    heads: dict[str, int] = Field(default={}, exclude_if=is_empty)
    """The outputs of each target, by its column, where there are several, or labels."""

    members: int = 1
    """Networks whose mean answers."""

    code_sha256: str | None = None
    """Of the file that holds a product's own network; null of the families here."""


class Regressor(nn.Module):
    """A network whose one output is turned back into the target's natural units.

    Center and scale are buffers, so they are saved with the weights and exported with the graph.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("center", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, ...] to values [B]."""
        return self.body(x).float().squeeze(1) * self.scale + self.center


class Joint(nn.Module):
    """A network whose outputs [B, outputs] are those of several targets side by side, values in natural units.

    The body is shared, and its last layer has a head for each target. Center and scale are 0 and 1 for logits.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, body: nn.Module, outputs: int) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("center", torch.zeros(outputs))
        self.register_buffer("scale", torch.ones(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, ...] to outputs [B, outputs]."""
        return self.body(x).float() * self.scale + self.center


class Ensemble(nn.Module):
    """The mean of networks of one architecture (Lakshminarayanan et al. 2017): of probabilities, or of values."""

    def __init__(self, members: Sequence[nn.Module], *, of_values: bool) -> None:
        super().__init__()
        self.members, self.of_values = nn.ModuleList(members), of_values

    def forward(self, x: Tensor) -> Tensor:
        """Map features [B, ...] to logits [B, outputs], whose softmax is the mean of the members'; or to values [B]."""
        answers = torch.stack([member(x) for member in self.members])
        if self.of_values:
            return answers.mean(0)
        return answers.float().log_softmax(2).logsumexp(0) - math.log(len(self.members))


def body_of(network: nn.Module) -> nn.Module:
    """Return what learns: the network, without what turns values into natural units."""
    return network.body if isinstance(network, Regressor | Joint) else network


BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "wide_and_deep": wide_and_deep,
    "ft_transformer": ft_transformer,
    "cnn": cnn,
    "lenet5": lenet5,
    "resnet": resnet,
    "lstm": recurrent,
    "gru": recurrent,
    "transformer": transformer,
}
"""For each family: from its section, the shape of one row's features and the number of outputs to a network."""


def build(architecture: Architecture, code: Path | None = None) -> nn.Module:
    """Build the network with fresh weights: features in, logits [B, outputs] or values [B] out, or those of all heads.

    Args:
        architecture: What to build.
        code: The product's folder code/, which holds a network of its own.

    Raises:
        ParamsError: The family does not suit the features, or the product's own network cannot be made.
        DataError: The product's own network is not what `architecture` was made for.
    """
    if architecture.members == 1:
        return _member(architecture, code)
    members = [_member(architecture, code) for _ in range(architecture.members)]
    return Ensemble(members, of_values=architecture.task == "regression")


def _member(architecture: Architecture, code: Path | None) -> nn.Module:
    body = _body(architecture, code)
    if architecture.heads:
        return Joint(body, architecture.outputs)
    return Regressor(body) if architecture.task == "regression" else body


def _body(architecture: Architecture, code: Path | None) -> nn.Module:
    network, inputs, outputs = architecture.network, architecture.inputs, architecture.outputs
    vocabulary = architecture.vocabulary
    if isinstance(network, Own):
        return own_network(network, inputs, outputs, vocabulary=vocabulary, code=code, sha256=architecture.code_sha256)
    make = BUILDERS[network.name]
    if network.name in TEXT_NETWORKS:
        return make(network, inputs, outputs, vocabulary=vocabulary)
    if vocabulary is not None:
        raise ParamsError(
            f"train.network: {network.name} takes numbers, and this product's texts are tokens. Use {{name: lstm}}, "
            "gru or transformer, or set product.kind: tabular."
        )
    return make(network, inputs, outputs)
