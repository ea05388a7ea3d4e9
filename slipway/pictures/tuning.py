"""The trials of a search: how the best one came about, and each parameter against the objective."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import COLOURS, HEIGHT, WIDTH, svg, table
from slipway.product.editing import flow

MAX_COLUMNS = 2
MAX_LABEL = 24
WIDE = 50
"""A largest value so many times the smallest asks for a logarithmic axis."""


def trials_picture(
    trials: Sequence[Mapping[str, Any]],
    *,
    title: str,
    is_maximised: bool,
    present: float | None = None,
    logarithmic: Sequence[str] = (),
) -> str:
    """Draw the objective by trial with the best so far, and below it each parameter against the objective.

    Args:
        trials: Each with `number`, `state`, `value` and `values`; those without a value are left out.
        title: What the objective is.
        is_maximised: Whether more is better.
        present: The objective of the values before the search, a dashed line.
        logarithmic: The parameters that are drawn on a logarithmic axis.
    """
    drawn = [trial for trial in trials if trial["value"] is not None]
    keys = list(drawn[0]["values"]) if drawn else []
    y = _objective(title, [trial["value"] for trial in drawn])
    panels = [_parameter(drawn, key, y, log=key in logarithmic) for key in keys]
    rows = [alt.hconcat(*panels[i : i + MAX_COLUMNS]) for i in range(0, len(panels), MAX_COLUMNS)]
    return svg(alt.vconcat(_course(drawn, y, is_maximised, present), *rows))


def _course(trials: Sequence[Mapping[str, Any]], y: alt.Y, is_maximised: bool, present: float | None) -> ChartType:
    points, best = [], None
    for trial in trials:
        value = trial["value"]
        if trial["state"] == "complete":
            best = value if best is None else (max if is_maximised else min)(best, value)
        points.append({"trial": trial["number"], "value": value, "state": trial["state"], "best": best})
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(format="d", tickMinStep=1))
    base = alt.Chart(table(points)).encode(x=x)
    dots = base.mark_point(size=40, filled=True, opacity=1).encode(y=y, color=_state())
    line = base.mark_line(interpolate="step-after", color=COLOURS[0]).encode(y=alt.Y("best:Q"))
    layers: list[ChartType] = [line, dots]
    if present is not None:
        rule = alt.Chart(table([{"value": present}])).mark_rule(strokeDash=[4, 4], color="#888")
        layers.append(rule.encode(y=y))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT * 2 // 3)


def _parameter(trials: Sequence[Mapping[str, Any]], key: str, y: alt.Y, *, log: bool) -> ChartType:
    values = [trial["values"][key] for trial in trials]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    points = [
        {"parameter": value if numbers else flow(value)[:MAX_LABEL], "value": trial["value"], "state": trial["state"]}
        for trial, value in zip(trials, values, strict=True)
    ]
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    x = alt.X("parameter:Q", title=key, scale=scale) if numbers else alt.X("parameter:N", title=key)
    dots = alt.Chart(table(points)).mark_point(size=40, filled=True, opacity=1)
    return dots.encode(x=x, y=y, color=_state()).properties(width=WIDTH // 2, height=HEIGHT // 2)


def _objective(title: str, values: Sequence[float]) -> alt.Y:
    """Return the axis of the objective: by factors where it spreads over many."""
    wide = bool(values) and 0 < WIDE * min(values) < max(values)
    return alt.Y("value:Q", title=title, scale=alt.Scale(type="log") if wide else alt.Scale(zero=False))


def _state() -> alt.Color:
    return alt.Color("state:N", scale=alt.Scale(domain=["complete", "pruned"], range=[COLOURS[0], COLOURS[8]]))
