"""torch's optimisers as `train.optimizer` names them, fused into one kernel where torch has one."""

from typing import Any

from torch import optim

from slipway.product.optimisation import SGD, Adagrad, Adam, RMSprop
from slipway.product.train import Train

Group = dict[str, Any]
"""Weights (`params`), and what the learning rate is multiplied by for them (`factor`)."""


def make_optimizer(params: Train, weights: list[Group], *, are_parted: bool = False) -> optim.Optimizer:
    """Return the optimiser of these groups of weights; of parted ones torch fuses Adam and AdamW alone."""
    choice = params.optimizer
    if isinstance(choice, SGD):
        return optim.SGD(
            weights,
            lr=params.lr,
            momentum=choice.momentum,
            nesterov=choice.nesterov,
            weight_decay=params.weight_decay,
            fused=not are_parted,
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
        are_on_cpu = all(each.device.type == "cpu" for group in weights for each in group["params"])
        fused = are_on_cpu and not are_parted  # torch fuses it there alone
        return optim.Adagrad(weights, lr=params.lr, weight_decay=params.weight_decay, fused=fused)
    kind = optim.Adam if isinstance(choice, Adam) else optim.AdamW
    betas = (choice.beta1, choice.beta2)
    return kind(weights, lr=params.lr, betas=betas, weight_decay=params.weight_decay, fused=True)
