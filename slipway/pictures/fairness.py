"""What evaluate draws of the groups of sensitive columns: each rate of each group, before and after a mitigation."""

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.pictures.rendering import COLOURS, svg, table

PANEL_WIDTH, GROUP_HEIGHT = 130, 20
MAX_GROUPS = 20
BEFORE, AFTER = "before", "after mitigation"
SHARES = ("accuracy", "selection_rate", "tpr", "fpr", "tpr_macro")

Facts = Mapping[str, Any]


def fairness_picture(facts: Facts) -> str | None:
    """Draw what fairness.json holds: a row of panels for each column; None where no groups were compared."""
    columns = {name: told for name, told in facts["columns"].items() if told["groups"]}
    if not columns:
        return None
    before = facts["before"] or {}
    rows = [_column(name, told, before.get(name), facts["positive"]) for name, told in columns.items()]
    return svg(alt.vconcat(*rows, spacing=30))


def _column(name: str, told: Facts, before: Facts | None, positive: str | None) -> ChartType:
    """Draw the panels of one column."""
    shown = list(told["groups"])[:MAX_GROUPS]
    rates = list(dict.fromkeys(rate for group in shown for rate in told["groups"][group] if rate != "rows"))
    series = {AFTER: told} if before is None else {BEFORE: before, AFTER: told}
    labels = {group: f"{group} ({told['groups'][group]['rows']:,})" for group in shown}
    panels = [_panel(rate, series, labels, positive, is_first=rate == rates[0]) for rate in rates]
    of_all = f", {len(shown)} of {len(told['groups'])} groups" if len(shown) < len(told["groups"]) else ""
    title = alt.Title(f"By {name}{of_all}", subtitle=list(_differences(told, before)), subtitleColor="currentColor")
    return alt.hconcat(*panels, spacing=16).properties(title=title)


def _panel(
    rate: str, series: Mapping[str, Facts], labels: Mapping[str, str], positive: str | None, *, is_first: bool
) -> ChartType:
    """Draw one rate: a dot for each group, on a line that is its interval."""
    dots = [
        {"group": label, "series": name, **told["groups"][group][rate]}
        for name, told in series.items()
        for group, label in labels.items()
        if rate in told["groups"].get(group, {})
    ]
    axis = alt.Axis(labels=is_first, ticks=False, domain=False, labelLimit=220)
    scale = alt.Scale(domain=[0, 1]) if rate in SHARES else alt.Scale(zero=True)
    base = alt.Chart(table(dots)).encode(
        y=alt.Y(
            "group:N", sort=list(labels.values()), title=None, axis=axis, scale=alt.Scale(domain=[*labels.values()])
        ),
        yOffset=alt.YOffset("series:N", sort=list(series)),
        color=alt.Color(
            "series:N",
            scale=alt.Scale(domain=list(series), range=["#999", COLOURS[0]][-len(series) :]),
            legend=alt.Legend() if len(series) > 1 else None,
        ),
    )
    title = _title(rate, positive)
    lines = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=alt.Axis(tickCount=3)), x2="high:Q"
    )
    points = base.mark_circle(size=45, opacity=1).encode(x="value:Q")
    height = GROUP_HEIGHT * len(labels) * (1 if len(series) == 1 else 1.5)
    return alt.layer(lines, points).properties(width=PANEL_WIDTH, height=height)


def _title(rate: str, positive: str | None) -> list[str]:
    """Say what a rate is, in words for who has not met it."""
    return {
        "accuracy": ["accuracy:", "answers that are right"],
        "selection_rate": ["selection rate:", f"all who are given {positive}"],
        "tpr": ["true positive rate: of those", f"who are {positive}, given it"],
        "fpr": ["false positive rate: of those", f"who are not {positive}, given it"],
        "tpr_macro": ["recall:", "mean over the classes"],
        "rmse": ["root mean squared error"],
        "mae": ["mean absolute error"],
    }[rate]


def _differences(told: Facts, before: Facts | None) -> Iterator[str]:
    """Say how far apart the groups are, and how far chance alone would set them apart."""
    for name, each in told["differences"].items():
        was = before["differences"].get(name) if before else None
        change = f", before {_number(was['value'])}" if was else ""
        chance = f"; up to {_number(each['by_chance'])} would be chance" if "by_chance" in each else ""
        limits = f"{_number(each['low'])} to {_number(each['high'])}"
        yield f"{name.replace('_', ' ')} {_number(each['value'])} ({limits}{change}{chance})"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.3g}"
