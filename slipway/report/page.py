"""Lay the facts out as one HTML page: its styles and pictures inside, no script, nothing loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway.card import FIDELITY
from slipway.judging.decision import Decision
from slipway.report.baselines import baseline_lines, baseline_rows
from slipway.report.findings import findings
from slipway.report.reading import Facts
from slipway.report.summary import alike_pct, summary
from slipway.report.texts import short, shown
from slipway.report.verdict import serves, verdict_of
from slipway.report.wording import (
    CANDIDATES,
    CAPTIONS,
    FIGURES,
    LABELS,
    LEADS,
    MEANINGS,
    PARTED,
    RATES,
    RULES,
    SEVERITIES,
    TITLES,
)

HERE = Path(__file__).parent
MAX_ROWS = 200

UNBOUNDED = ("log_loss", "mae", "rmse", "r2")


@dataclass(frozen=True)
class Part:
    """A section of the page that has something to say."""

    name: str
    title: str
    lead: str
    html: Markup


def render(facts: Facts, *, docs: str | None = None) -> str:
    """Return the page of what `gather` found; every text from the data is escaped.

    Args:
        facts: What is shown.
        docs: Where the Data Docs are, seen from the page; None where there are none.
    """
    templates = environment()
    context = {
        **facts,
        **facts["evaluated"],
        "docs": docs,
        "verdict": verdict_of(facts),
        "summary": summary(facts),
        "alike_pct": alike_pct(facts),
        "css": css(),
        "figures": {name: (CAPTIONS[name], Markup(svg)) for name, svg in facts["pictures"].items()},
        "metric_rows": metric_rows(facts),
        "further": {name: metric_rows(each) for name, each in facts["targets"].items()},
        "tiles": tiles(facts),
        "rule": Decision.model_validate(facts["decision"]).rule if facts["decision"] else None,
        "costs": cost_rows(facts),
        "baseline_lines": baseline_lines(facts["evaluated"]["baselines"]),
        "baseline_rows": baseline_rows(facts["evaluated"]["baselines"]),
        "cleaning": facts["cleaning"] and {**facts["cleaning"], "changes": changes(facts["cleaning"])},
        "expectations": findings(facts["validation"])[:MAX_ROWS],
        "gates": gates(facts),
        "candidate_rows": candidate_rows(facts["candidates"]),
        "broken": {row["candidate"]: row["broken"] for row in facts["candidates"][:MAX_ROWS] if row.get("broken")},
        "FIDELITY": FIDELITY,
        "FIGURES": FIGURES,
        "PARTED": PARTED,
        "RATES": RATES,
        "SEVERITIES": SEVERITIES,
        "most_seconds": max((run["seconds"] for run in facts["runs"]), default=0) or 1,
    }
    parts = [
        Part(name, TITLES.get(name, name.capitalize()), lead, Markup(html))
        for name, lead in LEADS.items()
        if (html := templates.get_template(f"sections/{name}.html.j2").render(context).strip())
    ]
    return templates.get_template("report.html.j2").render(context, sections=parts)


def environment() -> Environment:
    """Return the templates of this room, in which every text from the data is escaped."""
    found = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["shown"] = shown
    found.filters["short"] = short
    found.filters["sentence"] = sentence
    found.filters["worded"] = lambda name: name.replace("_", " ")
    found.filters["flat"] = lambda mapping: list(flat(mapping))[:MAX_ROWS]
    return found


def sentence(text: str) -> str:
    """Begin with a capital, unless with a name such as `package.gate`; end with a full stop.

    >>> sentence("few rows"), sentence("age: left out."), sentence("package.gate has no limit")
    ('Few rows.', 'age: left out.', 'package.gate has no limit.')
    """
    begun = text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def css() -> Markup:
    """Return the styles of every page."""
    return Markup((HERE / "report.css").read_text(encoding="utf-8"))


def tiles(facts: Facts) -> list[tuple[str, str]]:
    """Return the few figures that stand at the top."""
    metrics = facts["metrics"] or facts["trained"] or {}
    found = [(LABELS[name], shown(metrics[name])) for name in ("accuracy", "roc_auc", "r2", "rmse") if name in metrics]
    if "rows" in metrics:
        found.append(("test rows", shown(metrics["rows"])))
    chosen = next((row for row in facts["candidates"] if row["chosen"] == "True"), None)
    if chosen is not None:
        found.append((f"model ({chosen['candidate']})", f"{int(chosen['size_bytes']) / 1024:,.0f} KiB"))
    return found


def metric_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return a row for each metric: of the chosen artefact, of the trained network, and the latter's interval.

    Args:
        facts: Those of the main target, or of a further one: `metrics`, `trained` and `intervals`.
    """
    released, trained = facts["metrics"] or {}, facts["trained"] or {}
    limits = (facts["intervals"] or {}).get("intervals", {})
    return [
        {
            "label": LABELS.get(name, name),
            "meaning": MEANINGS.get(name, ""),
            "released": shown(released[name]) if name in released else "",
            "trained": shown(trained[name]) if name in trained else "",
            "interval": f"{shown(limits[name]['low'])} to {shown(limits[name]['high'])}" if name in limits else "",
            "bar": None if name in UNBOUNDED or name not in limits else bar(**limits[name]),
        }
        for name in dict.fromkeys([*released, *trained])
        if name != "rows"
    ]


def cost_rows(facts: Facts) -> list[tuple[str, str, str]]:
    """Return what a test row costs under each rule, with its interval; nothing where no costs were declared."""
    paid = (facts["costs"] or {"cost_per_row": {}})["cost_per_row"]
    return [
        (RULES[name], shown(each["value"]), f"{shown(each['low'])} to {shown(each['high'])}")
        for name, each in paid.items()
    ]


def changes(cleaning: Facts) -> Facts:
    """Return what cleaning.json holds beside the numbers of rows."""
    return {key: value for key, value in cleaning.items() if key != "rows"}


def candidate_rows(candidates: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return candidates.csv in words, a row for each candidate: its figures, and what became of it."""
    return [
        {
            "candidate": row["candidate"],
            **{label: _measured(row[key], unit) for key, (label, unit) in CANDIDATES.items() if key in row},
            "": _became(row),
        }
        for row in candidates[:MAX_ROWS]
    ]


def _measured(text: str, unit: float) -> str:
    return short(float(text) / unit, digits=4) if text else ""


def _became(row: Mapping[str, str]) -> str:
    if row["chosen"] == "True":
        return "chosen"
    if row.get("kept") == "False":
        return "breaks a limit"
    return "on the front" if row.get("front") == "True" else ""


def bar(*, low: float, high: float) -> tuple[float, float]:
    """Return where an interval within 0 to 1 begins and how wide it is, in percent; never too thin to see."""
    return round(100 * min(low, 0.985), 2), round(max(100 * (high - low), 1.5), 2)


def gates(facts: Facts) -> list[tuple[str, Facts]]:
    """Return what was judged (`rules`, `notes`, `groups`), with the page's title for each gate."""
    release, verdict = facts["release"], facts["verdict"]
    passed = verdict is not None and verdict["passed"]
    found = [
        ("This run's bundle", None if passed and serves(facts) else verdict),
        ("Refused deployment", facts["deployment"] if passed and "deploy" in facts["failed"] else None),
        (f"Release {release['version']}, when it was deployed" if release else "", release and release["gate"]),
    ]
    return [(title, {"notes": [], "groups": [], **gate}) for title, gate in found if gate]


def flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield `a › b` and the text of its value for every leaf of a nested mapping that holds something."""
    for key, value in mapping.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if value is None or value in ([], {}):
            continue
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{name} › ")
        else:
            yield name, shown(value)
