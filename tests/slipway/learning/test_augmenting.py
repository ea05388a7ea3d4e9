"""Augmentation by batch: what each part of the policy does to pixels."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slipway.learning.augmenting import augment_batch, mix
from slipway.product.augment import Policy


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def corner(batch: int = 64) -> torch.Tensor:
    images = torch.zeros(batch, 1, 8, 8)
    images[:, :, 1:3, 1:3] = 1
    return images


def test_an_empty_policy_changes_nothing() -> None:
    assert torch.equal(augment_batch(corner(), Policy(), generator()), corner())


def test_tokens_are_no_quantities_and_stay() -> None:
    tokens = torch.randint(0, 50, (8, 6))
    policy = Policy(flip=True, shift_pixels=2, rotate_degrees=30, noise=0.1)
    assert torch.equal(augment_batch(tokens, policy, generator()), tokens)


def test_the_same_generator_gives_the_same_batch() -> None:
    policy = Policy(flip=True, shift_pixels=2, rotate_degrees=30, noise=0.1)
    assert torch.equal(*(augment_batch(corner(), policy, generator(3)) for _ in range(2)))


def test_a_flip_mirrors_about_half_of_the_images_left_to_right() -> None:
    flipped = augment_batch(corner(), Policy(flip=True), generator())
    mirrored = (flipped[:, 0, 1, 6] > 0.9).sum().item()
    assert 16 < mirrored < 48
    assert torch.allclose(flipped.sum((1, 2, 3)), torch.full((64,), 4.0), atol=1e-4)


def test_a_shift_moves_by_no_more_than_it_says() -> None:
    moved = augment_batch(corner(), Policy(shift_pixels=1), generator())
    assert not torch.equal(moved, corner())
    assert moved[:, :, 4:, :].abs().max() == 0
    assert moved[:, :, :, 4:].abs().max() == 0


def test_a_turned_image_keeps_its_middle() -> None:
    images = torch.zeros(8, 1, 9, 9)
    images[:, :, 4, 4] = 1
    turned = augment_batch(images, Policy(rotate_degrees=90), generator())
    assert torch.allclose(turned[:, 0, 4, 4], torch.ones(8), atol=1e-4)


def test_a_turn_keeps_distances_on_an_image_that_is_not_square() -> None:
    images = torch.zeros(200, 1, 9, 17)
    images[:, :, 4, 8 + 3] = 1
    turned = augment_batch(images, Policy(rotate_degrees=90), generator())[:, 0]
    y, x = torch.meshgrid(torch.arange(9.0) - 4, torch.arange(17.0) - 8, indexing="ij")
    mass = turned.sum((1, 2))
    distance = ((turned * x).sum((1, 2)) / mass).hypot((turned * y).sum((1, 2)) / mass)
    assert torch.allclose(distance, torch.full((200,), 3.0), atol=0.2)


def test_the_border_is_repeated_because_zero_is_grey_on_scaled_pixels() -> None:
    images = torch.full((16, 1, 8, 8), -2.0)
    assert torch.allclose(augment_batch(images, Policy(shift_pixels=3, rotate_degrees=45), generator()), images)


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    noised = augment_batch(torch.zeros(1000, 10), Policy(noise=0.5, flip=True), generator())
    assert abs(noised.std().item() - 0.5) < 0.02


def test_a_shift_without_a_turn_moves_whole_pixels() -> None:
    moved = augment_batch(corner(), Policy(shift_pixels=2), generator())
    assert set(moved.unique().tolist()) == {0.0, 1.0}
    assert len({tuple(image.flatten().tolist()) for image in moved}) > 5


def test_zoom_changes_the_size_by_no_more_than_it_says() -> None:
    images = torch.zeros(64, 1, 16, 16)
    images[:, :, 4:12, 4:12] = 1
    sizes = augment_batch(images, Policy(zoom=0.25), generator()).sum((1, 2, 3)).sqrt()
    assert 8 * 0.7 < sizes.min() < 7
    assert 9 < sizes.max() < 8 * 1.3


def test_a_crop_stretches_a_window_that_lies_within_the_image() -> None:
    ramp = torch.linspace(-1, 1, 16).expand(64, 1, 16, 16)
    cropped = augment_batch(ramp, Policy(crop=0.5), generator())
    spread = cropped[:, 0, 8, -1] - cropped[:, 0, 8, 0]
    assert 0.8 < spread.min() < 1.2
    assert spread.max() > 1.6
    assert cropped.abs().max() <= 1.0001


def test_erasing_blanks_a_rectangle_of_at_most_that_share() -> None:
    erased = augment_batch(torch.ones(200, 2, 10, 10), Policy(erase=0.5), generator())
    blank = (erased == 0).float()
    assert torch.equal(blank[:, 0], blank[:, 1])
    assert 0.02 < blank.mean() < 0.12  # a quarter of the area at most, a sixteenth on average
    assert blank.mean((1, 2, 3)).max() <= 0.3


def test_mixup_blends_rows_and_says_of_what() -> None:
    x, y = torch.eye(6), torch.arange(6)
    blended, mixed = mix(x, y, Policy(mixup=0.4), generator(), random.Random(1))
    assert 0 < mixed.share < 1
    assert torch.allclose(blended, mixed.share * x + (1 - mixed.share) * torch.eye(6)[mixed.others])


WORDS = st.lists(st.integers(1, 9), max_size=7).map(lambda ids: ids + [0] * (8 - len(ids)))


@given(texts=st.lists(WORDS, min_size=1, max_size=5), seed=st.integers(0, 99))
def test_tokens_are_dropped_and_swapped_and_padding_stays_behind(texts: list[list[int]], seed: int) -> None:
    tokens = torch.tensor(texts)
    dropped = augment_batch(tokens, Policy(token_drop=0.4), generator(seed))
    swapped = augment_batch(tokens, Policy(token_swap=0.5), generator(seed))
    for before, after in zip(tokens.tolist(), dropped.tolist(), strict=True):
        kept = [token for token in after if token]
        assert after == kept + [0] * (8 - len(kept))
        assert bool(kept) == any(before)
        rest = iter(before)
        assert all(token in rest for token in kept)  # in their order
    for before, after in zip(tokens.tolist(), swapped.tolist(), strict=True):
        assert sorted(after) == sorted(before)
        assert [token == 0 for token in after] == [token == 0 for token in before]


def test_numbers_are_never_added_to_tokens() -> None:
    tokens = torch.tensor([[3, 4, 0]])
    assert torch.equal(augment_batch(tokens, Policy(noise=1.0), generator()), tokens)


@pytest.mark.parametrize("policy", [Policy(), Policy(noise=0.1, mixup=0.2, token_drop=0.1)])
def test_a_policy_knows_what_it_asks_for(policy: Policy) -> None:
    assert policy.asked == ([] if policy == Policy() else ["noise", "mixup", "token_drop"])
