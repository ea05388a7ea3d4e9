"""What train does to each batch, on its device: policy.json applied to scaled features."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from slipway.product.augment import Policy


def augment_batch(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Return an augmented copy of a batch.

    Rows [B, F] get noise alone, images [B, C, H, W] all of the policy, tokens nothing: they are no quantities.

    One resampling does flip, turn and shift together, so an image is blurred once. The border is
    repeated outwards: on scaled features zero is grey, not background.
    """
    if not x.is_floating_point():
        return x
    if x.ndim == 4 and (policy.flip or policy.shift_pixels or policy.rotate_degrees):
        grid = functional.affine_grid(_affine(x, policy, generator), list(x.shape), align_corners=False)
        x = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
    if policy.noise:
        x = x + policy.noise * torch.randn(x.shape, generator=generator, device=x.device)
    return x


def _affine(x: Tensor, policy: Policy, generator: torch.Generator) -> Tensor:
    """Draw one matrix [B, 2, 3] for each image, from target to source in units where the image is 2 wide."""
    batch, _, height, width = x.shape
    uniform = torch.rand(4, batch, generator=generator, device=x.device) * 2 - 1
    angle = uniform[0] * math.radians(policy.rotate_degrees)
    mirror = torch.where(uniform[1] < 0, -1.0, 1.0) if policy.flip else torch.ones_like(angle)
    shift_x = uniform[2] * policy.shift_pixels * 2 / width
    shift_y = uniform[3] * policy.shift_pixels * 2 / height
    cos, sin = angle.cos(), angle.sin()
    ratio = height / width  # the units of x and y differ on an image that is not square
    rows = [cos * mirror, -sin * ratio, shift_x, sin * mirror / ratio, cos, shift_y]
    return torch.stack(rows, dim=1).reshape(batch, 2, 3)
