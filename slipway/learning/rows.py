"""Rows to learn from, resident on the device: batches are drawn with `index_select`.

A DataLoader spends most of its time collating rows (docs/BENCHMARKS.md).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]

DRAWN_BYTES = 1 << 20
"""What is drawn at once, at most, or one batch: it stays in a core's cache."""


@dataclass(frozen=True)
class Rows:
    """Rows on one device: features [N, ...] float32 or tokens int64; targets [N] int64 classes or float32 values."""

    features: Tensor
    targets: Tensor

    def to(self, device: torch.device, *, channels_last: bool = False) -> "Rows":
        """Move both; with `channels_last` images stay [N, C, H, W], and lie pixel by pixel."""
        features = self.features.to(device)
        if channels_last and features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return Rows(features, self.targets.to(device))

    def __len__(self) -> int:
        return len(self.targets)

    def num_batches(self, batch_size: int) -> int:
        """Return how many nearly equal parts an epoch has: no batch of one row meets batch normalisation."""
        return max(1, min(math.ceil(len(self) / batch_size), len(self) // 2))

    def batches(self, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch in an order of its own, without the first `skip`.

        Small ones are drawn several at a time: a call costs as much as some hundred rows of a table.
        """
        pixels = self._lie_pixel_by_pixel()
        features = self.features.permute(0, 2, 3, 1) if pixels else self.features
        order = shuffled(len(self), seed, self.targets.device)
        batches = order.tensor_split(self.num_batches(batch_size))[skip:]
        at_once = max(1, DRAWN_BYTES // (features[:1].nbytes * batch_size))
        for start in range(0, len(batches), at_once):
            some = batches[start : start + at_once]
            drawn = torch.cat(some) if len(some) > 1 else some[0]
            sizes = [len(each) for each in some]
            x, y = features.index_select(0, drawn).split(sizes), self.targets.index_select(0, drawn).split(sizes)
            for some_x, some_y in zip(x, y, strict=True):
                yield some_x.permute(0, 3, 1, 2) if pixels else some_x, some_y

    def _lie_pixel_by_pixel(self) -> bool:
        """Say whether images are channels last: to draw rows of the view keeps them so, without a copy."""
        return self.features.ndim == 4 and not self.features.is_contiguous()


def shuffled(num_rows: int, seed: int, device: torch.device) -> Tensor:
    """Return the order of an epoch, which its seed alone decides: [num_rows] int64."""
    return torch.randperm(num_rows, generator=torch.Generator(device).manual_seed(seed), device=device)
