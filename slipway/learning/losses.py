"""What training makes small: a loss of outputs and targets, as a sum over rows and what it is divided by."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from slipway.errors import ParamsError
from slipway.learning.rows import JointTargets, Known, Targets
from slipway.product.optimisation import BCE, MAE, MSE, CrossEntropy, Focal, Huber, ValueLoss
from slipway.product.train import Train
from slipway.tables.heads import Head

SMALLEST_VARIANCE = 1e-12
SMALLEST_WEIGHT = 1e-12

Mean = Callable[..., Tensor]
"""Of logits [B, C] and classes [B], or of values [B] and values [B]; with reduction="none" what each row adds: [B]."""


@dataclass(frozen=True)
class Loss:
    """A mean over rows, and what they weigh in it: the means of a batch's pieces add up to that of the batch.

    Attributes:
        mean: Of a batch.
        class_weights: [C], what a row of each class weighs; None: every row weighs 1.
    """

    mean: Mean
    class_weights: Tensor | None = None

    def weight(self, targets: Tensor) -> Tensor | int:
        """Return what these rows weigh together."""
        return len(targets) if self.class_weights is None else self.class_weights[targets].sum()

    def share(self, some: Tensor, whole: Tensor, times: int = 1) -> Tensor | float:
        """Return what some rows weigh in a batch, so many times."""
        return times * self.weight(some) / self.weight(whole)

    def part(self, outputs: Tensor, targets: Tensor, share: Tensor | float) -> Tensor:
        """Return what rows of a share add to the loss of their batch."""
        return self.mean(outputs, targets) * share


@dataclass(frozen=True)
class JointLoss:
    """The weighted sum of several targets' losses; each is a mean over the rows that have the target.

    Rows that lack a target weigh nothing in its mean, so each target has a weight of its own in a piece of a batch.

    Attributes:
        heads: The loss of each target's own outputs, and what it is multiplied by.
    """

    heads: tuple[tuple[Head, Loss, float], ...]

    def mean(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of outputs [B, outputs] and targets [B, targets], NaN where one is missing."""
        return self._means(outputs, targets).sum()

    def weight(self, targets: Tensor) -> Tensor:
        """Return what these rows weigh together, for each target: [heads]."""
        return torch.stack([_weights(loss, *_wanted(head, targets)).sum() for head, loss, _ in self.heads])

    def share(self, some: Tensor, whole: Tensor, times: int = 1) -> Tensor:
        """Return what some rows weigh in a batch, so many times: [heads]; 0 where no row of it has the target."""
        return times * self.weight(some) / self.weight(whole).clamp_min(SMALLEST_WEIGHT)

    def part(self, outputs: Tensor, targets: Tensor, share: Tensor | float) -> Tensor:
        """Return what rows of these shares add to the loss of their batch."""
        return (self._means(outputs, targets) * share).sum()

    def _means(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of each target, times its weight: [heads]."""
        return torch.stack([by * _masked(head, loss, outputs, targets) for head, loss, by in self.heads])


AnyLoss = Loss | JointLoss


def _masked(head: Head, loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the rows that have the target, 0 where none has: nothing is gathered, so nothing waits."""
    wanted, known = _wanted(head, targets)
    each = loss.mean(head.of(outputs), wanted, reduction="none")
    total = torch.where(known, each, 0.0).sum()
    return total / _weights(loss, wanted, known).sum().clamp_min(SMALLEST_WEIGHT)


def _wanted(head: Head, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return a target's column [B] (of labels, one each: [B, labels]), 0 where it is missing, and where not [B]."""
    if head.has_labels:
        columns = targets[:, head.columns]
        known = ~columns[:, 0].isnan()
        return torch.where(known.unsqueeze(1), columns, 0.0), known
    column = targets[:, head.start]
    known = ~column.isnan()
    filled = torch.where(known, column, 0.0)
    return (filled.long() if head.target.classes else filled), known


def _weights(loss: Loss, wanted: Tensor, known: Tensor) -> Tensor:
    """Return what each row weighs [B]."""
    return known.float() if loss.class_weights is None else known * loss.class_weights[wanted]


def training_loss(params: Train, known: Known) -> AnyLoss:
    """Return what is learned from.

    Args:
        params: The section.
        known: Of the targets of all training rows: class weights, and the unit of values.

    Raises:
        ParamsError: The loss is not for targets of this kind, or loss_weights names something else than a target.
    """
    if isinstance(known, JointTargets):
        return _joint(params, known, training_loss)
    is_balanced = params.class_weights == "balanced"
    weights = balanced_weights(known.counts) if is_balanced and known.counts is not None else None
    return _loss(params, known, weights, params.label_smoothing)


def validation_loss(params: Train, known: Known) -> AnyLoss:
    """Return what validation reports: the same loss in the same unit, without smoothing and class weights."""
    if isinstance(known, JointTargets):
        return _joint(params, known, validation_loss)
    return _loss(params, known, None, 0.0)


def _joint(params: Train, known: JointTargets, loss_of: Callable[[Train, Targets], AnyLoss]) -> JointLoss:
    """Join the losses of all targets: `loss` is the main one's, and the others have that of their task."""
    names = [head.name for head, _ in known.heads]
    if strange := [name for name in params.loss_weights if name not in names]:
        raise ParamsError(f"train.loss_weights names {strange}, but the targets are {names}")
    joint = []
    for head, each in known.heads:
        if head.has_labels:
            joint.append((head, _of_labels(params, is_main=head.place == 0), params.loss_weights.get(head.name, 1.0)))
            continue
        own: dict[str, object] = {"loss": params.loss if head.place == 0 else None, "loss_weights": {}}
        loss = loss_of(params.model_copy(update=own), each)
        assert isinstance(loss, Loss), "one target has one loss"
        joint.append((head, loss, params.loss_weights.get(head.name, 1.0)))
    return JointLoss(tuple(joint))


def _of_labels(params: Train, *, is_main: bool) -> Loss:
    """Return the binary cross-entropy of each label, averaged over them: whether a row has one excludes no other."""
    if is_main and not isinstance(params.loss, BCE | None):
        raise ParamsError(f"train.loss.name = {params.loss.name}, but the target has many labels: allowed: bce")
    if is_main and (params.label_smoothing or params.class_weights != "none"):
        raise ParamsError(
            "train.label_smoothing and train.class_weights are for classes that exclude each other, and the target has "
            "many labels: remove them"
        )

    def mean(logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(1)
        return each if reduction == "none" else each.mean()

    return Loss(mean)


def _loss(params: Train, known: Targets, weights: Tensor | None, smoothing: float) -> Loss:
    if params.loss_weights:
        raise ParamsError("train.loss_weights weighs several targets against each other, and this product has one")
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


def _of_values(choice: object, variance: Tensor) -> Mean:
    unit = variance.sqrt()
    if isinstance(choice, MAE):
        return lambda values, wanted, reduction="mean": functional.l1_loss(values, wanted, reduction=reduction) / unit
    if isinstance(choice, Huber):
        return lambda values, wanted, reduction="mean": functional.huber_loss(
            values / unit, wanted / unit, delta=choice.delta, reduction=reduction
        )
    return lambda values, wanted, reduction="mean": functional.mse_loss(values, wanted, reduction=reduction) / variance


def balanced_weights(counts: Tensor) -> Tensor:
    """Return for each class all rows over its own and over the number of classes.

    >>> balanced_weights(torch.tensor([3, 1]))
    tensor([0.6667, 2.0000])
    """
    return counts.sum() / (len(counts) * counts)


def _focal(gamma: float, cross_entropy: Mean, weights: Tensor | None) -> Mean:
    """Return cross-entropy times (1 - p)^gamma, p the probability of the true class (Lin et al. 2017, equation 4)."""

    def mean(logits: Tensor, classes: Tensor, reduction: str = "mean") -> Tensor:
        p = logits.float().softmax(1).gather(1, classes.unsqueeze(1)).squeeze(1)
        each = (1 - p) ** gamma * cross_entropy(logits, classes, reduction="none")
        if reduction == "none":
            return each
        return each.mean() if weights is None else each.sum() / weights[classes].sum()

    return mean


def _binary(weights: Tensor | None) -> Mean:
    """Return the binary cross-entropy of each class against the rest, summed over the classes."""

    def mean(logits: Tensor, classes: Tensor, reduction: str = "mean") -> Tensor:
        wanted = functional.one_hot(classes, logits.shape[1]).to(logits.dtype)
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1)
        if reduction == "none":
            return each if weights is None else each * weights[classes]
        return each.mean() if weights is None else (each * weights[classes]).sum() / weights[classes].sum()

    return mean
