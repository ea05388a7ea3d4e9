"""A sheet of pictures: rows of images as one PNG inside an SVG, so that a page can hold it like any other picture."""

import numpy as np
import numpy.typing as npt

from slipway.pictures.elements import embedded

IMAGE_SIDE, GAP = 44, 4


def sheet(images: npt.NDArray[np.floating], labels: list[str]) -> str:
    """Draw a grid of images.

    Args:
        images: [R, N, C, H, W]: R rows of N images of one or three channels; each row of the grid is scaled from its
            own least to its greatest number, so features on any scale can be looked at.
        labels: What each row is, at its left.
    """
    num_rows, num_images, channels, height, width = images.shape
    low, high = images.min(axis=(1, 2, 3, 4), keepdims=True), images.max(axis=(1, 2, 3, 4), keepdims=True)
    pixels = (255 * (images - low) / np.maximum(high - low, 1e-12)).round().astype(np.uint8)
    grid = pixels.transpose(0, 3, 1, 4, 2).reshape(num_rows * height, num_images * width, channels)
    left, tall, wide = 90, IMAGE_SIDE * num_rows, IMAGE_SIDE * num_images * width // height
    texts = "".join(
        f'<text x="{left - 2 * GAP}" y="{(place + 0.5) * IMAGE_SIDE:g}" text-anchor="end" dominant-baseline="middle" '
        f'fill="currentColor" font-family="system-ui, sans-serif" font-size="11">{label}</text>'
        for place, label in enumerate(labels)
    )
    across = [f"M{left + place * wide / num_images:g} 0v{tall}" for place in range(1, num_images)]
    lines = "".join([*across, *(f"M{left} {place * IMAGE_SIDE}h{wide}" for place in range(1, num_rows))])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide}" height="{tall}" '
        f'viewBox="0 0 {left + wide} {tall}">{texts}<image x="{left}" y="0" width="{wide}" height="{tall}" '
        f'preserveAspectRatio="none" style="image-rendering: pixelated" href="{embedded(grid)}"/>'
        f'<path d="{lines}" stroke="#888"/></svg>\n'
    )
