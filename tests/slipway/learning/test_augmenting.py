"""Augmentation by batch: what each part of the policy does to pixels."""

import torch

from slipway.learning.augmenting import augment_batch
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
