"""What corruptions leave of the model: a small line for each over its strength."""

from collections.abc import Mapping
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import COLOURS, HEIGHT, WIDTH, svg, table

COLUMNS = 3
WORDS = dict.fromkeys(("dropped_words", "typos", "swapped_letters"), "share of words")
DEVIATIONS, VALUES, RANGE, SIDE = "standard deviations", "share of values", "share of the range", "share of the side"
UNITS = {
    "tabular": {
        "missing": VALUES,
        "noise": DEVIATIONS,
        "shift": DEVIATIONS,
        "scale": "wider by",
        "shuffle": VALUES,
        **WORDS,
    },
    "images": {
        "noise": RANGE,
        "blur": SIDE,
        "brightness": RANGE,
        "contrast": "share lost",
        "shift": SIDE,
        "rotation": "degrees",
        "occlusion": SIDE,
    },
    "texts": WORDS,
}
"""What a strength is counted in."""


def robustness_curves(found: Mapping[str, Any], kind: str) -> str:
    """Draw the curves of robustness.json, each over its own strengths, all on one scale; the clean value is dashed."""
    values = [found["clean"], *(point["value"] for curve in found["curves"].values() for point in curve)]
    low, high = max(min(values), min(0.0, found["clean"])), max(values)
    margin = 0.05 * (high - low) or 0.05
    y = alt.Y(
        "value:Q", title=found["metric"], scale=alt.Scale(domain=[low - margin, high + margin], nice=False, clamp=True)
    )
    panels = [
        _panel(f"{name.replace('_', ' ')} ({UNITS[kind][name]})", curve, found["clean"], y)
        for name, curve in found["curves"].items()
    ]
    rows = [alt.hconcat(*panels[i : i + COLUMNS]) for i in range(0, len(panels), COLUMNS)]
    return svg(alt.vconcat(*rows))


def _panel(title: str, curve: list[dict[str, float]], clean: float, y: alt.Y) -> ChartType:
    points = [{"strength": 0.0, "value": clean}, *curve]
    x = alt.X("strength:Q", title=title, axis=alt.Axis(tickCount=4))
    base = alt.Chart(table(points)).encode(x=x, y=y)
    line = base.mark_line(color=COLOURS[0], point=alt.OverlayMarkDef(color=COLOURS[0], size=30))
    rule = alt.Chart(table([{"value": clean}])).mark_rule(strokeDash=[4, 4], color="#888").encode(y=y)
    return alt.layer(rule, line).properties(width=WIDTH // 2, height=HEIGHT // 2)
