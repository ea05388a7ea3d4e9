"""Weights at the start, where a layer's own way is not wanted."""

from collections.abc import Callable

from torch import Tensor, nn

from slipway.product.train import Initialisation

NORMAL_STD = 0.02

RULES: dict[str, Callable[[Tensor], Tensor]] = {
    "zeros": nn.init.zeros_,
    "normal": lambda weight: nn.init.normal_(weight, std=NORMAL_STD),
    "xavier": nn.init.xavier_uniform_,
    "he": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
}


def initialise(network: nn.Module, rule: Initialisation) -> None:
    """Draw all weight matrices anew and set their layers' biases to zero; `default` changes nothing.

    Xavier is Glorot and Bengio 2010, he is He et al. 2015, orthogonal is Saxe et al. 2014. Vectors (biases, the
    scales of normalisation) are no weight matrices.
    """
    if rule == "default":
        return
    for layer in network.modules():
        for name, weight in layer.named_parameters(recurse=False):
            if weight.ndim >= 2:
                RULES[rule](weight.data)
            elif "bias" in name:
                nn.init.zeros_(weight)
