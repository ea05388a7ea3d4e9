"""Streamed rows: every one once an epoch, mixed within a buffer, bounded in what is held, and resumable."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slipway.learning.rows import Targets, known_of
from slipway.learning.streaming import Streamed

CPU = torch.device("cpu")


def streamed(num_rows, *, group=7, buffer=56, reads=None, features=None, **options):
    if features is None:
        features = torch.arange(num_rows).float().unsqueeze(1)
    targets = torch.arange(num_rows)

    def read(start, count):
        if reads is not None:
            reads.append((start, count))
        return features[start : start + count], targets[start : start + count]

    known = Targets.of(targets)
    return Streamed(read, num_rows, known, group_rows=group, buffer_rows=buffer, device=CPU, **options)


def targets_of(batches):
    return [y.tolist() for _, y in batches]


SIZES = {"buffer": st.integers(2, 90), "group": st.integers(1, 30), "batch_size": st.integers(2, 40)}


@given(num_rows=st.integers(2, 120), seed=st.integers(0, 2**63 - 1), **SIZES)
def test_every_row_comes_once_in_batches_of_the_asked_size(num_rows, batch_size, seed, buffer, group):
    batches = list(streamed(num_rows, buffer=buffer, group=group).batches(batch_size, seed=seed))
    assert torch.cat([y for _, y in batches]).sort().values.tolist() == list(range(num_rows))
    assert all(torch.equal(x.squeeze(1), y.float()) for x, y in batches)
    assert max(len(y) for _, y in batches) <= max(batch_size, 3)


@given(num_rows=st.integers(2, 120), seed=st.integers(0, 2**63 - 1), data=st.data(), **SIZES)
def test_an_epoch_can_go_on_at_any_batch(num_rows, batch_size, seed, buffer, group, data):
    def batches(skip=0):
        return targets_of(streamed(num_rows, buffer=buffer, group=group).batches(batch_size, seed=seed, skip=skip))

    skip = data.draw(st.integers(0, len(batches())))
    assert batches(skip) == batches()[skip:]


def test_rows_of_a_buffer_are_mixed_and_buffers_before_the_first_wanted_are_not_read():
    reads = []
    whole = targets_of(streamed(560, reads=reads).batches(14, seed=3))
    assert sorted(reads[1:]) == [(start, 7) for start in range(0, 560, 7)]
    first = {row // 7 for row in whole[0]}
    assert len(first) > 2, "rows of several row groups at once"
    assert len({row // 7 for batch in whole[:4] for row in batch}) == 8, "of one buffer"
    reads.clear()
    list(streamed(560, reads=reads).batches(14, seed=3, skip=36))
    assert len(reads[1:]) == 8


def test_no_more_than_two_buffers_are_filled_before_a_batch_is_drawn():
    reads = []
    batches = streamed(560, reads=reads).batches(14, seed=3)
    next(batches)
    batches.close()  # waits for what is being read
    assert len(reads[1:]) == 16


def test_a_buffer_of_large_row_groups_still_mixes_rows_of_several_places():
    first = targets_of(streamed(1000, group=500, buffer=80).batches(40, seed=1))[:2]
    places = sorted(row for batch in first for row in batch)
    assert sum(after - before > 1 for before, after in itertools.pairwise(places)) >= 5


def test_another_epoch_has_another_order():
    one, other = (targets_of(streamed(70).batches(7, seed=seed)) for seed in (1, 2))
    assert one != other


def test_texts_of_a_batch_are_of_like_length():
    lengths = torch.randint(1, 41, (800,), generator=torch.Generator().manual_seed(1))
    tokens = (torch.arange(40) < lengths.unsqueeze(1)).long()

    def batches(skip=0):
        return list(streamed(800, group=40, buffer=320, features=tokens).batches(8, seed=1, skip=skip))

    assert torch.cat([y for _, y in batches()]).sort().values.tolist() == list(range(800))
    assert all(torch.equal(x, tokens[y]) for x, y in batches())
    spans = [int(x.sum(1).max() - x.sum(1).min()) for x, _ in batches()]
    assert sum(spans) / len(spans) < 4, "of 40 tokens"
    assert targets_of(batches(skip=55)) == targets_of(batches())[55:]


def test_images_come_pixel_by_pixel_where_they_shall():
    images = torch.randn(30, 3, 4, 4)
    for x, y in streamed(30, features=images, channels_last=True).batches(8, seed=1):
        assert torch.equal(x, images[y])
        assert x.is_contiguous(memory_format=torch.channels_last)


@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5), seed=st.integers(0, 999))
def test_targets_that_come_in_parts_are_known_as_those_that_are_held(sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, 5, (sum(sizes),), generator=generator)
    assert torch.equal(known_of(classes.split(sizes)).counts, Targets.of(classes).counts)
    values = 1000 + torch.randn(sum(sizes), generator=generator)
    in_parts, held = known_of(values.split(sizes)), Targets.of(values)
    assert in_parts.mean.item() == pytest.approx(held.mean.item(), rel=1e-6)
    assert in_parts.variance.item() == pytest.approx(held.variance.item(), rel=1e-3, abs=1e-6)
    assert in_parts.mean.dtype == torch.float32
