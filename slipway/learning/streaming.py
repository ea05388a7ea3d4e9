"""Rows that the memory does not hold: read from row groups of a table, mixed in a buffer, batch by batch.

An epoch takes blocks of rows in a new order, as many as a buffer holds, and deals these out as resident rows are dealt
out. The next buffer is filled while the network learns from this one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from slipway.learning.rows import Batch, Known, Rows, seed_of, shuffled, sizes

Read = Callable[[int, int], Batch]
"""From a first row and a number of rows to their features and targets, on the CPU."""

LEAST_BLOCKS = 8
"""From so many places of the table come the rows of a buffer, or it would mix neighbours alone."""


@dataclass(frozen=True)
class Filling:
    """What a buffer is filled with.

    Attributes:
        ranges: Rows of the table, each a first row and a number of rows.
        batches: The sizes of the batches that they make, without a rest.
        seed: Of their order.
    """

    ranges: list[tuple[int, int]]
    batches: list[int]
    seed: int


class Streamed:
    """A source of training rows (slipway.learning.rows.Source) that holds two buffers, and the rows being read.

    Args:
        read: Reads some rows.
        num_rows: How many there are.
        known: What is known of all targets.
        group_rows: Rows of a row group: what is read at once lies within one.
        buffer_rows: Rows that are shuffled together, at most, or one batch.
        device: Where batches go.
        channels_last: Whether images come pixel by pixel.
    """

    def __init__(
        self,
        read: Read,
        num_rows: int,
        known: Known,
        *,
        group_rows: int,
        buffer_rows: int,
        device: torch.device,
        channels_last: bool = False,
    ) -> None:
        self.read, self.num_rows, self.known, self.device = read, num_rows, known, device
        self.buffer_rows, self.channels_last = buffer_rows, channels_last
        self.block_rows = min(group_rows, max(1, buffer_rows // LEAST_BLOCKS))

    def __len__(self) -> int:
        return self.num_rows

    def first(self, num_rows: int) -> Tensor:
        """Return the features of the first rows."""
        return self.read(0, num_rows)[0].to(self.device)

    def batches(self, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch; buffers that lie before the first wanted one are not read."""
        plan = self._plan(batch_size, seed)
        while plan and skip >= len(plan[0].batches):
            skip -= len(plan.pop(0).batches)
        if not plan:
            return
        empty = self._empty(len(plan[:2]), max(sum(each.batches) for each in plan))
        with ThreadPoolExecutor(1) as reader:
            waiting = reader.submit(filled, empty[0], plan[0], self.read)
            for place, filling in enumerate(plan):
                rows = waiting.result()
                if place + 1 < len(plan):
                    waiting = reader.submit(filled, empty[(place + 1) % 2], plan[place + 1], self.read)
                for x, y in rows.dealt(filling.batches, seed=filling.seed, skip=skip):
                    yield x.to(self.device), y.to(self.device)
                skip = 0

    def _plan(self, batch_size: int, seed: int) -> list[Filling]:
        """Return what the buffers of an epoch hold, each a whole number of batches."""
        parts, blocks = sizes(self.num_rows, batch_size), self._blocks(seed)
        at_once = max(1, self.buffer_rows // parts[0])
        some = [parts[start : start + at_once] for start in range(0, len(parts), at_once)]
        return [
            Filling(taken(blocks, sum(batches)), batches, seed_of(seed, place)) for place, batches in enumerate(some)
        ]

    def _blocks(self, seed: int) -> list[tuple[int, int]]:
        """Return the blocks of the table in the order of an epoch, each as its first row and its number of rows."""
        starts = torch.arange(0, self.num_rows, self.block_rows)
        order = starts[shuffled(len(starts), seed, torch.device("cpu"))].tolist()
        return [(start, min(self.block_rows, self.num_rows - start)) for start in order]

    def _empty(self, count: int, num_rows: int) -> list[Rows]:
        """Return buffers."""
        x, y = self.read(0, 1)
        form = torch.channels_last if self.channels_last and x.ndim == 4 else torch.contiguous_format
        shape = (num_rows, *x.shape[1:])
        return [
            Rows(torch.empty(shape, dtype=x.dtype, memory_format=form), y.new_empty(num_rows, *y.shape[1:]))
            for _ in range(count)
        ]


def taken(blocks: list[tuple[int, int]], num_rows: int) -> list[tuple[int, int]]:
    """Take so many rows from the end of a list of blocks, which keeps the rest.

    >>> blocks = [(0, 5), (10, 5)]
    >>> taken(blocks, 7), blocks
    ([(10, 5), (0, 2)], [(2, 3)])
    """
    found = []
    while num_rows:
        start, size = blocks.pop()
        found.append((start, min(size, num_rows)))
        if size > num_rows:
            blocks.append((start + num_rows, size - num_rows))
        num_rows -= found[-1][1]
    return found


def filled(buffer: Rows, filling: Filling, read: Read) -> Rows:
    """Read rows into a buffer, and return the part of it that they take."""
    end = 0
    for start, num_rows in filling.ranges:
        place = slice(end, end + num_rows)
        buffer.features[place], buffer.targets[place] = read(start, num_rows)
        end += num_rows
    return Rows(buffer.features[:end], buffer.targets[:end])
