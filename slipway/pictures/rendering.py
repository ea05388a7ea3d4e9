"""Turn a chart into SVG, with one look for all pictures.

Text and axes take the colour of the page around them (`currentColor`), the background is transparent and
marks have colours that stand out on white and on black: one file serves light and dark pages.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

COLOURS = ["#3f8fd2", "#e8833a", "#4fa866", "#d6579a", "#9575cd", "#c9a227", "#2fa9a9", "#b5653f", "#8a93a6", "#dd5c5c"]
WIDTH, HEIGHT = 360, 240
PADDING = {"left": 24, "right": 8, "top": 5, "bottom": 5}

_INK = {"labelColor": "currentColor", "titleColor": "currentColor"}
_CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "title": {"color": "currentColor", "anchor": "start", "fontSize": 13, "fontWeight": 600},
    "axis": {
        **_INK,
        "titleFontWeight": 400,
        "titlePadding": 9,
        "domainColor": "#888",
        "tickColor": "#888",
        "gridColor": "#888",
        "gridOpacity": 0.2,
    },
    "legend": {**_INK, "orient": "bottom", "title": None},
    "text": {"color": "currentColor"},
    "range": {"category": COLOURS},
}


def table(rows: Sequence[dict[str, Any]]) -> alt.Data:
    """Wrap rows for a chart; they are stored in no file, so keep them few."""
    return alt.Data(values=list(rows))


def diagonal(low: float, high: float) -> alt.Chart:
    """Return a dashed line from (low, low) to (high, high): chance, or a perfect model."""
    return dashed([{"x": low, "y": low}, {"x": high, "y": high}])


def dashed(points: Sequence[dict[str, float]]) -> alt.Chart:
    """Return a dashed line through points `x`, `y`: what a curve is compared with."""
    return alt.Chart(table(points)).mark_line(strokeDash=[4, 4], color="#888", strokeWidth=1).encode(x="x:Q", y="y:Q")


def svg(chart: ChartType, *, labels: Sequence[str] = ()) -> str:
    """Render the chart; needs no browser, no network and no display.

    Args:
        chart: What is drawn.
        labels: Names at its left side: a browser's letters may be wider than those measured, so long ones get room.
    """
    import vl_convert  # 0.4 CPU-seconds at its first call: only where something is drawn

    room = PADDING["left"] + max(map(len, labels), default=0)
    config = {**_CONFIG, "padding": {**PADDING, "left": room}}
    # Unchecked: altair's look at the whole schema takes longer than most drawings, and parts were checked when made.
    return vl_convert.vegalite_to_svg({**chart.to_dict(validate=False), "config": config}) + "\n"
