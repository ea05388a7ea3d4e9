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
    """A mean over rows, and what they weigh in it: the means of a batch's pieces add up to that of the batch.

    Attributes:
        mean: Of logits [B, C] and classes [B], or of values [B] and values [B].
        class_weights: [C], what a row of each class weighs; None: every row weighs 1.
    """

    mean: Callable[[Tensor, Tensor], Tensor]
    class_weights: Tensor | None = None

    def weight(self, targets: Tensor) -> Tensor | int:
        """Return what these rows weigh together."""
        return len(targets) if self.class_weights is None else self.class_weights[targets].sum()


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

    def cross_entropy(logits: Tensor, classes: Tensor, reduction: str = "mean") -> Tensor:
        return functional.cross_entropy(logits, classes, weight=weights, label_smoothing=smoothing, reduction=reduction)

    if isinstance(choice, Focal):
        return Loss(_focal(choice.gamma, cross_entropy, weights), weights)
    return Loss(cross_entropy, weights)


def _of_values(choice: object, variance: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    unit = variance.sqrt()
    if isinstance(choice, MAE):
        return lambda values, wanted: functional.l1_loss(values, wanted) / unit
    if isinstance(choice, Huber):
        return lambda values, wanted: functional.huber_loss(values / unit, wanted / unit, delta=choice.delta)
    return lambda values, wanted: functional.mse_loss(values, wanted) / variance


def balanced_weights(targets: Tensor, num_classes: int) -> Tensor:
    """Return for each class all rows over its own and over the number of classes.

    >>> balanced_weights(torch.tensor([0, 0, 0, 1]), 2)
    tensor([0.6667, 2.0000])
    """
    counts = torch.bincount(targets, minlength=num_classes).float()
    return counts.sum() / (num_classes * counts)


def _focal(
    gamma: float, cross_entropy: Callable[..., Tensor], weights: Tensor | None
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return cross-entropy times (1 - p)^gamma, p the probability of the true class (Lin et al. 2017, equation 4)."""

    def mean(logits: Tensor, classes: Tensor) -> Tensor:
        p = logits.float().softmax(1).gather(1, classes.unsqueeze(1)).squeeze(1)
        each = (1 - p) ** gamma * cross_entropy(logits, classes, reduction="none")
        return each.mean() if weights is None else each.sum() / weights[classes].sum()

    return mean


def _binary(weights: Tensor | None) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the binary cross-entropy of each class against the rest, summed over the classes."""

    def mean(logits: Tensor, classes: Tensor) -> Tensor:
        wanted = functional.one_hot(classes, logits.shape[1]).to(logits.dtype)
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1)
        return each.mean() if weights is None else (each * weights[classes]).sum() / weights[classes].sum()

    return mean
