"""Thin a trained network out for its archive: most weights become zero, and the others of a layer share a few values.

The stages are those of "Deep Compression" (Han et al. 2016): prune, share, and tune after each. Which weights stay is
decided over all layers at once, so that none needs a number of its own. What the copy learns is to answer as the
trained network does (Hinton et al. 2015), whatever the kind of target. A dense runtime gains nothing from zeros: such
a network is small in an archive, not fast.
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from slipway.learning.augmenting import augment_batch
from slipway.learning.devices import repeatable
from slipway.learning.rows import Batch, Rows, sizes
from slipway.learning.trained import scores
from slipway.product.archive import Archiving
from slipway.product.augment import Policy
from slipway.shrinking.distilling import distance_of_logits
from slipway.transform.applying import Array

PRUNED = 0.75
"""Share of the epochs before values are shared."""

RAMP = 0.6
"""Share of the pruning after which no more weights become zero."""

STEPS_BETWEEN_MASKS = 50
LLOYD_STEPS = 50
TEMPERATURE = 2.0
SMALLEST_SPREAD = 1e-6

Answer = Callable[[Tensor], Tensor]


def sparsify(
    network: nn.Module, features: Array, params: Archiving, policy: Policy, *, of_classes: bool, seed: int
) -> nn.Module:
    """Return a sparse copy of the network whose tensors have few different values; the network stays as it is.

    Args:
        network: Trained, on the CPU; features in, outputs out.
        features: Training rows [N, ...], as the network takes them.
        params: How sparse, and how many values.
        policy: What is done to each batch, as it was in training; but rows are not blended.
        of_classes: Whether outputs are the logits of one target; else each output is a value of its own.
        seed: Of the order of rows, and of what the policy does to them.
    """
    with repeatable(seed, threads=1):
        thin = copy.deepcopy(network)
        lesson = Lesson.of(network, features, params, policy, of_classes=of_classes, seed=seed)
        pruning = max(1, round(PRUNED * params.epochs))
        with learning(thin):
            prune(thin, lesson, pruning)
            share(thin, lesson, params.epochs - pruning)
    return thin


@dataclass(frozen=True)
class Lesson:
    """What another network learns from: to answer as the trained one does.

    Attributes:
        rows: Their targets are the trained network's outputs, of the rows as they are.
        spread: Standard deviation of each output, the unit of what is lost; None of classes.
        params: How it learns.
        policy: What is done to the features of each batch.
        seed: Of the order of rows, and of what the policy does.
    """

    rows: Rows
    spread: Tensor | None
    params: Archiving
    policy: Policy
    seed: int

    @classmethod
    def of(
        cls, teacher: nn.Module, features: Array, params: Archiving, policy: Policy, *, of_classes: bool, seed: int
    ) -> "Lesson":
        """Have the teacher answer all rows."""
        outputs = torch.from_numpy(scores(teacher, features))
        spread = None if of_classes else outputs.std(0, correction=0).clamp_min(SMALLEST_SPREAD)
        rows = Rows(torch.from_numpy(features), outputs).to(torch.device("cpu"), channels_last=True)
        return cls(rows, spread, params, policy, seed)

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Return how far outputs are from the teacher's."""
        if self.spread is not None:
            return ((outputs - wanted) / self.spread).square().mean()
        return distance_of_logits(outputs, wanted, TEMPERATURE)

    def teach(self, answer: Answer, weights: list[Tensor], epochs: int, after_step: Callable[[float], None]) -> None:
        """Tune `weights` until `answer` is near the teacher's; `after_step` is told the share of steps done."""
        optimizer = torch.optim.Adam(weights, lr=self.params.lr, fused=True)
        num_steps = epochs * len(sizes(len(self.rows), self.params.batch_size))
        for step, (x, wanted) in enumerate(self._batches(epochs)):
            for group in optimizer.param_groups:
                group["lr"] = self.params.lr * (1 + math.cos(math.pi * step / num_steps)) / 2
            optimizer.zero_grad()
            self.loss(answer(x), wanted).backward()
            optimizer.step()
            after_step((step + 1) / num_steps)

    def _batches(self, epochs: int) -> Iterator[Batch]:
        """Yield features, changed as the policy says, and the outputs that are wanted."""
        generator = torch.Generator().manual_seed(self.seed)
        for epoch in range(epochs):
            for x, wanted in self.rows.batches(self.params.batch_size, seed=self.seed + epoch):
                yield augment_batch(x, self.policy, generator), wanted


@contextmanager
def learning(network: nn.Module) -> Iterator[None]:
    """Have batch normalisation follow the changing layers before it, and no unit be silenced: few are left."""
    network.eval()
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.train()
    yield
    network.eval()


def prune(network: nn.Module, lesson: Lesson, epochs: int) -> None:
    """Set more and more weights to zero, along a cubic curve (Zhu and Gupta 2017, equation 1), while the others learn.

    Biases and normalisations stay: they are few, and each counts for many weights.
    """
    weights: list[Tensor] = [each for each in network.parameters() if each.ndim > 1]
    masks = [torch.ones_like(each) for each in weights]
    step = 0

    def mask(done: float) -> None:
        nonlocal masks, step
        if step % STEPS_BETWEEN_MASKS == 0 or done == 1:
            sparsity = lesson.params.sparsity * (1 - (1 - min(1, done / RAMP)) ** 3)
            masks = masks_of(weights, sparsity)
        step += 1
        with torch.no_grad():
            for each, its in zip(weights, masks, strict=True):
                each.mul_(its)

    lesson.teach(network, list(network.parameters()), epochs, mask)


def masks_of(weights: list[Tensor], sparsity: float) -> list[Tensor]:
    """Return 1 for each weight that stays, and 0: the share `sparsity` of all weights with the lowest LAMP scores.

    A score is the weight's square, divided by the sum of the squares of its layer that are no smaller: how much of
    what is left of the layer it is (Lee et al. 2021, "Layer-adaptive Sparsity for the Magnitude-based Pruning"). The
    largest weight of a layer has a score of 1, so no layer is cut off.
    """
    scores = torch.cat([lamp_scores(each) for each in weights])
    kept = scores.topk(round((1 - sparsity) * len(scores))).indices
    flat = torch.zeros(len(scores)).index_fill_(0, kept, 1)
    return [
        part.view_as(each) for part, each in zip(flat.split([each.numel() for each in weights]), weights, strict=True)
    ]


def lamp_scores(weight: Tensor) -> Tensor:
    """Return the LAMP score of each weight of a layer: [weights] float64.

    >>> lamp_scores(torch.tensor([[1.0, -2.0], [0.0, 2.0]])).tolist()
    [0.1111111111111111, 0.5, 0.0, 1.0]
    """
    squares, order = weight.detach().flatten().double().square().sort(stable=True)
    not_smaller = squares.flip(0).cumsum(0).flip(0)
    ranked = squares / not_smaller.clamp_min(torch.finfo(torch.float64).tiny)
    return torch.empty_like(ranked).scatter_(0, order, ranked)


def share(network: nn.Module, lesson: Lesson, epochs: int) -> None:
    """Give each layer's weights a few values by k-means, and tune those: a value's gradient is its weights' sum."""
    named = dict(network.named_parameters())
    books, numbers = {}, {}
    for name, weight in named.items():
        books[name], numbers[name] = shared(weight.detach(), 2**lesson.params.bits)
        books[name].requires_grad_()

    def weights() -> dict[str, Tensor]:
        return {name: _looked_up(books[name], numbers[name]) for name in named}

    lesson.teach(lambda x: functional_call(network, weights(), (x,)), list(books.values()), epochs, lambda _: None)
    with torch.no_grad():
        for name, tuned in weights().items():
            named[name].copy_(tuned)


def shared(weight: Tensor, num_values: int) -> tuple[Tensor, Tensor]:
    """Return the values that are not zero, and of each weight the number of its value, from 1; 0 of a zero.

    k-means of Lloyd from values at equal distances: large weights are few, and matter (Han et al., section 3.2).
    """
    flat = weight.flatten()
    some = flat[flat != 0]
    values = some.unique()
    most = num_values - bool(len(some) < len(flat))
    if len(values) > most:
        values = torch.linspace(values[0].item(), values[-1].item(), most)
        for _ in range(LLOYD_STEPS):
            near = _nearest(some, values)
            count, total = (torch.bincount(near, weights, minlength=most) for weights in (None, some))
            values = torch.where(count > 0, total / count.clamp_min(1), values)
    numbers = torch.zeros(len(flat), dtype=torch.int64)
    numbers[flat != 0] = _nearest(some, values) + 1
    return values, numbers.view_as(weight)


def _nearest(some: Tensor, values: Tensor) -> Tensor:
    """Return the place of the value that is nearest to each; values are ascending."""
    return torch.bucketize(some, (values[1:] + values[:-1]) / 2)


def _looked_up(values: Tensor, numbers: Tensor) -> Tensor:
    return torch.cat([values.new_zeros(1), values]).take(numbers)
