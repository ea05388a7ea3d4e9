"""The learning curve: what history.csv says about each epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import HEIGHT, WIDTH, svg, table

MAX_POINTS = 400
MAX_TICKS = 12
LOSSES = {"train_loss": "training loss", "validation_loss": "validation loss"}
QUALITIES = {"validation_accuracy": "validation accuracy", "validation_rmse": "validation RMSE"}


def learning_curve(history: Mapping[str, Sequence[float]]) -> str:
    """Draw loss above and validation accuracy (or RMSE) below, with a mark at the best epoch of each network.

    Args:
        history: The columns of history.csv: epoch, train_loss, validation_loss, the quality; of an ensemble, member.
    """
    num_lines, losses = len(history["epoch"]), history["validation_loss"]
    owners = history.get("member", [1] * num_lines)
    members = [[row for row in range(num_lines) if owners[row] == one] for one in dict.fromkeys(owners)]
    best = [min(rows, key=lambda row: losses[row]) for rows in members]
    shown = [row for rows in members for row in rows[:: max(1, num_lines // MAX_POINTS)]]
    chart = _lines(history, LOSSES, shown, "loss", HEIGHT * 2 // 3, best)
    quality = {name: label for name, label in QUALITIES.items() if name in history}
    if quality:
        chart = alt.vconcat(chart, _lines(history, quality, shown, next(iter(quality.values())), HEIGHT // 2, best))
    return svg(chart)


def _lines(
    history: Mapping[str, Sequence[float]],
    names: Mapping[str, str],
    rows: Sequence[int],
    title: str,
    height: int,
    best: Sequence[int],
) -> ChartType:
    points: list[dict[str, Any]] = [
        {"epoch": history["epoch"][row], "value": history[name][row], "curve": label}
        | ({"member": history["member"][row]} if "member" in history else {})
        for name, label in names.items()
        for row in rows
    ]
    last = max(history["epoch"])
    ticks = list(range(1, int(last) + 1)) if last <= MAX_TICKS else alt.Undefined
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(format="d", tickMinStep=1, values=ticks))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    legend = alt.Legend() if len(names) > 1 else None
    colour = alt.Color("curve:N", scale=alt.Scale(domain=list(names.values())), legend=legend)
    lines = alt.Chart(table(points)).mark_line().encode(x=x, y=y, color=colour)
    if "member" in history:
        lines = lines.encode(detail="member:N")
    name = list(names)[-1]
    marks = [{"epoch": history["epoch"][row], "value": history[name][row], "label": "kept"} for row in best]
    kept = alt.Chart(table(marks))
    dot = kept.mark_point(size=60, filled=True, color="currentColor").encode(x=x, y=y)
    label = kept.mark_text(dy=-10).encode(x=x, y=y, text="label:N")
    return alt.layer(lines, dot, label).properties(width=WIDTH, height=height)
