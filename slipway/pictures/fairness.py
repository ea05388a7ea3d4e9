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
    groups = [group for told in columns.values() for group in told["groups"]]
    return svg(alt.vconcat(*rows, spacing=30), labels=groups)


def _column(name: str, told: Facts, before: Facts | None, positive: str | None) -> ChartType:
    """Draw the rates of one column side by side: a dot for each group, on a line that is its interval."""
    shown = list(told["groups"])[:MAX_GROUPS]
    labels = {group: f"{group} ({told['groups'][group]['rows']:,})" for group in shown}
    rates = [rate for rate in told["groups"][shown[0]] if rate != "rows"]
    series = {AFTER: told} if before is None else {BEFORE: before, AFTER: told}
    dots = [
        {"group": label, "series": each, "rate": _title(rate, positive), **judged["groups"][group][rate]}
        for each, judged in series.items()
        for group, label in labels.items()
        for rate in rates
        if judged["groups"].get(group, {}).get(rate)
    ]
    base = alt.Chart(height=GROUP_HEIGHT * len(labels) * (1 if before is None else 1.5), width=PANEL_WIDTH).encode(
        y=alt.Y("group:N", sort=list(labels.values()), title=None, axis=alt.Axis(ticks=False, domain=False)),
        yOffset=alt.YOffset("series:N", sort=list(series)),
        color=alt.Color(
            "series:N",
            scale=alt.Scale(domain=list(series), range=["#999", COLOURS[0]][-len(series) :]),
            legend=alt.Legend() if before else None,
        ),
    )
    are_shares = set(rates) <= set(SHARES)
    x = alt.X(
        "low:Q",
        title=None,
        axis=alt.Axis(tickCount=3),
        scale=alt.Scale(domain=[0, 1]) if are_shares else alt.Scale(zero=True),
    )
    lines = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x=x, x2="high:Q")
    points = base.mark_circle(size=45, opacity=1).encode(x="value:Q")
    head = alt.Header(title=None, labelExpr="split(datum.label, '|')", labelColor="currentColor")
    of_all = f", {len(shown)} of {len(told['groups'])} groups" if len(shown) < len(told["groups"]) else ""
    title = alt.Title(f"By {name}{of_all}", subtitle=list(_differences(told, before)), subtitleColor="currentColor")
    column = alt.Column("rate:N", sort=[_title(rate, positive) for rate in rates], header=head)
    panels = alt.layer(lines, points, data=table(dots)).facet(column=column, spacing=16, title=title)
    return panels if are_shares else panels.resolve_scale(x="independent")


def _title(rate: str, positive: str | None) -> str:
    """Say what a rate is, in words for who has not met it; a bar parts its lines."""
    return {
        "accuracy": "accuracy:|share that is right",
        "selection_rate": f"selection rate: share|that is given {positive}",
        "tpr": f"true positive rate: of those|who are {positive}, given it",
        "fpr": f"false positive rate: of those|who are not {positive}, given it",
        "tpr_macro": "recall:|mean over the classes",
        "rmse": "root mean squared error",
        "mae": "mean absolute error",
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
