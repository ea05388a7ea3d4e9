"""Pieces of the pictures that no chart draws: the frame, a line of text, an image."""

import base64
import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

FAINT, BOLD = ' opacity="0.75"', ' font-weight="600"'


def svg_of(parts: Sequence[str], width: float, height: float) -> str:
    """Put parts together to a picture whose text takes the colour of the page around it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" fill="currentColor" font-family="system-ui, sans-serif" font-size="11">'
        f"{''.join(parts)}</svg>\n"
    )


def text(x: float, y: float, content: str, *, length: float | None = None, style: str = "") -> str:
    """Return a line of text, squeezed or stretched to `length`; what an SVG may not hold is left out."""
    plain = escape("".join(sign if sign.isprintable() else " " for sign in content))
    fitted = "" if length is None else f' textLength="{length:g}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:g}" y="{y:g}"{fitted}{style}>{plain}</text>'


def image(x: float, y: float, side: int, pixels: npt.NDArray[np.uint8], *, max_side: int | None = None) -> str:
    """Return a square with an image [H, W, C] of one or three channels, its pixels seen as they are."""
    return (
        f'<image x="{x:g}" y="{y:g}" width="{side}" height="{side}" style="image-rendering: pixelated" '
        f'href="{embedded(pixels, max_side=max_side)}"/>'
    )


def embedded(pixels: npt.NDArray[np.uint8], *, max_side: int | None = None) -> str:
    """Return an image [H, W, C] of one or three channels as a `data:` address; a larger one is made smaller."""
    from PIL import Image

    made = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels[:, :, :3])
    if max_side is not None:
        made.thumbnail((max_side, max_side))
    content = io.BytesIO()
    made.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
