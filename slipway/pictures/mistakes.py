"""A sheet of the images that the model is most sure of and wrong about, each with its true and its given class."""

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from slipway.pictures.samples import embedded

COLUMNS, SIDE, MAX_SIDE = 6, 84, 64
LEFT, TEXT, GAP = 4, 16, 14
MAX_NAME = 14


def mistakes_sheet(images: npt.NDArray[np.uint8], captions: Sequence[tuple[str, str]], *, max_value: float) -> str:
    """Draw a grid of images, the worst first.

    Args:
        images: [N, H, W, C] of one or three channels.
        captions: Of each its true and its given class.
        max_value: Of a pixel; it is drawn white.
    """
    pixels = np.clip(images * (255 / max_value), 0, 255).round().astype(np.uint8)
    height = SIDE + 2 * TEXT + GAP
    wide, tall = min(COLUMNS, len(images)) * (SIDE + GAP), -(-len(images) // COLUMNS) * height
    cells = "".join(
        _cell(image, caption, (place % COLUMNS) * (SIDE + GAP) + LEFT, (place // COLUMNS) * height)
        for place, (image, caption) in enumerate(zip(pixels, captions, strict=True))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}" '
        f'fill="currentColor" font-family="system-ui, sans-serif" font-size="11">{cells}</svg>\n'
    )


def _cell(image: npt.NDArray[np.uint8], caption: tuple[str, str], x: int, y: int) -> str:
    true, given = (escape(name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…") for name in caption)
    return (
        f'<image x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" style="image-rendering: pixelated" '
        f'href="{embedded(image, max_side=MAX_SIDE)}"/>'
        f'<text x="{x}" y="{y + SIDE + TEXT - 3}">true {true}</text>'
        f'<text x="{x}" y="{y + SIDE + 2 * TEXT - 3}">given {given}</text>'
    )
