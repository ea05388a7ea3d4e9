"""Streamed rows: every one once an epoch, mixed within a buffer, bounded in what is held, and resumable."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from slipway.learning.rows import Targets
from slipway.learning.streaming import Streamed

CPU = torch.device("cpu")


def streamed(num_rows, *, group=7, buffer=15, reads=None):
    features, targets = torch.arange(num_rows).float().unsqueeze(1), torch.arange(num_rows)

    def read(start, count):
        if reads is not None:
            reads.append((start, count))
        return features[start : start + count], targets[start : start + count]

    return Streamed(read, num_rows, Targets.of(targets), group_rows=group, buffer_rows=buffer, device=CPU)


@given(num_rows=st.integers(2, 120), batch_size=st.integers(2, 40), seed=st.integers(0, 2**63 - 1))
def test_every_row_comes_once_in_batches_of_the_asked_size(num_rows, batch_size, seed):
    batches = list(streamed(num_rows).batches(batch_size, seed=seed))
    assert torch.cat([y for _, y in batches]).sort().values.tolist() == list(range(num_rows))
    assert all(torch.equal(x.squeeze(1), y.float()) for x, y in batches)
    assert max(len(y) for _, y in batches) <= max(batch_size, 3)


@given(num_rows=st.integers(2, 120), seed=st.integers(0, 2**63 - 1), data=st.data())
def test_an_epoch_can_go_on_at_any_batch(num_rows, seed, data):
    whole = [y.tolist() for _, y in streamed(num_rows).batches(8, seed=seed)]
    skip = data.draw(st.integers(0, len(whole)))
    assert [y.tolist() for _, y in streamed(num_rows).batches(8, seed=seed, skip=skip)] == whole[skip:]


def test_rows_of_a_buffer_are_mixed_and_buffers_before_the_first_wanted_are_not_read():
    reads = []
    list(streamed(70, reads=reads).batches(7, seed=3))
    assert sorted(reads) == [(start, 7) for start in range(0, 70, 7)]
    first = next(streamed(70).batches(7, seed=3))[1].tolist()
    assert first != sorted(first)
    assert len({row // 7 for row in first}) == 2  # two row groups at once
    reads.clear()
    list(streamed(70, reads=reads).batches(7, seed=3, skip=8))
    assert len(reads) == 2


def test_another_epoch_has_another_order():
    one, other = ([y.tolist() for _, y in streamed(70).batches(7, seed=seed)] for seed in (1, 2))
    assert one != other
