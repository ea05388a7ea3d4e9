"""Recovery: a narrowed network learns again, from the targets alone or from the trained model's answers, too."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from slipway.learning.devices import choose_device, repeatable
from slipway.learning.loop import Training
from slipway.learning.losses import SMALLEST_VARIANCE, Loss
from slipway.learning.rows import JointTargets, Known, Rows, Targets
from slipway.product.augment import Policy
from slipway.product.compress import Compress, Recipe
from slipway.product.train import Train
from slipway.shrinking.distilling import distance_of_logits
from slipway.tables.heads import Head


@dataclass(frozen=True)
class Taught(Rows):
    """Rows whose targets [N, own + outputs] float32 hold the trained model's outputs behind their own."""

    own: Known = field(kw_only=True)

    @property
    def known(self) -> Known:
        """What is known of their own targets."""
        return self.own


@dataclass(frozen=True)
class Lessons:
    """What recovery learns from: rows that privatize released, so nothing new leaks.

    Attributes:
        train: The rows.
        outputs: The trained model's, of these rows as they are: [N, outputs], or [N] values.
        held: Say which epoch's weights are kept.
        policy: What is done to each batch; the trained model saw the row before it.
        seed: Of the order of rows and of dropout.
    """

    train: Rows
    outputs: Tensor
    held: Rows
    policy: Policy
    seed: int


def recover(network: nn.Module, recipe: Recipe, lessons: Lessons, params: Compress) -> None:
    """Train in place for the epochs of the recipe, and keep the best weights.

    Every recovery begins with the cut weights: one that went on from a shorter one would have seen another learning
    rate, and its recipe would not say how it came about.
    """
    section = Train(
        epochs=recipe.num_epochs,
        patience=recipe.num_epochs,
        lr=params.recovery_lr,
        batch_size=params.recovery_batch_size,
    )
    device = choose_device(section.device)
    train = lessons.train.to(device)
    if recipe.recover == "distil":
        train = taught(train, lessons.outputs.to(device))
    with repeatable(lessons.seed, section.threads, device):
        network.to(device)
        training = Training(network, train, lessons.held.to(device), section, lessons.policy, seed=lessons.seed)
        if isinstance(train, Taught):
            loss = distillation(training.loss.mean, lessons.train.to(device), temperature=params.temperature)
            training.loss = training.stepper.loss = loss
        while training.goes_on:
            training.run_epoch()
        network.load_state_dict(training.best_weights)
        network.cpu().eval()


def taught(rows: Rows, outputs: Tensor) -> Taught:
    """Put the trained model's outputs [N, outputs] or [N] behind the targets."""
    side_by_side = [_columns(rows.targets), _columns(outputs)]
    return Taught(rows.features, torch.cat(side_by_side, dim=1), rows.heads, own=rows.known)


def distillation(loss: object, rows: Rows, *, temperature: float) -> Loss:
    """Return the loss of the targets, plus how far the outputs are from the trained model's (Hinton et al. 2015).

    Of classes: `distance_of_logits`; of labels the same for each, averaged; of values the squared difference over the
    targets' variance.

    Args:
        loss: The mean of outputs and targets.
        rows: Whose targets they are.
        temperature: What logits are divided by.
    """
    parts = _parts(rows)
    num_own = _columns(rows.targets[:1]).shape[1]
    are_classes = not rows.heads and not rows.has_values

    def mean(outputs: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
        assert reduction == "mean" and callable(loss), "a batch is averaged"
        own, answers = targets[:, :num_own], targets[:, num_own:]
        wanted = own if rows.heads else own.squeeze(1)
        from_model = answers.squeeze(1) if outputs.ndim == 1 else answers
        soft = sum(_distance(head, known, outputs, from_model, temperature) for head, known in parts)
        return loss(outputs, wanted.long() if are_classes else wanted) + soft

    return Loss(mean)


def _distance(head: Head | None, known: Targets, outputs: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """Return how far a target's part of the outputs is from the trained model's."""
    if head is not None:
        outputs, answers = head.of(outputs), head.of(answers)
    if known.variance is not None:
        return functional.mse_loss(outputs, answers) / known.variance.clamp_min(SMALLEST_VARIANCE)
    if head is not None and head.has_labels:
        wanted = (answers / temperature).sigmoid()
        return temperature**2 * functional.binary_cross_entropy_with_logits(outputs.float() / temperature, wanted)
    return distance_of_logits(outputs, answers, temperature)


def _parts(rows: Rows) -> list[tuple[Head | None, Targets]]:
    known = rows.known
    return list(known.heads) if isinstance(known, JointTargets) else [(None, known)]


def _columns(values: Tensor) -> Tensor:
    return values.reshape(len(values), -1).float()
