"""What training makes small: a loss of outputs and targets, as a sum over rows and what it is divided by."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from slipway.errors import ParamsError
from slipway.product.optimisation import BCE, MAE, MSE, CrossEntropy, Focal, Huber, ValueLoss
from slipway.product.train import Train

SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Loss:
    """A mean over rows in two parts, so that a batch learned in several pieces gives the gradient of the whole.

    Attributes:
        total: Of logits [B, C] and classes [B], or of values [B] and values [B]: the sum over the rows.
        class_weights: [C]; the mean is over the sum of the rows' weights. None: every row weighs 1.
    """

    total: Callable[[Tensor, Tensor], Tensor]
    class_weights: Tensor | None = None

    def weight(self, targets: Tensor) -> Tensor | int:
        """Return what the total over these rows is divided by."""
        return len(targets) if self.class_weights is None else self.class_weights[targets].sum()

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean."""
        return self.total(outputs, targets) / self.weight(targets)


def training_loss(params: Train, targets: Tensor, *, num_outputs: int) -> Loss:
    """Return what is learned from.

    Args:
        params: The section.
        targets: Of all training rows; they decide class weights, and the unit of values.
        num_outputs: C.

    Raises:
        ParamsError: The loss is not for targets of this kind.
    """
    weights = balanced_weights(targets, num_outputs) if params.class_weights == "balanced" else None
    return _loss(params, targets, weights, params.label_smoothing)


def validation_loss(params: Train, targets: Tensor) -> Loss:
    """Return what validation reports: the same loss in the same unit, without smoothing and class weights."""
    return _loss(params, targets, None, 0.0)


def _loss(params: Train, targets: Tensor, weights: Tensor | None, smoothing: float) -> Loss:
    is_values = targets.is_floating_point()
    choice = params.loss or (MSE(name="mse") if is_values else CrossEntropy(name="cross_entropy"))
    if isinstance(choice, ValueLoss) != is_values:
        kind, allowed = ("values", "mse, mae, huber") if is_values else ("classes", "cross_entropy, bce, focal")
        raise ParamsError(f"train.loss.name = {choice.name}, but the targets are {kind}: allowed: {allowed}")
    if is_values:
        return Loss(_of_values(choice, targets.var(correction=0).clamp_min(SMALLEST_VARIANCE)))
    if isinstance(choice, BCE):
        return Loss(_binary(weights), weights)

    def cross_entropy(logits: Tensor, classes: Tensor, reduction: str = "sum") -> Tensor:
        return functional.cross_entropy(logits, classes, weight=weights, label_smoothing=smoothing, reduction=reduction)

    if isinstance(choice, Focal):
        return Loss(_focal(choice.gamma, cross_entropy), weights)
    return Loss(cross_entropy, weights)


def _of_values(choice: object, variance: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    unit = variance.sqrt()
    if isinstance(choice, MAE):
        return lambda values, wanted: functional.l1_loss(values, wanted, reduction="sum") / unit
    if isinstance(choice, Huber):
        delta = choice.delta
        return lambda values, wanted: functional.huber_loss(values / unit, wanted / unit, delta=delta, reduction="sum")
    return lambda values, wanted: functional.mse_loss(values, wanted, reduction="sum") / variance


def balanced_weights(targets: Tensor, num_classes: int) -> Tensor:
    """Return for each class all rows over its own and over the number of classes.

    >>> balanced_weights(torch.tensor([0, 0, 0, 1]), 2)
    tensor([0.6667, 2.0000])
    """
    counts = torch.bincount(targets, minlength=num_classes).float()
    return counts.sum() / (num_classes * counts)


def _focal(gamma: float, cross_entropy: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return cross-entropy times (1 - p)^gamma, p the probability of the true class (Lin et al. 2017, equation 4)."""

    def total(logits: Tensor, classes: Tensor) -> Tensor:
        p = logits.float().softmax(1).gather(1, classes.unsqueeze(1)).squeeze(1)
        return ((1 - p) ** gamma * cross_entropy(logits, classes, reduction="none")).sum()

    return total


def _binary(weights: Tensor | None) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the binary cross-entropy of each class against the rest, summed over the classes."""

    def total(logits: Tensor, classes: Tensor) -> Tensor:
        wanted = functional.one_hot(classes, logits.shape[1]).to(logits.dtype)
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1)
        return each.sum() if weights is None else (each * weights[classes]).sum()

    return total
