"""Images with what speaks for an answer laid over them in blue, and against it in orange."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipway.pictures.elements import FAINT, image, svg_of, text
from slipway.pictures.rendering import COLOURS

Array = npt.NDArray[np.floating]

FOR, AGAINST = COLOURS[0], COLOURS[1]
SIDE, GAP, LINE = 92, 14, 14
ACROSS = 4
DIMMED, STRONGEST = 0.45, 0.95
LARGEST_PCT = 99.5
SIDE_PIXELS = 128


@dataclass(frozen=True)
class Tile:
    """An image [H, W, C] with shades of 0 to 1, what each pixel adds [H, W], and lines of text to stand above."""

    image: Array
    heat: Array
    lines: Sequence[str]


def heat_sheet(tiles: Sequence[Tile], key: str) -> str:
    """Draw the tiles: each image, and it again with its colours, which are strongest at its own largest.

    Args:
        tiles: What is drawn.
        key: What blue and orange mean, at the end.
    """
    lines = max(len(tile.lines) for tile in tiles)
    wide, tall = 2 * SIDE + 4, SIDE + LINE * lines + 6
    across = min(ACROSS, len(tiles))
    parts = []
    for place, tile in enumerate(tiles):
        left, top = (place % across) * (wide + 2 * GAP), (place // across) * (tall + GAP)
        parts += [text(left, top + LINE * (number + 1) - 4, line) for number, line in enumerate(tile.lines)]
        for number, pixels in enumerate((_coloured(tile.image), _heated(tile.image, tile.heat))):
            parts.append(image(left + number * (SIDE + 4), top + LINE * lines + 4, SIDE, _bytes(pixels)))
    width = max(across * (wide + 2 * GAP) - 2 * GAP, 7 * len(key))
    height = -(-len(tiles) // across) * (tall + GAP) + LINE + 4
    return svg_of([*parts, text(0, height - 6, key, style=FAINT)], width, height)


def _coloured(image: Array) -> Array:
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[:, :, :3]


def _heated(image: Array, heat: Array) -> Array:
    """Blend a dimmed grey image with blue and orange, by how much each pixel adds."""
    grey = _coloured(image[:, :, :3].mean(axis=2, keepdims=True)) * DIMMED
    strength = np.clip(np.abs(heat) / (np.percentile(np.abs(heat), LARGEST_PCT) or 1), 0, 1)[:, :, None] * STRONGEST
    colours = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in (FOR, AGAINST)])
    return grey * (1 - strength) + colours[(heat < 0).astype(int)] * strength


def _bytes(pixels: Array) -> npt.NDArray[np.uint8]:
    """Return shades of 0 to 1 as bytes; of a large image every second pixel, or third, and so on."""
    step = max(1, -(-max(pixels.shape[:2]) // SIDE_PIXELS))
    return (255 * pixels[::step, ::step]).round().astype(np.uint8)
