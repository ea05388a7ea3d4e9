"""Corruptions of images, in the manner of Hendrycks and Dietterich (2019), for images of any size.

Their strengths are shares: of the range of a pixel, or of the shorter side, so that 8 x 8 and 224 x 224 pixels suffer
alike. A place beyond the border has the colour of the border.
"""

import math

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional

from slipway.tables.images import image_array
from slipway.transform.fitted import Pixels

GREY = 0.5


def corrupted(
    rows: pl.DataFrame, strength: float, luck: np.random.Generator, *, step: Pixels, name: str
) -> pl.DataFrame:
    """Corrupt the images of rows; pixels are whole numbers from 0 to their largest value before and after."""
    pixels = torch.from_numpy(image_array(rows[step.column], step.shape) / np.float32(step.max_value))
    generator = torch.Generator().manual_seed(int(luck.integers(2**63)))
    changed = IMAGES[name](pixels.permute(0, 3, 1, 2), strength, generator).clamp(0, 1).permute(0, 2, 3, 1)
    whole = (changed * step.max_value).round().to(torch.uint8).numpy()
    return rows.with_columns(pl.Series(step.column, [image.tobytes() for image in whole], dtype=pl.Binary))


def _noise(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Add normal noise whose standard deviation is a share of the range."""
    return x + strength * torch.randn(x.shape, generator=generator)


def _blur(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Blur by a Gaussian whose standard deviation is a share of the shorter side."""
    sigma = strength * min(x.shape[2:])
    reach = math.ceil(3 * sigma)
    weights = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel = (weights / weights.sum()).expand(x.shape[1], 1, -1)
    padded = functional.pad(x, (reach, reach, reach, reach), mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=x.shape[1])
    return functional.conv2d(across, kernel[:, :, :, None], groups=x.shape[1])


def _brightness(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Make each image brighter or darker by a share of the range."""
    return x + strength * _signs(x, generator)


def _contrast(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Draw each pixel towards its image's mean: that share of the contrast is lost."""
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + max(0.0, 1 - strength) * (x - mean)


def _shift(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Move each image into a direction of its own by a share of the shorter side."""
    angle = 2 * math.pi * torch.rand(len(x), generator=generator)
    reach = strength * min(x.shape[2:])
    return _moved(x, torch.zeros(len(x)), reach * angle.cos(), reach * angle.sin())


def _rotation(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Turn each image to the left or the right by so many degrees."""
    nothing = torch.zeros(len(x))
    return _moved(x, math.radians(strength) * _signs(x, generator).flatten(), nothing, nothing)


def _occlusion(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Hide a grey square somewhere inside, whose side is a share of the shorter one."""
    height, width = x.shape[2:]
    side = min(height, width, max(1, round(strength * min(height, width))))
    top = torch.randint(height - side + 1, (len(x), 1), generator=generator)
    left = torch.randint(width - side + 1, (len(x), 1), generator=generator)
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= top) & (rows < top + side))[:, :, None] & ((columns >= left) & (columns < left + side))[:, None]
    return x.masked_fill(inside[:, None], GREY)


def _moved(x: Tensor, angle: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Resample each image once, turned by an angle [N] about its middle and moved by pixels [N]."""
    _, _, height, width = x.shape
    cos, sin, ratio = angle.cos(), angle.sin(), height / width  # the units of x and y differ where it is not square
    matrix = [cos, -sin * ratio, -2 * right / width, sin / ratio, cos, -2 * down / height]
    grid = functional.affine_grid(torch.stack(matrix, dim=1).reshape(-1, 2, 3), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _signs(x: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 1 or -1 for each image: [N, 1, 1, 1]."""
    return torch.randint(2, (len(x), 1, 1, 1), generator=generator) * 2.0 - 1


IMAGES = {
    "noise": _noise,
    "blur": _blur,
    "brightness": _brightness,
    "contrast": _contrast,
    "shift": _shift,
    "rotation": _rotation,
    "occlusion": _occlusion,
}
