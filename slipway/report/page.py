"""Lay the facts out as one HTML page: its styles and pictures inside, no script, nothing loaded."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway.report.baselines import baseline_lines, baseline_rows
from slipway.report.findings import findings
from slipway.report.reading import Facts
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
UNBOUNDED = ("log_loss", "mae", "rmse", "r2")
CAPTIONS = {
    "tune": "The last search for better parameters; the dashed line is what the values before it reached",
    "augmented": "Training images, and what augmentation makes of them",
    "learning": "Learning curve",
    "confusion": "Confusion matrix, test rows",
    "roc": "ROC, test rows",
    "calibration": "Calibration, test rows",
    "mistakes": "The images that it is most sure of and wrong about, the worst first",
    "robustness": "What corrupted test rows leave of it; the dashed line is its figure on the same rows as they are",
    "residuals": "Predictions and errors, test rows",
    "pareto": "Candidates: the filled one was chosen",
}


def render(facts: Facts, *, docs: str | None = None) -> str:
    """Return the page of what `gather` found; every text from the data is escaped.

    Args:
        facts: What is shown.
        docs: Where the Data Docs are, seen from the page; None where there are none.
    """
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            facts,
            docs=docs,
            verdict=verdict_of(facts),
            css=css(),
            figures={name: (CAPTIONS[name], Markup(svg)) for name, svg in facts["pictures"].items()},
            metric_rows=metric_rows(facts),
            further={name: metric_rows(each) for name, each in facts["targets"].items()},
            tiles=tiles(facts),
            baseline_lines=baseline_lines(facts["baselines"]),
            baseline_rows=baseline_rows(facts["baselines"]),
            expectations=findings(facts["validation"])[:MAX_ROWS],
            gates=gates(facts),
            most_seconds=max((run["seconds"] for run in facts["runs"]), default=0) or 1,
        )
    )


def environment() -> Environment:
    """Return the templates of this room, in which every text from the data is escaped."""
    found = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["shown"] = shown
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
