"""The training loop: epochs of batches, the best weights kept, a checkpoint now and then.

All that is random is either a function of seed and epoch (the order of rows) or in the checkpoint (dropout,
augmentation), so a run that goes on ends with the bits of one that was never stopped.
"""

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from slipway.errors import DataError, Diverged, ParamsError
from slipway.learning.assessing import assess, require_outputs
from slipway.learning.augmenting import augment_batch, mix
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.losses import training_loss, validation_loss
from slipway.learning.progress import Moment, Progress
from slipway.learning.rows import Rows, Source, seed_of, sizes
from slipway.learning.schedules import PlateauState, schedule
from slipway.learning.sharding import parted_like, whole
from slipway.learning.starting import FRESH, Started
from slipway.learning.stepping import ALONE, Stepper
from slipway.learning.team import Team
from slipway.product.augment import Policy
from slipway.product.train import Train

logger = logging.getLogger("slipway")

DIVERGED = 1000
"""A training loss so many times the untrained network's is not on its way to a small one."""


@dataclass(frozen=True)
class Epoch:
    """One line of history.csv; `validation_metric` is accuracy, or RMSE for a regression, of the main target."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_metric: float
    lr: float


def fit(
    network: nn.Module,
    train: Source,
    validation: Rows,
    params: Train,
    policy: Policy,
    *,
    seed: int,
    checkpoint: Checkpoint | None = None,
    team: Team = ALONE,
    started: Started = FRESH,
    watch: Callable[[Epoch], None] | None = None,
    progress: Progress | None = None,
) -> list[Epoch]:
    """Train in place until `epochs` or `patience` ends it; the network ends with its best weights.

    Args:
        network: Gives logits [B, classes], or values [B] where the targets are floats; of several targets [B, outputs].
        train: At least two rows, and one of each class.
        validation: Decides which weights are best, and when to stop.
        params: The `train` section.
        policy: What is done to each batch.
        seed: Of the order of rows, of dropout and of augmentation.
        checkpoint: From where it goes on, if there is one, and where it notes how far it is.
        team: The processes that learn together; each calls this with the same rows.
        started: Which weights were taken from another training, and which of them are frozen.
        watch: Is told of each epoch; what it raises ends the training.
        progress: Is told of moments between them.

    Raises:
        DataError: There are too few rows, or rows of one class alone.
        ParamsError: The network's outputs do not suit the targets.
        Diverged: The loss is no number any more, or grows without end.
    """
    if len(train) < 2 or len(validation) < 1:
        raise DataError(f"{len(train)} training and {len(validation)} validation rows are too few to learn from")
    training = Training(
        network, train, validation, params, policy, seed=seed, checkpoint=checkpoint, team=team, started=started
    )
    if progress is not None:
        training.progress = progress
    while training.goes_on:
        training.run_epoch()
        if watch is not None:
            watch(training.history[-1])
    if params.ensemble > 1:
        training.note()  # the next member's training may be killed, and this one be asked for its weights again
    network.load_state_dict(training.best_weights)
    return training.history


class Training:
    """A run between two batches: what a checkpoint keeps, and how it goes on.

    Attributes:
        epoch: The epoch that is under way, from 1.
        batch: How many of its batches are done.
        losses: Of these batches, in one tensor of all batches: pieces of their own would keep the heap from shrinking.
        history: Of the epochs before it.
        best_weights: Of the epoch with the lowest validation loss.
    """

    def __init__(
        self,
        network: nn.Module,
        train: Source,
        validation: Rows,
        params: Train,
        policy: Policy,
        *,
        seed: int,
        checkpoint: Checkpoint | None = None,
        team: Team = ALONE,
        started: Started = FRESH,
    ) -> None:
        device, known = train.device, train.known
        num_batches = count_batches(len(train), params.batch_size, team)
        self.train, self.validation, self.params, self.policy = train, validation, params, policy
        self.seed, self.checkpoint, self.team = seed, checkpoint, team
        self.loss = training_loss(params, known)
        self.stepper = Stepper(network, params, self.loss, device, team, started)
        require_outputs(network, train.first(2), known)
        self.validation_loss = validation_loss(params, known)
        self.generator = torch.Generator(device).manual_seed(seed + team.rank)
        self.factor, self.plateau = schedule(params), PlateauState(params.schedule)
        self.num_batches = num_batches
        self.epoch, self.batch = 1, 0
        self.losses = torch.zeros(num_batches, device=device)
        self.history: list[Epoch] = []
        self.untrained = assess(network, validation, self.validation_loss)[0]
        self.best, self.best_epoch, self.best_weights = math.inf, 0, copy_of(self.stepper.judged)
        self.progress = Progress(len(train))
        self.noted = time.monotonic()
        place = torch.device("cpu") if team.parts_weights else device  # each process takes its part from there
        if checkpoint is not None and (state := checkpoint.read(place)) is not None:
            self._restore(state)

    @property
    def goes_on(self) -> bool:
        """Whether there is an epoch to come; patience begins anew where weights thaw."""
        waited = self.epoch - 1 - max(self.best_epoch, self.stepper.started.thaw_after_epochs or 0)
        return self.epoch <= self.params.epochs and waited < self.params.patience

    def lr_at(self, epochs: float) -> float:
        """Return the learning rate after so many epochs, in parts too."""
        return self.params.lr * self.factor(epochs) * self.plateau.factor

    def run_epoch(self) -> None:
        """Learn from the batches that are left of the epoch, and judge it."""
        self.stepper.begin(self.epoch)
        for x, y in self.train.batches(self.params.batch_size, seed=seed_of(self.seed, self.epoch), skip=self.batch):
            self.stepper.set_lr(self.lr_at(self.epoch - 1 + self.batch / self.num_batches))
            self.losses[self.batch] = self._learn(x, y) if self.team.is_alone else self._learn_part(x, y)
            self.batch += 1
            self._look_up(time.monotonic())
        self.losses = self.team.mean(self.losses)
        self._require_finite()
        self._judge()

    def _learn(self, x: Tensor, y: Tensor, weight: Tensor | float = 1.0) -> Tensor:
        """Augment, and take a step."""
        x = augment_batch(x, self.policy, self.generator)
        if not self.policy.mixup:
            return self.stepper.step(x, y, weight=weight)
        luck = random.Random(seed_of(self.seed, self.epoch) * self.num_batches + self.batch)
        x, mixed = mix(x, y, self.policy, self.generator, luck)
        return self.stepper.step(x, y, mixed, weight=weight)

    def _learn_part(self, x: Tensor, y: Tensor) -> Tensor:
        """Learn from this process's part; gradients become the mean of all processes', so a part weighs its share."""
        mine = self.team.part(y)
        return self._learn(self.team.part(x), mine, self.loss.share(mine, y, self.team.size))

    def _judge(self) -> None:
        """Judge the epoch, note it, and keep its weights if they are the best."""
        train_loss = self.losses.mean().item()
        self.team.align(self.stepper.buffers)
        loss, metric = assess(self.stepper.judged, self.validation, self.validation_loss)
        loss, metric = self.team.first_says([loss, metric], self.train.device)
        if not math.isfinite(loss) or train_loss > DIVERGED * max(self.untrained, 1.0):
            losses = f"a training loss of {train_loss:.4g} and a validation loss of {loss:.4g}"
            raise self._diverged(f"epoch {self.epoch} has {losses}")
        self.history.append(Epoch(self.epoch, train_loss, loss, metric, self.lr_at(self.epoch - 1)))
        self.plateau.see(loss)
        if loss < self.best:
            self.best, self.best_epoch, self.best_weights = loss, self.epoch, copy_of(self.stepper.judged)
        self.epoch, self.batch = self.epoch + 1, 0
        if not self.team.is_alone and self.team.agreed(self._is_noting_due(time.monotonic()), self.train.device):
            self.note()

    def _look_up(self, now: float) -> None:
        """Tell how far it is and write a checkpoint, where it is time; neither changes what is learned.

        Several processes write theirs after an epoch, when they can wait for each other.
        """
        if self.progress.is_due(now) and self.team.is_first:
            last = self.history[-1] if self.history else None
            told = f"{last.validation_loss:.4g}, {self._metric} {last.validation_metric:.4g}" if last else ""
            loss = self.losses[self.batch - 1].item()
            self.progress.tell(Moment(self.epoch, self.params.epochs, self.batch, self.num_batches, loss, told), now)
            if self.team.is_alone:
                self._require_finite()
        if self.team.is_alone and self._is_noting_due(now):
            self._require_finite()
            self.note()

    def _is_noting_due(self, now: float) -> bool:
        return self.checkpoint is not None and now - self.noted >= self.params.checkpoint_seconds

    def note(self) -> None:
        """Write a checkpoint, if one is wanted: all processes say what they hold, the first one writes."""
        if self.checkpoint is None:
            return
        state = self._state()
        if self.team.is_first:
            self.checkpoint.write(state)
        self.noted = time.monotonic()

    @property
    def _metric(self) -> str:
        return "RMSE" if self.validation.has_values else "accuracy"

    def _require_finite(self) -> None:
        finite = self.losses[: self.batch].isfinite()
        if not finite.all():
            batch = int((~finite).nonzero()[0]) + 1
            raise self._diverged(f"the loss of batch {batch} of epoch {self.epoch} is {self.losses[batch - 1].item()}")

    def _diverged(self, what: str) -> Diverged:
        """Put the last good weights back, and say what happened."""
        self.stepper.network.load_state_dict(self.best_weights)
        kept = f"the weights of epoch {self.best_epoch} are kept" if self.best_epoch else "no epoch was better before"
        return Diverged(
            f"{what}; {kept}.\nLower train.lr (now {self.params.lr:g}), set train.clip_norm, or bound the columns in "
            "the raw suite."
        )

    def _state(self) -> dict[str, Any]:
        device, gathered = self.train.device, self.team.gathered
        states = [self.generator.get_state(), torch.get_rng_state()]
        if device.type == "cuda":
            states.append(torch.cuda.get_rng_state())
        return {
            "stepper": self.stepper.state(),
            "plateau": self.plateau.state(),
            "random": [gathered(each, device) for each in states],
            "epoch": self.epoch,
            "batch": self.batch,
            "losses": self.losses[: self.batch].clone(),
            "history": [astuple(each) for each in self.history],
            "best": (self.best, self.best_epoch, whole(self.best_weights)),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.stepper.restore(state["stepper"])
        self.plateau.restore(state["plateau"])
        own, torchs, *cuda = (each[self.team.rank].cpu() for each in state["random"])
        self.generator.set_state(own)
        torch.set_rng_state(torchs)
        if cuda:
            torch.cuda.set_rng_state(cuda[0])
        self.epoch, self.batch = state["epoch"], state["batch"]
        self.losses[: self.batch] = state["losses"]
        self.history = [Epoch(*each) for each in state["history"]]
        self.best, self.best_epoch, weights = state["best"]
        self.best_weights = parted_like(weights, self.best_weights)
        logger.info("goes on at epoch %d, after %d of %d batches", self.epoch, self.batch, self.num_batches)


def count_batches(num_rows: int, batch_size: int, team: Team) -> int:
    """Return the batches of an epoch.

    Raises:
        ParamsError: They are too small for so many processes.
    """
    parts = sizes(num_rows, batch_size)
    if parts[-1] < 2 * team.size:
        raise ParamsError(
            f"train.processes = {team.size}, but a batch has {parts[-1]} rows: each process needs two. Lower "
            "train.processes, or raise train.batch_size."
        )
    return len(parts)


def copy_of(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the weights."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
