"""Batches of an epoch: all rows once, in an order that the seed decides; images stay as they lie."""

import torch

from slipway.learning.rows import Rows


def rows(num_rows):
    return Rows(torch.arange(num_rows).float().unsqueeze(1), torch.arange(num_rows))


def test_an_epoch_has_every_row_once_in_an_order_of_its_seed():
    drawn = [torch.cat([y for _, y in rows(50).batches(8, seed=seed)]) for seed in (1, 1, 2)]
    assert drawn[0].sort().values.tolist() == list(range(50))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_features_and_targets_stay_together():
    assert all(torch.equal(x.squeeze(1), y.float()) for x, y in rows(50).batches(8, seed=1))


def test_the_first_batches_can_be_skipped():
    whole = list(rows(50).batches(8, seed=1))
    rest = list(rows(50).batches(8, seed=1, skip=3))
    assert [y.tolist() for _, y in rest] == [y.tolist() for _, y in whole[3:]]


def test_images_that_lie_pixel_by_pixel_are_drawn_so():
    images = Rows(torch.randn(6, 3, 4, 4), torch.arange(6))
    plain, pixels = images.to(torch.device("cpu")), images.to(torch.device("cpu"), channels_last=True)
    for (x, _), (same, _) in zip(plain.batches(3, seed=1), pixels.batches(3, seed=1), strict=True):
        assert torch.equal(x, same)
        assert same.is_contiguous(memory_format=torch.channels_last)
