"""Answers against the truth: confusion matrix, ROC, precision against recall, calibration, costs, residuals."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from slipway.judging.calibration import reliability
from slipway.judging.costs import cost_curve, cost_matrix
from slipway.judging.decision import Decision
from slipway.judging.metrics import Curves, precision_recall_points, roc_points
from slipway.pictures.rendering import COLOURS, HEIGHT, WIDTH, dashed, diagonal, svg, table

MAX_CLASSES = 20
MAX_CURVES = len(COLOURS)
MAX_POINTS = 200
RESIDUAL_BINS = 40


def confusion(targets: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> str:
    """Draw rows by true class (down) and predicted class (across), shaded by the share of the true class.

    The shade grows with the root of the share, so that rare mistakes stand out, too.
    Of more than `MAX_CLASSES` classes, those with the most mistakes are drawn.
    """
    cells_of = np.bincount(targets * len(classes) + predicted, minlength=len(classes) ** 2)
    counts = cells_of.reshape(len(classes), len(classes))
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    shown = sorted(int(index) for index in np.argsort(-mistakes, kind="stable")[:MAX_CLASSES])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = [
        {"true": classes[i], "predicted": classes[j], "rows": int(counts[i, j]), "share": round(float(shares[i, j]), 4)}
        for i in shown
        for j in shown
    ]
    order = [classes[i] for i in shown]
    step = min(90, max(24, 420 // len(order)))
    base = alt.Chart(table(cells)).encode(
        x=alt.X(
            "predicted:N", sort=order, title=_of_all("predicted class", shown, classes), axis=alt.Axis(labelAngle=-40)
        ),
        y=alt.Y("true:N", sort=order, title="true class", axis=alt.Axis(titlePadding=16)),
    )
    shade = base.mark_rect(color=COLOURS[0]).encode(
        opacity=alt.Opacity("share:Q", scale=alt.Scale(type="sqrt", domain=[0, 1], range=[0.03, 0.75]), legend=None)
    )
    numbers = base.transform_filter("datum.rows > 0").mark_text(fontSize=min(13, step // 2)).encode(text="rows:Q")
    return svg(alt.layer(shade, numbers).properties(width=step * len(order), height=min(step, 60) * len(order)))


def roc(curves: Curves, classes: Sequence[str]) -> str:
    """Draw one ROC curve, or one against the rest for each class or label (of many, the most frequent ones)."""
    shown, points = _shown(curves), []
    for index in shown:
        false_share, true_share = roc_points(*curves[index])
        rows = np.unique(np.linspace(0, len(false_share) - 1, MAX_POINTS).astype(int))
        points += _points(false_share[rows], true_share[rows], classes[index])
    names = [classes[index] for index in shown]
    lines = _curves(points, names, _of_all("false positive rate", shown, _all(curves, classes)), "true positive rate")
    return svg(alt.layer(diagonal(0, 1), lines).properties(width=HEIGHT, height=HEIGHT))


def precision_recall(curves: Curves, classes: Sequence[str]) -> str:
    """Draw precision against recall for the same classes; the legend tells the average precision (AP).

    The dashed line under a single curve is the share of its class: what chance reaches.
    """
    shown, points, names = _shown(curves), [], []
    for index in shown:
        recall, precision, average = precision_recall_points(*curves[index])
        names.append(f"{classes[index]}, AP {average:.3f}")
        rows = np.unique(np.searchsorted(recall, np.linspace(recall[0], 1, MAX_POINTS)))
        points += _points(recall[rows], precision[rows], names[-1])
    lines = _curves(points, names, _of_all("recall", shown, _all(curves, classes)), "precision")
    shares = [_round(curves[index][0].mean()) for index in shown if len(shown) == 1]
    chance = [dashed([{"x": 0, "y": share}, {"x": 1, "y": share}]) for share in shares]
    return svg(alt.layer(*chance, lines).properties(width=HEIGHT, height=HEIGHT))


def _shown(curves: Curves) -> list[int]:
    return sorted(sorted(curves, key=lambda index: -int(curves[index][0].sum()))[:MAX_CURVES])


def _all(curves: Curves, classes: Sequence[str]) -> range:
    """Return as many as there could be curves: of two classes, one is drawn."""
    return range(len(classes) if len(classes) > 2 else len(curves))


def _points(x: np.ndarray, y: np.ndarray, name: str) -> list[dict[str, Any]]:
    return [
        {"x": _round(one), "y": _round(other), "class": name, "order": place}
        for place, (one, other) in enumerate(zip(x, y, strict=True))
    ]


def _curves(points: list[dict[str, Any]], names: list[str], x: str, y: str) -> alt.Chart:
    colour = alt.Color("class:N", scale=alt.Scale(domain=names), legend=alt.Legend(columns=5, labelLimit=0))
    return (
        alt.Chart(table(points))
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X("x:Q", title=x),
            y=alt.Y("y:Q", title=y, scale=alt.Scale(domain=[0, 1])),
            color=colour,
            order="order:Q",
        )
    )


def cost_by_threshold(targets: np.ndarray, score: np.ndarray, decision: Decision) -> str:
    """Draw what the answers would cost a row at each threshold, with a line at the one that was chosen.

    Args:
        targets: [N] 0 or 1, of validation rows.
        score: [N] calibrated probability of the second class.
        decision: Of two classes, with a threshold.
    """
    assert decision.classes is not None and decision.threshold is not None, "two classes have a threshold"
    thresholds = np.linspace(0, 1, MAX_POINTS + 1)
    costs = cost_curve(targets, score, decision.costs or cost_matrix({}, decision.classes), thresholds)
    x = alt.X("x:Q", title=f"given '{decision.classes[1]}' above this probability", scale=alt.Scale(domain=[0, 1]))
    line = (
        alt.Chart(table(_points(thresholds, costs, "cost")))
        .mark_line(strokeWidth=1.5)
        .encode(x=x, y=alt.Y("y:Q", title="cost of a row"))
    )
    chosen = alt.Chart(table([{"x": _round(decision.threshold), "label": f"{decision.threshold:.3g}"}]))
    rule = chosen.mark_rule(color=COLOURS[1], strokeWidth=1.5).encode(x=x)
    label = chosen.mark_text(dx=4, align="left", baseline="top").encode(x=x, y=alt.value(0), text="label:N")
    return svg(alt.layer(line, rule, label).properties(width=WIDTH, height=HEIGHT))


def calibration(targets: np.ndarray, raw: np.ndarray, calibrated: np.ndarray) -> str:
    """Draw accuracy against confidence before and after calibration; points on the diagonal are honest.

    Args:
        targets: [N] class indices.
        raw: [N, C] probabilities at temperature one.
        calibrated: [N, C] probabilities at the fitted temperature.
    """
    series = {"uncalibrated": raw, "calibrated": calibrated}
    points = [
        {"x": _round(one["confidence"]), "y": _round(one["accuracy"]), "rows": one["rows"], "series": name}
        for name, probabilities in series.items()
        for one in reliability(targets, probabilities)
    ]
    base = alt.Chart(table(points)).encode(
        x=alt.X("x:Q", title="mean confidence", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("y:Q", title="accuracy", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("series:N", scale=alt.Scale(domain=list(series), range=["#999", COLOURS[0]])),
    )
    dots = base.mark_circle(opacity=0.9).encode(size=alt.Size("rows:Q", legend=None, scale=alt.Scale(range=[20, 260])))
    lines = base.mark_line(strokeWidth=1.5, opacity=0.4)
    return svg(alt.layer(diagonal(0, 1), lines, dots).properties(width=HEIGHT, height=HEIGHT))


def residuals(targets: np.ndarray, values: np.ndarray) -> str:
    """Draw predicted against true values as a heat map of rows, and how the errors are spread."""
    low, high = float(min(targets.min(), values.min())), float(max(targets.max(), values.max()))
    edges = np.linspace(low, high if high > low else low + 1, RESIDUAL_BINS + 1)
    counts, _, _ = np.histogram2d(targets, values, bins=[edges, edges])
    cells = [
        {"x": edges[i], "x2": edges[i + 1], "y": edges[j], "y2": edges[j + 1], "rows": int(counts[i, j])}
        for i, j in zip(*np.nonzero(counts), strict=True)
    ]
    shade = alt.Opacity("rows:Q", scale=alt.Scale(type="sqrt", range=[0.15, 1]), legend=None)
    heat = alt.Chart(table(cells)).mark_rect(color=COLOURS[0]).encode(
        x=alt.X("x:Q", title="true value", scale=alt.Scale(zero=False)), x2="x2:Q",
        y=alt.Y("y:Q", title="predicted value", scale=alt.Scale(zero=False)), y2="y2:Q", opacity=shade,
    )  # fmt: skip
    rows, limits = np.histogram(values - targets, bins=RESIDUAL_BINS)
    bars = [{"x": limits[i], "x2": limits[i + 1], "rows": int(rows[i])} for i in range(len(rows))]
    spread = alt.Chart(table(bars)).mark_bar(color=COLOURS[0]).encode(
        x=alt.X("x:Q", title="predicted less true value", scale=alt.Scale(zero=False)), x2="x2:Q",
        y=alt.Y("rows:Q", title="rows"), y2=alt.datum(0),
    )  # fmt: skip
    square = alt.layer(diagonal(low, float(edges[-1])), heat).properties(width=WIDTH, height=HEIGHT)
    return svg(alt.vconcat(square, spread.properties(width=WIDTH, height=HEIGHT // 2)))


def _of_all(title: str, shown: Sequence[int], classes: Sequence[Any]) -> str:
    return title if len(shown) == len(classes) else f"{title} ({len(shown)} of {len(classes)} classes)"


def _round(value: float) -> float:
    return round(float(value), 5)
