"""One step: forward, loss, backward, optimiser; in pieces where the memory does not hold a batch."""

import gc
import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from slipway.learning.augmenting import Mixed
from slipway.learning.devices import autocast
from slipway.learning.losses import AnyLoss
from slipway.learning.optimisers import Group, make_optimizer
from slipway.learning.sharding import here, parted_for, parted_like, shard, whole
from slipway.learning.starting import FRESH, Started, still_layers
from slipway.learning.team import Team
from slipway.networks.building import body_of
from slipway.product.train import Train

logger = logging.getLogger("slipway")

ALONE = Team()

Tensors = tuple[Tensor, ...] | list[Tensor]


class Stepper:
    """A network that learns batch by batch.

    Attributes:
        weights: Those that learn now.
        judged: The network whose answers count: the moving average of the weights where one is kept.
        num_pieces: Into how many pieces a batch is cut; one process doubles it when the memory does not hold it. The
            gradients of the pieces add up to that of the batch; batch normalisation alone sees smaller ones.
    """

    def __init__(
        self,
        network: nn.Module,
        params: Train,
        loss: AnyLoss,
        device: torch.device,
        team: Team = ALONE,
        started: Started = FRESH,
    ) -> None:
        self.network, self.params, self.loss, self.team, self.started = network, params, loss, team, started
        self.average: AveragedModel | None = None
        if params.ema is not None:
            self.average = AveragedModel(network, multi_avg_fn=moving_average(params.ema), use_buffers=True)
        if team.parts_weights:
            for each in dict.fromkeys((network, self.judged)):
                shard(each, team, device)
        named = body_of(network).named_parameters()
        self.named = {name: each for name, each in named if each.requires_grad}
        self.optimizer = make_optimizer(params, self._groups(), are_parted=team.parts_weights)
        self.frozen: frozenset[str] | None = None
        self.hold(started.frozen_in(1))
        self.autocast, self.is_half = autocast(params, device), params.precision != "fp32"
        self.is_scaled = params.precision == "fp16"
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.is_scaled)
        self.num_pieces = 1

    @property
    def judged(self) -> nn.Module:
        """See the class."""
        return self.network if self.average is None else self.average.module

    @property
    def buffers(self) -> list[Tensor]:
        """What is learned without a gradient: statistics of batch normalisation, and their average."""
        averaged = [] if self.average is None else list(self.average.module.buffers())
        return [*self.network.buffers(), *averaged]

    def _groups(self) -> list[Group]:
        """Part the weights by their rates, and by when they learn: fused SGD wants all of a group to, or none."""
        parted: dict[tuple[float, bool], list[nn.Parameter]] = {}
        for name, weight in self.named.items():
            parted.setdefault((self.started.factor(name), name in self.started.frozen), []).append(weight)
        return [{"params": weights, "factor": factor} for (factor, _), weights in parted.items()]

    def begin(self, epoch: int) -> None:
        """Turn the network to learning: all layers but those that are frozen in this epoch."""
        self.hold(self.started.frozen_in(epoch))
        self.network.train()
        for layer in still_layers(body_of(self.network), self.started.frozen_in(epoch)):
            layer.training = False

    def hold(self, frozen: frozenset[str]) -> None:
        """Have these weights stay as they are, and all others learn.

        DDP looks once, when it wraps a network, at which weights learn; so it wraps it anew where that changes.
        """
        if frozen == self.frozen:
            return
        self.frozen = frozen
        for name, weight in self.named.items():
            weight.requires_grad_(name not in frozen)
        self.weights = [weight for weight in self.named.values() if weight.requires_grad]
        joined = self.team.joined(self.network)
        self.forward = torch.compile(joined) if self.params.compile else joined

    def set_lr(self, lr: float) -> None:
        """Set the rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["factor"]

    def step(self, x: Tensor, y: Tensor, mixed: Mixed | None = None, *, weight: Tensor | float = 1.0) -> Tensor:
        """Learn from a batch, or from this process's part of one; return its loss, on the device and detached.

        Args:
            x: Features [B, ...].
            y: Targets [B], or [B, targets] of several.
            mixed: The other targets of rows that are blends.
            weight: What the part weighs beside those of the other processes; 1 on average.

        Raises:
            RuntimeError: The memory does not hold pieces of a few rows, or the part of one of several processes.
        """
        while True:
            try:
                loss = self._backward(x, y, mixed, weight)
                break
            except RuntimeError as error:
                if not is_out_of_memory(error) or len(x) < 4 * self.num_pieces or not self.team.is_alone:
                    raise  # other processes would wait for this one's gradients
            self.num_pieces *= 2
            self.optimizer.zero_grad(set_to_none=True)
            gc.collect()
            if x.device.type == "cuda":
                torch.cuda.empty_cache()
            logger.warning("a batch of %d rows does not fit the memory: it is cut into %d", len(x), self.num_pieces)
        if self.params.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.weights, self.params.clip_norm)
        if self.is_scaled:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return loss

    def _backward(self, x: Tensor, y: Tensor, mixed: Mixed | None, weight: Tensor | float) -> Tensor:
        """Add up the gradient of the batch, piece by piece; return its loss."""
        self.optimizer.zero_grad(set_to_none=True)
        targets = [(y, weight)]
        if mixed is not None:
            targets = [(y, weight * mixed.share), (mixed.others, weight * (1 - mixed.share))]
        if self.num_pieces == 1:
            return self._piece(x, targets, penalised=True)
        total = torch.zeros((), device=x.device)
        for number, rows in enumerate(torch.arange(len(x), device=x.device).tensor_split(self.num_pieces)):
            parts = [(each[rows], share * self.loss.share(each[rows], each)) for each, share in targets]
            total += self._piece(x[rows], parts, penalised=number == 0)
        return total

    def _piece(self, x: Tensor, targets: list[tuple[Tensor, Tensor | float]], *, penalised: bool) -> Tensor:
        """Add a piece's part of the gradient; return its part of the loss, each target's by its share."""
        if self.is_half:
            with self.autocast:
                loss = self._loss(self.forward(x), targets)
        else:
            loss = self._loss(self.forward(x), targets)
        learned = loss
        if penalised and self.params.l1:
            learned = loss + self.params.l1 * sum(each.abs().sum() for each in self.weights)
        (self.scaler.scale(learned) if self.is_scaled else learned).backward()
        return loss.detach()

    def _loss(self, outputs: Tensor, targets: list[tuple[Tensor, Tensor | float]]) -> Tensor:
        (first, share), *others = targets
        if isinstance(share, Tensor) or share != 1:
            loss = self.loss.part(outputs, first, share)
        else:
            loss = self.loss.mean(outputs, first)
        for more, its_share in others:
            loss = loss + self.loss.part(outputs, more, its_share)
        return loss

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps; parted weights are put together, so every process calls it."""
        return {
            "network": whole(self.network.state_dict()),
            "optimizer": whole(self.optimizer.state_dict()),
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else whole(self.average.state_dict()),
            "num_pieces": self.num_pieces,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a checkpoint kept."""
        self.network.load_state_dict(parted_like(state["network"], self.network.state_dict()))
        self.optimizer.load_state_dict(parted_for(state["optimizer"], self.optimizer))
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(parted_like(state["average"], self.average.state_dict()))
        self.num_pieces = state["num_pieces"]


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Return torch's exponential moving average, of each process's part of the weights where they are parted."""
    update = get_ema_multi_avg_fn(decay)

    def update_parts(averaged: Tensors, current: Tensors, num_averaged: Tensor | int) -> None:
        update([here(each) for each in averaged], [here(each) for each in current], num_averaged)

    return update_parts


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether an error is about memory; on a CPU torch raises a plain RuntimeError, worded by the system."""
    worded = ("can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in worded)
