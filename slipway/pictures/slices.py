"""What evaluate draws of parts of the test rows: each slice's accuracy or error, beside that of all rows."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from slipway.judging.declared_slices import sentence
from slipway.pictures.rendering import COLOURS, WIDTH, svg, table

SLICE_HEIGHT = 20
MAX_DECLARED = 20
KINDS = {"declared": COLOURS[0], "found": COLOURS[1]}
TITLES = {"accuracy": "accuracy", "rmse": "root mean squared error"}


def slices_picture(facts: Mapping[str, Any]) -> str | None:
    """Draw what slices.json holds, a dot for each slice on the line that is its interval; None where it holds none.

    The dashed line is the value on all rows. Of more than `MAX_DECLARED` declared slices the worst are drawn.
    """
    shown = [(kind, each) for kind in KINDS for each in facts[kind][:MAX_DECLARED]]
    if not shown:
        return None
    names = [f"{sentence(each['where'])} ({each['rows']:,})" for _, each in shown]
    dots = [{"slice": name, "kind": kind, **_figures(each)} for name, (kind, each) in zip(names, shown, strict=True)]
    present = [kind for kind in KINDS if facts[kind]]
    labels = list(dict.fromkeys(names))
    base = alt.Chart(table(dots)).encode(
        y=alt.Y("slice:N", sort=labels, title=None, axis=alt.Axis(labelLimit=460, ticks=False, domain=False)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=present, range=[KINDS[kind] for kind in present])),
    )
    title = f"{TITLES[facts['metric']]}; the dashed line is that of all rows, (n) are rows"
    lines = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q"
    )
    overall = alt.Chart(table([{"x": facts["overall"]}])).mark_rule(strokeDash=[4, 4], color="#888").encode(x="x:Q")
    points = base.mark_circle(size=45, opacity=1).encode(x="value:Q")
    chart = alt.layer(overall, lines, points).properties(width=WIDTH, height=SLICE_HEIGHT * len(labels))
    return svg(chart, labels=labels)


def _figures(told: Mapping[str, Any]) -> dict[str, float]:
    return {name: told[name] for name in ("value", "low", "high")}
