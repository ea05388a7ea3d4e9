"""Gather what the report shows from the folders of a product; whatever does not exist yet is left out."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipway.errors import DataError
from slipway.files import read_json, sha256_of
from slipway.releases import CHAMPION, Releases
from slipway.report.quarantine import set_aside_rows
from slipway.tables.schema import ROW_ID

DOCS = Path("docs", "index.html")
"""The Data Docs, beside the stages."""

STAGES = ("ingest", "validate", "preprocess", "privatize", "augment", "train", "evaluate", "compress", "package")
PICTURES = {
    ".": ("tune",),
    "train": ("augmented",),
    "evaluate": (
        "learning",
        "confusion",
        "roc",
        "precision_recall",
        "calibration",
        "costs",
        "residuals",
        "slices",
        "fairness",
        "importance",
        "explained",
        "mistakes",
        "robustness",
    ),
    "compress": ("pareto",),
}
"""In the folders of the stages, and of `slipway tune` beside them."""

EVALUATED = ("baselines", "slices", "fairness", "explanations", "robustness")
"""What evaluate tells in files of these names."""

MAX_PICTURE_BYTES = 300_000

Facts = dict[str, Any]


def gather(
    data: Path, releases: Path, *, private: bool = True, origin: Mapping[str, Any] = MappingProxyType({})
) -> Facts:
    """Read data/<name>/ and releases/<name>/.

    Args:
        data: What the stages left.
        releases: What was deployed.
        private: Whether what a suite observed must not be shown.
        origin: From which code and data the run comes, as far as somebody knows.

    Raises:
        DataError: no stage of the product has run or failed yet.
    """
    runs = last_runs(data / "runs.jsonl")
    failed = failures(data, runs)
    if not failed and not any((data / stage).is_dir() for stage in STAGES):
        raise DataError(f"{data} holds no stage: run `slipway run {data.name}` first")
    validation = optional(data / "validate" / "validation.json")
    return {
        "name": data.name,
        "failed": failed,
        "release": champion(releases),
        "verdict": optional(data / "package" / "verdict.json"),
        "deployment": optional(data / "failed" / "deploy" / "gate.json"),
        "validation": without_observed(validation) if validation and private else validation,
        "aside": set_aside_rows(data, with_values=False),
        "cleaning": optional(data / "preprocess" / "cleaning.json"),
        "checks": optional(data / "preprocess" / "checks.json"),
        "privacy": {
            "release of the rows": optional(data / "privatize" / "receipt.json"),
            "training": optional(data / "train" / "receipt.json"),
        },
        "trained": optional(data / "evaluate" / "metrics.json"),
        "intervals": optional(data / "evaluate" / "intervals.json"),
        "decision": optional(data / "evaluate" / "decision.json"),
        "costs": optional(data / "evaluate" / "costs.json"),
        "remarks": (optional(data / "evaluate" / "notes.json") or {"notes": []})["notes"],
        "metrics": optional(data / "compress" / "metrics.json"),
        "targets": targets(data),
        "labels": optional(data / "evaluate" / "labels.json") or {},
        "fidelity": optional(data / "compress" / "fidelity.json"),
        "evaluated": {name: optional(data / "evaluate" / f"{name}.json") for name in EVALUATED}
        | {"mistakes": mistakes(data / "evaluate" / "mistakes.json", private=private)},
        "description": (optional(data / "package" / "bundle" / "card.json") or {}).get("description"),
        "tried": (optional(data / "compress" / "notes.json") or {"notes": []})["notes"],
        "archive": optional(data / "compress" / "archive.json"),
        "recipe": text_of(data / "compress" / "recipe.json"),
        "origin": dict(origin),
        "candidates": rows_of(data / "compress" / "candidates.csv"),
        "pictures": pictures(data, without=("mistakes",) if private else ()),
        "runs": runs,
        "bundle_sha256": identity(data / "package" / "bundle" / "MANIFEST.json"),
    }


def targets(data: Path) -> dict[str, Facts]:
    """Return what is known of each further target: its figures as `trained`, `intervals` and, released, `metrics`."""
    trained = optional(data / "evaluate" / "targets.json") or {}
    released = optional(data / "compress" / "targets.json") or {}
    return {
        name: {
            "trained": judged["metrics"],
            "intervals": judged["intervals"],
            "metrics": released.get(name, {}).get("metrics"),
        }
        for name, judged in trained.items()
    }


def without_observed(validation: Facts) -> Facts:
    """Return the verdict without what a table-level expectation saw: a maximum is somebody's value."""
    reasons = [reason.partition(": observed ")[0] for reason in validation["reasons"]]
    return {**validation, "reasons": reasons}


def mistakes(path: Path, *, private: bool) -> Facts | None:
    """Read mistakes.json; of private rows the ids alone, even where it was written before they were."""
    found = optional(path)
    if found is None or not private or found["withheld"] is not None:
        return found
    rows = [{ROW_ID: row[ROW_ID]} for row in found["rows"]]
    return {**found, "rows": rows, "withheld": "the product is private now: only ids are shown"}


def optional(path: Path) -> Any:
    """Read a JSON file; None where there is none."""
    return read_json(path) if path.exists() else None


def text_of(path: Path) -> str | None:
    """Read a short text; None where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def failures(data: Path, runs: list[Facts]) -> dict[str, str]:
    """Return why stages failed last, by stage; what succeeded or came back since then is left out."""
    outcomes = {run["stage"]: run["outcome"] for run in runs}
    found = {}
    for stage in (*STAGES, "deploy"):
        failed, out = data / "failed" / stage, data / stage
        if failed.is_dir() and not (out.is_dir() and out.stat().st_mtime > failed.stat().st_mtime):
            error = failed / "error.txt"
            text = error.read_text(encoding="utf-8").strip() if error.exists() else ""
            found[stage] = text or f"What it left stands in {failed}."
        elif not out.is_dir() and outcomes.get(stage, "ran") != "ran":
            found[stage] = f"It ended with {outcomes[stage]}; run it again to see the message."
    return found


def champion(releases: Path) -> Facts | None:
    """Return what serves: its pointer, release.json, gate.json and when it took over."""
    store = Releases(releases)
    named = store.named(CHAMPION)
    if named is None:
        return None
    folder = releases / named.version
    moves = [move for move in store.history() if move["pointer"] == CHAMPION]
    return {
        "version": named.version,
        "about": optional(folder / "release.json") or {},
        "gate": optional(folder / "gate.json"),
        "bundle_sha256": identity(folder / "bundle" / "MANIFEST.json"),
        "since": moves[-1]["at"] if moves else None,
    }


def identity(manifest: Path) -> str | None:
    """Return a bundle's identity; None where there is no bundle."""
    return sha256_of(manifest) if manifest.exists() else None


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a small CSV file; empty where there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines_of(path: Path) -> list[Facts]:
    """Read a file of JSON lines; a line that a killed process left half-written is skipped."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def last_runs(path: Path) -> list[Facts]:
    """Return the last line of each stage in runs.jsonl, in the order of the line."""
    last = {run["stage"]: run for run in lines_of(path)}
    return [last[stage] for stage in STAGES if stage in last]


def pictures(data: Path, *, without: Sequence[str] = ()) -> dict[str, str]:
    """Read the SVG pictures by name; one that is too large for a page is left out."""
    found = {}
    for folder, names in PICTURES.items():
        for name in names:
            path = data / folder / f"{name}.svg"
            if name not in without and path.exists() and path.stat().st_size <= MAX_PICTURE_BYTES:
                found[name] = path.read_text(encoding="utf-8")
    return found
