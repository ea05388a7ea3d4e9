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


def texts(num_rows):
    tokens = torch.arange(1, num_rows + 1).unsqueeze(1).expand(num_rows, 40)
    lengths = torch.arange(num_rows) * 7 % 41
    return Rows(tokens * (torch.arange(40) < lengths.unsqueeze(1)), torch.arange(num_rows))


def test_texts_of_a_batch_are_of_like_length_and_come_once_in_an_order_of_their_seed():
    batches = list(texts(400).batches(8, seed=1))
    assert torch.cat([y for _, y in batches]).sort().values.tolist() == list(range(400))
    assert all(torch.equal(x, texts(400).features[y]) for x, y in batches)
    spans = [int((x != 0).sum(1).max() - (x != 0).sum(1).min()) for x, _ in batches]
    assert sum(spans) / len(spans) < 4, "of 40 tokens"
    assert [y.tolist() for _, y in texts(400).batches(8, seed=1, skip=3)] == [y.tolist() for _, y in batches[3:]]
    assert [y.tolist() for _, y in texts(400).batches(8, seed=2)] != [y.tolist() for _, y in batches]
    lengths = [int((x != 0).sum()) for x, _ in batches]
    assert lengths != sorted(lengths), "long ones do not come last"


def test_a_batch_lies_in_memory_as_it_would_have_lain_wherever_an_epoch_goes_on():
    def offsets(skip):
        return [x.storage_offset() for x, _ in rows(50).batches(8, seed=1, skip=skip)]

    assert [offsets(skip) for skip in (1, 3)] == [offsets(0)[1:], offsets(0)[3:]]
