"""The learning curve: what history.csv says about each epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import HEIGHT, WIDTH, svg, table

MAX_POINTS = 400
LOSSES = {"train_loss": "training loss", "validation_loss": "validation loss"}
QUALITIES = {"validation_accuracy": "validation accuracy", "validation_rmse": "validation RMSE"}


def learning_curve(history: Mapping[str, Sequence[float]]) -> str:
    """Draw loss above and validation accuracy (or RMSE) below, with a mark at the best epoch.

    Args:
        history: The columns of history.csv: epoch, train_loss, validation_loss, and the quality.
    """
    epochs, losses = history["epoch"], history["validation_loss"]
    best = min(range(len(epochs)), key=lambda row: losses[row])
    rows = range(0, len(epochs), max(1, len(epochs) // MAX_POINTS))
    chart = _lines(history, LOSSES, rows, "loss", HEIGHT * 2 // 3, best)
    quality = {name: label for name, label in QUALITIES.items() if name in history}
    if quality:
        chart = alt.vconcat(chart, _lines(history, quality, rows, next(iter(quality.values())), HEIGHT // 2, best))
    return svg(chart)


def _lines(
    history: Mapping[str, Sequence[float]], names: Mapping[str, str], rows: range, title: str, height: int, best: int
) -> ChartType:
    points: list[dict[str, Any]] = [
        {"epoch": history["epoch"][row], "value": history[name][row], "curve": label}
        for name, label in names.items()
        for row in rows
    ]
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(format="d", tickMinStep=1))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    legend = alt.Legend() if len(names) > 1 else None
    colour = alt.Color("curve:N", scale=alt.Scale(domain=list(names.values())), legend=legend)
    lines = alt.Chart(table(points)).mark_line().encode(x=x, y=y, color=colour)
    name = list(names)[-1]
    kept = alt.Chart(table([{"epoch": history["epoch"][best], "value": history[name][best], "label": "kept"}]))
    dot = kept.mark_point(size=60, filled=True, color="currentColor").encode(x=x, y=y)
    label = kept.mark_text(dy=-10).encode(x=x, y=y, text="label:N")
    return alt.layer(lines, dot, label).properties(width=WIDTH, height=height)
