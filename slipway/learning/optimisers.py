"""torch's optimisers as `train.optimizer` names them, fused into one kernel where torch has one."""

from collections.abc import Iterable

from torch import nn, optim

from slipway.product.optimisation import SGD, Adagrad, Adam, RMSprop
from slipway.product.train import Train


def make_optimizer(params: Train, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
    """Return the optimiser of these parameters."""
    choice = params.optimizer
    weights = list(parameters)
    if isinstance(choice, SGD):
        return optim.SGD(
            weights,
            lr=params.lr,
            momentum=choice.momentum,
            nesterov=choice.nesterov,
            weight_decay=params.weight_decay,
            fused=True,
        )
    if isinstance(choice, RMSprop):
        return optim.RMSprop(
            weights,
            lr=params.lr,
            alpha=choice.alpha,
            momentum=choice.momentum,
            weight_decay=params.weight_decay,
            foreach=True,
        )
    if isinstance(choice, Adagrad):
        fused = all(each.device.type == "cpu" for each in weights)  # torch fuses it there alone
        return optim.Adagrad(weights, lr=params.lr, weight_decay=params.weight_decay, fused=fused)
    kind = optim.Adam if isinstance(choice, Adam) else optim.AdamW
    betas = (choice.beta1, choice.beta2)
    return kind(weights, lr=params.lr, betas=betas, weight_decay=params.weight_decay, fused=True)
