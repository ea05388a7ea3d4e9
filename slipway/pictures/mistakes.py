"""A sheet of the images that the model is most sure of and wrong about, each with its true and its given class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from slipway.pictures.elements import image, svg_of, text

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
    cells = [
        _cell(one, caption, (place % COLUMNS) * (SIDE + GAP) + LEFT, (place // COLUMNS) * height)
        for place, (one, caption) in enumerate(zip(pixels, captions, strict=True))
    ]
    return svg_of(cells, wide, tall)


def _cell(pixels: npt.NDArray[np.uint8], caption: tuple[str, str], x: int, y: int) -> str:
    true, given = (name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…" for name in caption)
    return (
        image(x, y, SIDE, pixels, max_side=MAX_SIDE)
        + text(x, y + SIDE + TEXT - 3, f"true {true}")
        + text(x, y + SIDE + 2 * TEXT - 3, f"given {given}")
    )
