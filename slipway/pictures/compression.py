"""The Pareto picture: what each candidate of compress weighs and takes, and how well it predicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import COLOURS, HEIGHT, WIDTH, svg, table

AXES = {"kib": "size in KiB", "ms": "milliseconds for one row"}


def pareto(candidates: Sequence[Mapping[str, Any]], *, quality: str = "accuracy_validation") -> str:
    """Draw size, and latency where it was measured, against quality on validation.

    The chosen candidate is filled, the Pareto front joined by a line and named.

    Args:
        candidates: Rows of candidates.csv: `candidate`, `size_bytes`, `latency_b1_ms` where it was measured, the
            quality, `front`, `chosen`.
        quality: The column that is drawn upwards.
    """
    points = [
        {
            "name": one["candidate"],
            "kib": one["size_bytes"] / 1024,
            "ms": one.get("latency_b1_ms"),
            "quality": one[quality],
            "front": bool(one["front"]),
            "chosen": bool(one["chosen"]),
        }
        for one in candidates
    ]
    timed = all(point["ms"] is not None for point in points)
    panels = [_panel(points, axis, quality) for axis in (["kib", "ms"] if timed else ["kib"])]
    return svg(alt.vconcat(*panels) if timed else panels[0])


def _panel(points: list[dict[str, Any]], axis: str, quality: str) -> ChartType:
    """Draw one cost to the right; those far below the front would leave no room for it."""
    best = [point["quality"] for point in points if point["front"]]
    high, low = max(best), max(min(best), max(best) - 0.2)
    margin = max(0.005, 0.1 * (high - low))
    domain = [low - margin, high + margin]
    scale = alt.Scale(type="log", nice=True) if len(points) > 4 else alt.Scale(zero=True, nice=True)
    base = alt.Chart(table([point for point in points if point["quality"] >= domain[0]])).encode(
        x=alt.X(f"{axis}:Q", title=AXES[axis], scale=scale),
        y=alt.Y(
            "quality:Q",
            title=quality.replace("_", " on "),
            scale=alt.Scale(domain=domain),
            axis=alt.Axis(labelExpr="datum.value > 1 ? '' : datum.label"),  # no quality is above 1
        ),
    )
    rings = base.mark_point(size=110, color=COLOURS[0])
    front = base.transform_filter("datum.front")
    line = front.mark_line(strokeWidth=1, strokeDash=[3, 3], color=COLOURS[0])
    chosen = base.transform_filter("datum.chosen").mark_point(size=110, color=COLOURS[0], filled=True, opacity=1)
    named = front if len(points) > 4 else base
    names = named.mark_text(dy=-14).encode(text="name:N")
    return alt.layer(line, rings, chosen, names).properties(width=WIDTH, height=HEIGHT * 2 // 3)
