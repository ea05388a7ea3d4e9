"""What training makes small: a loss of outputs and targets, as a sum over rows and what it is divided by."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from slipway.errors import ParamsError
from slipway.learning.rows import Targets
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


def training_loss(params: Train, known: Targets) -> Loss:
    """Return what is learned from.

    Args:
        params: The section.
        known: Of the targets of all training rows: class weights, and the unit of values.

    Raises:
        ParamsError: The loss is not for targets of this kind.
    """
    is_balanced = params.class_weights == "balanced"
    weights = balanced_weights(known.counts) if is_balanced and known.counts is not None else None
    return _loss(params, known, weights, params.label_smoothing)


def validation_loss(params: Train, known: Targets) -> Loss:
    """Return what validation reports: the same loss in the same unit, without smoothing and class weights."""
    return _loss(params, known, None, 0.0)


def _loss(params: Train, known: Targets, weights: Tensor | None, smoothing: float) -> Loss:
    choice = params.loss or (MSE(name="mse") if known.are_values else CrossEntropy(name="cross_entropy"))
    if isinstance(choice, ValueLoss) != known.are_values:
        kind, allowed = ("values", "mse, mae, huber") if known.are_values else ("classes", "cross_entropy, bce, focal")
        raise ParamsError(f"train.loss.name = {choice.name}, but the targets are {kind}: allowed: {allowed}")
    if known.variance is not None:
        return Loss(_of_values(choice, known.variance.clamp_min(SMALLEST_VARIANCE)))
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


def balanced_weights(counts: Tensor) -> Tensor:
    """Return for each class all rows over its own and over the number of classes.

    >>> balanced_weights(torch.tensor([3, 1]))
    tensor([0.6667, 2.0000])
    """
    return counts.sum() / (len(counts) * counts)


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
