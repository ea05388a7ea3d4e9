"""What explains a model's answers, drawn: importance.svg for all of them, explained.svg for chosen ones."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
from altair.typing import ChartType

from slipway.judging.explanations import Explained
from slipway.pictures.heat import AGAINST, FOR, Tile, heat_sheet
from slipway.pictures.rendering import WIDTH, svg, table
from slipway.pictures.words import Paragraph, coloured_words

UNSURE = "#999"
MAX_COLUMNS, MAX_BARS, BAR, ACROSS = 20, 8, 18, 2
MAX_CHARACTERS = 34
METRICS = {"log_loss": "log loss", "rmse": "root mean squared error"}
CHANCE = "may be chance: the interval reaches zero"
KEY = "Blue speaks for the answer, orange against it; the stronger, the more."

Facts = dict[str, Any]


def draw_explanations(explained: Explained) -> dict[str, str]:
    """Return the pictures by name, `importance` and `explained`: those that there is something to draw for."""
    facts, pictures = explained.facts, {}
    if explained.patches is not None:
        key = f"Blue: the {METRICS[facts['metric']]} rises when this part of the image comes from another one."
        tile = Tile(*explained.patches, ["Where the model looks, over the mean training image"])
        pictures["importance"] = heat_sheet([tile], key)
    elif facts["importance"]:
        pictures["importance"] = importance(facts)
    examples = [each for each in facts["examples"] if "evidence" in each]
    if explained.images:
        tiles = [Tile(*one, heading(each, facts)) for one, each in zip(explained.images, examples, strict=True)]
        pictures["explained"] = heat_sheet(tiles, KEY)
    elif any("word" in one for each in examples for one in each["attributions"]):
        texts = [[(one["word"], one["evidence"]) for one in each["attributions"]] for each in examples]
        headings = [" · ".join(heading(each, facts)) for each in examples]
        pictures["explained"] = coloured_words([Paragraph(*each) for each in zip(headings, texts, strict=True)], KEY)
    elif examples:
        pictures["explained"] = bars(examples, facts)
    return pictures


def importance(facts: Facts) -> str:
    """Draw a bar for each column, the most important first, with its interval; grey where that holds zero."""
    shown = facts["importance"][:MAX_COLUMNS]
    rows = [
        {"column": each["column"], **each["drop"], "tells": "matters" if each["drop"]["low"] > 0 else "unclear"}
        for each in shown
    ]
    title = f"rise of the {METRICS[facts['metric']]} when the column is shuffled"
    if len(shown) < len(facts["importance"]):
        title += f" ({len(shown)} of {len(facts['importance'])} columns)"
    base = alt.Chart(table(rows)).encode(
        y=alt.Y("column:N", sort=[row["column"] for row in rows], title=None, axis=alt.Axis(labelLimit=220))
    )
    colour = alt.Color(
        "tells:N",
        scale=alt.Scale(domain=["matters", "unclear"], range=[FOR, UNSURE]),
        legend=alt.Legend(labelExpr=f"datum.label == 'unclear' ? '{CHANCE}' : 'matters'", labelLimit=0),
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5))
    drawn = base.mark_bar(height=BAR - 6).encode(x=x, color=colour)
    limits = base.mark_rule(color="currentColor", strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    chart = alt.layer(drawn, limits).properties(width=WIDTH, height=BAR * len(rows))
    return svg(chart, labels=[row["column"] for row in rows])


def bars(examples: Sequence[Facts], facts: Facts) -> str:
    """Draw each example's columns and what they add to the evidence: the largest, and all others as one bar."""
    charts = [_bars(each, *heading(each, facts)) for each in examples]
    labels = [_part(one) for each in examples for one in each["attributions"][:MAX_BARS]]
    return svg(alt.concat(*charts, columns=ACROSS, spacing=24), labels=labels)


def _bars(example: Facts, title: str, subtitle: str) -> ChartType:
    parts = example["attributions"]
    first, others = parts[:MAX_BARS], parts[MAX_BARS:]
    rows = [{"column": _part(each), "adds": each["evidence"]} for each in first]
    if others:
        rows.append({"column": f"{len(others)} others", "adds": round(sum(each["evidence"] for each in others), 6)})
    for row in rows:
        row["side"] = "for" if row["adds"] > 0 else "against"
    adds = "adds to the log-odds" if "explained" in example else "adds to the value"
    base = alt.Chart(table(rows)).encode(
        y=alt.Y("column:N", sort=[row["column"] for row in rows], title=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("adds:Q", title=adds, axis=alt.Axis(tickCount=5)),
    )
    labels = "datum.label == 'for' ? 'for the answer' : 'against it'"
    if "explained" not in example:
        labels = "datum.label == 'for' ? 'raises it' : 'lowers it'"
    sides = alt.Scale(domain=["for", "against"], range=[FOR, AGAINST])
    colour = alt.Color("side:N", scale=sides, legend=alt.Legend(labelExpr=labels))
    zero = alt.Chart(table([{"x": 0}])).mark_rule(color="#888").encode(x="x:Q")
    return alt.layer(base.mark_bar(height=BAR - 6).encode(color=colour), zero).properties(
        width=WIDTH // 2,
        height=BAR * len(rows),
        title=alt.TitleParams(title, subtitle=subtitle, subtitleColor="currentColor"),
    )


def _part(attribution: Facts) -> str:
    return _cut(f"{attribution['column']} = {attribution['value']}")


def heading(example: Facts, facts: Facts) -> list[str]:
    """Return two lines: what was answered; what is true, and what the model answers to the baseline."""
    kind, start = "Mistake" if example["kind"] == "mistake" else "Typical", example["evidence"]["baseline"]
    if "explained" in example:
        answer = f"{_cut(example['explained'])} ({_share(example['probability'])})"
        before = _share(1 / (1 + math.exp(-max(-50.0, min(50.0, start)))))
    else:
        answer, before = _cut(example["prediction"]), _cut(start)
    return [f"{kind}: {answer}", f"true: {_cut(example['target'])} · for {facts['baseline']}: {before}"]


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _cut(value: Any) -> str:
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"
