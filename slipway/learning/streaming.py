"""Rows that the memory does not hold: read from row groups of a table, mixed in a buffer, batch by batch.

An epoch takes the row groups in a new order, a few at a time; the rows of those are shuffled together. The next few
are read while the network learns from these.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from slipway.learning.rows import Batch, Known, shuffled, sizes

Read = Callable[[int, int], Batch]
"""From a first row and a number of rows to their features and targets, on the CPU."""

SEEDS = 1_000_003
"""Between the seeds of two epochs' buffers."""


class Streamed:
    """A source of training rows (slipway.learning.rows.Source) that holds about five buffers at its peak.

    Two are being made into one another while the reader shuffles, and the network learns from the one before.

    Args:
        read: Reads some rows.
        num_rows: How many there are.
        known: What is known of all targets.
        group_rows: Rows of a row group: what is read lies within one.
        buffer_rows: Rows that are shuffled together, at least a row group.
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
        self.group_rows, self.groups_at_once = group_rows, max(1, buffer_rows // group_rows)
        self.channels_last = channels_last

    def __len__(self) -> int:
        return self.num_rows

    def first(self, num_rows: int) -> Tensor:
        """Return the features of the first rows."""
        return self.read(0, num_rows)[0].to(self.device)

    def batches(self, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch; buffers that lie before the first wanted one are not read."""
        parts = sizes(self.num_rows, batch_size)
        left, parts = sum(parts[:skip]), parts[skip:]
        held: Batch | None = None
        for buffer in self._buffers(seed, left):
            held = buffer if held is None else (torch.cat([held[0], buffer[0]]), torch.cat([held[1], buffer[1]]))
            start = 0
            while parts and start + parts[0] <= len(held[1]):
                end = start + parts.pop(0)
                yield self._placed(held[0][start:end], held[1][start:end])
                start = end
            held = (held[0][start:], held[1][start:])
        assert not parts

    def _placed(self, x: Tensor, y: Tensor) -> Batch:
        form = torch.channels_last if self.channels_last and x.ndim == 4 else torch.contiguous_format
        return x.to(self.device).contiguous(memory_format=form), y.to(self.device)

    def _buffers(self, seed: int, left_out: int) -> Iterator[Batch]:
        """Yield shuffled buffers, without the first rows; one is read ahead."""
        plan = [(groups, (SEEDS * seed + place) % 2**63) for place, groups in enumerate(self._plan(seed))]
        while plan and left_out >= (size := sum(num_rows for _, num_rows in plan[0][0])):
            plan, left_out = plan[1:], left_out - size
        with ThreadPoolExecutor(1) as reader:
            waiting = [reader.submit(self._mixed, *each) for each in plan[:1]]
            for each in [*plan[1:], None]:
                if not waiting:
                    return
                x, y = waiting.pop().result()
                if each is not None:
                    waiting.append(reader.submit(self._mixed, *each))
                yield x[left_out:], y[left_out:]
                left_out = 0

    def _plan(self, seed: int) -> list[list[tuple[int, int]]]:
        """Return the row groups of each buffer, each as its first row and its number of rows."""
        starts = torch.arange(0, self.num_rows, self.group_rows)
        order = starts[shuffled(len(starts), seed, torch.device("cpu"))].tolist()
        groups = [(start, min(self.group_rows, self.num_rows - start)) for start in order]
        return [groups[place : place + self.groups_at_once] for place in range(0, len(groups), self.groups_at_once)]

    def _mixed(self, groups: list[tuple[int, int]], seed: int) -> Batch:
        read = [self.read(start, num_rows) for start, num_rows in groups]
        x, y = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*read, strict=True))
        order = shuffled(len(y), seed, torch.device("cpu"))
        return x.index_select(0, order), y.index_select(0, order)
