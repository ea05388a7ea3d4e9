"""Rows to learn from, resident on the device: batches are drawn with `index_select`.

A DataLoader spends most of its time collating rows (docs/BENCHMARKS.md).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from slipway.errors import DataError
from slipway.tables.heads import Head

Batch = tuple[Tensor, Tensor]

BATCHES_OF_A_POOL = 32
DRAWN_BYTES = 1 << 23
"""What is drawn at once, at most, or one batch: many rows wait for the memory together, and stay in the cache."""


@dataclass(frozen=True)
class Targets:
    """What is known of all targets.

    Attributes:
        counts: Rows of each class or label, by its number; None of values.
        mean: Of values; None of classes.
        variance: Of values; None of classes.
    """

    counts: Tensor | None = None
    mean: Tensor | None = None
    variance: Tensor | None = None

    @classmethod
    def of(cls, targets: Tensor) -> "Targets":
        """Look at targets [N]: int64 classes, or float32 values."""
        if targets.is_floating_point():
            return cls(mean=targets.mean(), variance=targets.var(correction=0))
        return cls(counts=torch.bincount(targets))

    def to(self, device: torch.device) -> "Targets":
        """Move what is known."""
        moved = (None if each is None else each.to(device) for each in (self.counts, self.mean, self.variance))
        return Targets(*moved)

    @property
    def are_values(self) -> bool:
        """Whether this is a regression."""
        return self.counts is None

    @property
    def center(self) -> Tensor:
        """Where a regression starts, so that its body learns numbers near one: the mean."""
        assert self.mean is not None, "classes have no mean"
        return self.mean

    @property
    def scale(self) -> Tensor:
        """The unit in which it learns: the spread, or 1 where all are equal."""
        assert self.variance is not None, "classes have no variance"
        return self.variance.sqrt() if self.variance > 0 else torch.ones(())


@dataclass(frozen=True)
class JointTargets:
    """What is known of several targets, each over the rows that have it."""

    heads: tuple[tuple[Head, Targets], ...]

    @classmethod
    def of(cls, targets: Tensor, heads: Sequence[Head]) -> "JointTargets":
        """Look at targets [N, targets] float32: classes as their numbers, NaN where one is missing.

        Raises:
            DataError: No row has one of the targets.
        """
        known = []
        for head in heads:
            column = targets[:, head.columns]
            column = column[~column.isnan().any(1)]
            if not len(column):
                raise DataError(
                    f"no training row has a value of '{head.name}': there is nothing to learn about it. Remove it from "
                    "product.more_targets, or bring rows that have it."
                )
            if head.has_labels:
                known.append((head, Targets(counts=column.sum(0))))
            else:
                one = column.squeeze(1)
                known.append((head, Targets.of(one if head.target.classes is None else one.long())))
        return cls(tuple(known))

    def to(self, device: torch.device) -> "JointTargets":
        """Move what is known."""
        return JointTargets(tuple((head, known.to(device)) for head, known in self.heads))


Known = Targets | JointTargets


def known_of(parts: Iterable[Tensor], heads: Sequence[Head] = ()) -> Known:
    """Look at targets that come part by part.

    Args:
        parts: At least one: [N] of one target, int64 classes or float32 values; [N, targets] where there are heads.
        heads: Of several targets, which are held together: four bytes for each and row.
    """
    if heads:
        return JointTargets.of(torch.cat(list(parts)), heads)
    rows, found = zip(*((len(part), Targets.of(part)) for part in parts), strict=True)
    if not found[0].are_values:
        return Targets(counts=pad_sequence([each.counts for each in found]).sum(1))
    means, variances = (torch.stack(each).double() for each in zip(*((k.mean, k.variance) for k in found), strict=True))
    shares = torch.tensor(rows, device=means.device).double() / sum(rows)
    mean = shares @ means
    return Targets(mean=mean.float(), variance=(shares @ (variances + (means - mean) ** 2)).float())


class Source(Protocol):
    """Training rows, wherever they lie."""

    @property
    def known(self) -> Known:
        """What is known of the targets."""

    @property
    def device(self) -> torch.device:
        """Where batches are."""

    def __len__(self) -> int:
        """Count the rows."""

    def first(self, num_rows: int) -> Tensor:
        """Return the features of the first rows."""

    def batches(self, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, in an order that the seed decides, without the first `skip`."""


@dataclass(frozen=True)
class Rows:
    """Rows on one device: features [N, ...] float32 or tokens int64; targets [N] int64 classes or float32 values.

    Several targets, and labels, lie side by side: [N, targets] float32, classes as numbers, NaN where missing.
    """

    features: Tensor
    targets: Tensor
    heads: tuple[Head, ...] = ()

    def to(self, device: torch.device, *, channels_last: bool = False) -> "Rows":
        """Move both; with `channels_last` images stay [N, C, H, W], and lie pixel by pixel."""
        features = self.features.to(device)
        if channels_last and features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return Rows(features, self.targets.to(device), self.heads)

    @property
    def known(self) -> Known:
        """What is known of the targets."""
        return known_of([self.targets], self.heads)

    @property
    def has_values(self) -> bool:
        """Whether the main target is a number."""
        return self.heads[0].target.classes is None if self.heads else self.targets.is_floating_point()

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.targets.device

    def __len__(self) -> int:
        return len(self.targets)

    def first(self, num_rows: int) -> Tensor:
        """Return the features of the first rows."""
        return self.features[:num_rows]

    def batches(self, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch in an order of its own, without the first `skip`."""
        return self.dealt(sizes(len(self), batch_size), seed=seed, skip=skip)

    def dealt(self, parts: list[int], *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield batches of these sizes, which add up to all rows, in an order of the seed, without the first `skip`.

        Several are drawn together, the same ones wherever an epoch goes on: a batch lies as it would have lain, and a
        network's arithmetic may round by that.
        """
        pixels = self._lie_pixel_by_pixel()
        features = self.features.permute(0, 2, 3, 1) if pixels else self.features
        batches = self._places(parts, seed)
        at_once = max(1, DRAWN_BYTES // (features[:1].nbytes * max(parts)))
        for start in range(skip - skip % at_once, len(batches), at_once):
            some = batches[start : start + at_once]
            drawn, num_rows = torch.cat(some), [len(each) for each in some]
            x, y = (rows.index_select(0, drawn).split(num_rows) for rows in (features, self.targets))
            for place in range(max(0, skip - start), len(some)):
                yield x[place].permute(0, 3, 1, 2) if pixels else x[place], y[place]

    def _places(self, parts: list[int], seed: int) -> list[Tensor]:
        """Return the places of each batch's rows.

        Texts of a batch are of like length, so that little of it is padding: the shuffled epoch is sorted by length in
        pools of some batches, and then its batches are shuffled.
        """
        order = shuffled(len(self), seed, self.device)
        if self.features.is_floating_point():
            return list(order.split(parts))
        lengths = self.features.count_nonzero(1)
        pools = [pool[lengths[pool].argsort(stable=True)] for pool in order.split(BATCHES_OF_A_POOL * max(parts))]
        batches = torch.cat(pools).split(parts)
        return [batches[place] for place in shuffled(len(batches), seed + 1, self.device).tolist()]

    def _lie_pixel_by_pixel(self) -> bool:
        """Say whether images are channels last: to draw rows of the view keeps them so, without a copy."""
        return self.features.ndim == 4 and not self.features.is_contiguous()


def sizes(num_rows: int, batch_size: int) -> list[int]:
    """Return the sizes of an epoch's batches: nearly equal, so that none of one row meets batch normalisation.

    >>> sizes(10, 4)
    [4, 3, 3]
    """
    num_batches = max(1, min(math.ceil(num_rows / batch_size), num_rows // 2))
    least, more = divmod(num_rows, num_batches)
    return [least + 1] * more + [least] * (num_batches - more)


def seed_of(seed: int, number: int) -> int:
    """Return the seed of an epoch, a buffer or a trial: another one for each number, and for each seed.

    >>> seed_of(7, 2)
    7000023
    """
    return (seed * 1_000_003 + number) % 2**63


def shuffled(num_rows: int, seed: int, device: torch.device) -> Tensor:
    """Return the order of an epoch, which its seed alone decides: [num_rows] int64."""
    return torch.randperm(num_rows, generator=torch.Generator(device).manual_seed(seed), device=device)
