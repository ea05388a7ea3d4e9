"""What train does to each batch, on its device: policy.json applied to scaled features.

Privacy: copies of one row are made inside the step, and mixup lets two rows meet, which DP-SGD will have to refuse.
"""

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from slipway.product.augment import Policy


@dataclass(frozen=True)
class Mixed:
    """What half of a blended batch is of: the loss is `share` times that of the first targets, and the rest."""

    others: Tensor
    share: float


def augment_batch(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Return an augmented copy of a batch: images [B, C, H, W], rows [B, F] or tokens [B, T], each its own part.

    The border of an image is repeated outwards: on scaled features zero is grey, not background.
    """
    if not x.is_floating_point():
        return _edited(x, policy, generator)
    if x.ndim == 4:
        if policy.rotate_degrees or policy.zoom or policy.crop < 1:
            x = _resampled(x, policy, generator)
        elif policy.flip or policy.shift_pixels:
            x = _moved(x, policy, generator)
        if policy.erase:
            x = _erased(x, policy.erase, generator)
    if policy.noise:
        x = x + policy.noise * torch.randn(x.shape, generator=generator, device=x.device)
    return x


def mix(x: Tensor, y: Tensor, policy: Policy, generator: torch.Generator, luck: random.Random) -> tuple[Tensor, Mixed]:
    """Blend each row with another one of the batch.

    Args:
        x: Features [B, ...] float32.
        y: Targets [B].
        policy: Its `mixup` is above 0.
        generator: Says with which row.
        luck: Says how much; one share for the batch.
    """
    share = luck.betavariate(policy.mixup, policy.mixup)
    order = torch.randperm(len(x), generator=generator, device=x.device)
    return torch.lerp(x[order], x, share), Mixed(y[order], share)


def _uniform(count: int, x: Tensor, generator: torch.Generator) -> Tensor:
    """Draw [count, B] numbers between -1 and 1."""
    return torch.rand(count, len(x), generator=generator, device=x.device) * 2 - 1


def _moved(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Flip and shift by whole pixels: rows and columns are looked up, and nothing is blurred."""
    _, _, height, width = x.shape
    drawn, reach = _uniform(3, x, generator), policy.shift_pixels
    down, right = ((drawn[place] * (reach + 0.5)).round().long().clamp(-reach, reach) for place in (0, 1))
    rows = (torch.arange(height, device=x.device) + down[:, None]).clamp(0, height - 1)
    columns = (torch.arange(width, device=x.device) + right[:, None]).clamp(0, width - 1)
    if policy.flip:
        columns = torch.where((drawn[2] < 0)[:, None], width - 1 - columns, columns)
    images = torch.arange(len(x), device=x.device)
    return x.permute(0, 2, 3, 1)[images[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _resampled(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Flip, turn, zoom, crop and shift in one resampling, so that an image is blurred once."""
    grid = functional.affine_grid(_affine(x, policy, generator), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _affine(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Draw one matrix [B, 2, 3] for each image, from target to source in units where the image is 2 wide."""
    batch, _, height, width = x.shape
    turn, side, right, down, zoom, window, left, top = _uniform(8, x, generator)
    angle = turn * math.radians(policy.rotate_degrees)
    mirror = torch.where(side < 0, -1.0, 1.0) if policy.flip else torch.ones_like(angle)
    share = policy.crop + (1 - policy.crop) * (window + 1) / 2
    size = share / (1 + policy.zoom * zoom)
    shift_x = right * policy.shift_pixels * 2 / width + left * (1 - share)
    shift_y = down * policy.shift_pixels * 2 / height + top * (1 - share)
    cos, sin = size * angle.cos(), size * angle.sin()
    ratio = height / width  # the units of x and y differ on an image that is not square
    rows = [cos * mirror, -sin * ratio, shift_x, sin * mirror / ratio, cos, shift_y]
    return torch.stack(rows, dim=1).reshape(batch, 2, 3)


def _erased(x: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Blank a rectangle of each image (Zhong et al. 2020): zero is the mean of the scaled training pixels."""
    tall, wide, top, left = (_uniform(4, x, generator) + 1) / 2
    inside = _band(x.shape[2], tall * most, top)[:, :, None] & _band(x.shape[3], wide * most, left)[:, None, :]
    return x.masked_fill(inside[:, None], 0.0)


def _band(length: int, share: Tensor, start: Tensor) -> Tensor:
    """Say of each of `length` places [B, length] whether it is inside a band of that share that starts somewhere."""
    places = torch.arange(length, device=share.device)
    first = (start * (1 - share) * length)[:, None]
    return (places >= first) & (places < first + (share * length)[:, None])


def _edited(tokens: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Leave tokens out, and swap neighbours; 0 is padding, which stays behind the others."""
    if policy.token_drop:
        gone = torch.rand(tokens.shape, generator=generator, device=tokens.device) < policy.token_drop
        kept = tokens.masked_fill(gone, 0)
        order = (kept == 0).to(torch.uint8).argsort(dim=1, stable=True)
        tokens = torch.where((kept != 0).any(1, keepdim=True), kept.gather(1, order), tokens)
    if policy.token_swap:
        pairs = tokens[:, : tokens.shape[1] // 2 * 2].unflatten(1, (-1, 2))
        drawn = torch.rand(pairs.shape[:2], generator=generator, device=tokens.device) < policy.token_swap
        swapped = torch.where((drawn & (pairs != 0).all(2))[:, :, None], pairs.flip(2), pairs).flatten(1)
        tokens = torch.cat([swapped, tokens[:, swapped.shape[1] :]], dim=1)
    return tokens
