"""Lay the facts out as one HTML page: its styles and pictures inside, no script, nothing loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway.report.findings import findings
from slipway.report.reading import Facts
from slipway.report.summary import summary
from slipway.report.texts import shown
from slipway.report.verdict import verdict_of

HERE = Path(__file__).parent
MAX_ROWS = 200

LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision_macro": "precision (macro)",
    "recall_macro": "recall (macro)",
    "f1_macro": "F1 (macro)",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "ece": "calibration error (ECE)",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
}
MEANINGS = {
    "accuracy": "share of rows that are right",
    "balanced_accuracy": "the same, each class counted alike",
    "precision_macro": "of what is given a class, how much belongs to it; mean of the classes",
    "recall_macro": "of what belongs to a class, how much is found; mean of the classes",
    "f1_macro": "one figure of precision and recall",
    "roc_auc": "chance that a row of a class ranks above one of another; 0.5 is guessing",
    "log_loss": "surprise at the truth; lower is better",
    "ece": "how far confidence is from the share that is right; lower is better",
    "mae": "how far off predictions are on average, in the target's units",
    "rmse": "the same, large errors weighing more",
    "r2": "share of the target's variance that is explained; 0 is always saying the mean",
}
UNBOUNDED = ("log_loss", "mae", "rmse", "r2")
CAPTIONS = {
    "tune": "The last search for better parameters; the dashed line is what the values before it reached",
    "augmented": "Training images, and what augmentation makes of them",
    "learning": "Learning curve: training loss falls for ever, the weights of the best validation loss are kept",
    "confusion": "Confusion matrix, test rows: right answers stand on the diagonal",
    "roc": "ROC, test rows: the nearer to the upper left corner, the better; the dashed line is guessing",
    "calibration": "Calibration, test rows: on the dashed line, confidence is as large as the share that is right",
    "residuals": "Predictions and errors, test rows: on the dashed line, they are right",
    "pareto": "Candidates: the filled one was chosen",
}
LEADS = {
    "data": "What came in, what was set aside, and why.",
    "privacy": "What is promised to the people behind the rows, and what is not.",
    "training": "How the network learned.",
    "evaluation": "How good the answers are on rows that nothing was fitted on.",
    "fairness": "Whether it is as good for some as for others.",
    "explanations": "What the answers depend on.",
    "robustness": "How much worse the answers become when rows are not as clean as these.",
    "compression": "Which smaller or faster artefacts were tried, what they cost, and which one is served.",
    "gate": "The rules that decide whether a model may serve; one that is broken keeps the last release serving.",
    "provenance": "From which code, data and libraries this came, and what it cost.",
}
TITLES = {"data": "Data and quarantine", "fairness": "Slices and fairness"}
"""Where a section is not called by its own name."""


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
        "css": css(),
        "figures": {name: (CAPTIONS[name], Markup(svg)) for name, svg in facts["pictures"].items()},
        "metric_rows": metric_rows(facts),
        "further": {name: metric_rows(each) for name, each in facts["targets"].items()},
        "tiles": tiles(facts),
        "expectations": findings(facts["validation"])[:MAX_ROWS],
        "gates": gates(facts),
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
    found.filters["worded"] = lambda name: name.replace("_", " ")
    found.filters["flat"] = lambda mapping: list(flat(mapping))[:MAX_ROWS]
    return found


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


def bar(*, low: float, high: float) -> tuple[float, float]:
    """Return where an interval within 0 to 1 begins and how wide it is, in percent; never too thin to see."""
    return round(100 * min(low, 0.985), 2), round(max(100 * (high - low), 1.5), 2)


def gates(facts: Facts) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Return the rules that were judged, with the page's title for each gate."""
    release = facts["release"]
    is_serving = release is not None and release["bundle_sha256"] == facts["bundle_sha256"]
    found = [
        ("This run's bundle", None if is_serving else facts["verdict"]),
        ("Refused deployment", facts["deployment"] if "deploy" in facts["failed"] else None),
        (f"Release {release['version']}, when it was deployed" if release else "", release and release["gate"]),
    ]
    return [(title, gate["rules"]) for title, gate in found if gate]


def flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield `a.b` and the text of its value for every leaf of a nested mapping."""
    for key, value in mapping.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{name} › ")
        else:
            yield name, shown(value)
