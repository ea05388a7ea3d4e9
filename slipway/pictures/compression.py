"""The Pareto picture: what each candidate of compress weighs and how well it predicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from slipway.pictures.rendering import COLOURS, HEIGHT, WIDTH, svg, table


def pareto(candidates: Sequence[Mapping[str, Any]], *, quality: str = "accuracy_validation") -> str:
    """Draw size against quality on validation, the chosen candidate filled.

    Args:
        candidates: Rows of candidates.csv: `candidate`, `size_bytes`, the quality, `chosen`.
        quality: The column that is drawn upwards.
    """
    points = [
        {
            "name": one["candidate"],
            "kib": one["size_bytes"] / 1024,
            "quality": one[quality],
            "chosen": bool(one["chosen"]),
        }
        for one in candidates
    ]
    qualities = [point["quality"] for point in points]
    margin = max(0.005, max(qualities) - min(qualities))
    domain = [min(qualities) - margin, max(qualities) + margin]
    base = alt.Chart(table(points)).encode(
        x=alt.X("kib:Q", title="size in KiB", scale=alt.Scale(zero=True, nice=True)),
        y=alt.Y("quality:Q", title=quality.replace("_", " "), scale=alt.Scale(domain=domain)),
    )
    rings = base.mark_point(size=110, color=COLOURS[0])
    chosen = base.transform_filter("datum.chosen").mark_point(size=110, color=COLOURS[0], filled=True, opacity=1)
    names = base.mark_text(dy=-14).encode(text="name:N")
    return svg(alt.layer(rings, chosen, names).properties(width=WIDTH, height=HEIGHT * 2 // 3))
