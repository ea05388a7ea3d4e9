"""The folders that a run and a release leave, as small as a report needs them."""

import json
from pathlib import Path
from typing import Any

from slipway.files import write_json

RULE = {"rule": "accuracy on test at least", "value": 0.8, "limit": 0.9}
GATE: dict[str, Any] = {
    "rules": [
        {
            "rule": "accuracy less that of champion v0001, all of its 90 % interval, at least",
            "value": -0.01,
            "limit": -0.02,
            "interval": [-0.03, 0.01],
            "mend": "enlarge the test part",
        },
        {"rule": "epsilon at most", "value": None, "limit": 4, "why": "there is no guarantee"},
    ],
    "notes": ["judged in a server process on 245 of 245 test rows"],
    "groups": [
        {"column": "town", "group": name, "rows": 120, "accuracy": 0.8125, "worst_recall": recall}
        for name, recall in (("<Bon>", 0.6125), ("Ulm", None))
    ],
}
"""What the gate tells beside numbers, limits and verdicts."""
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>picture</text></svg>\n'


def expectation(column: str, *, success: bool = True) -> dict[str, Any]:
    config = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}, "severity": "warning"}
    return {"success": success, "expectation_config": config, "result": {"unexpected_count": 0 if success else 3}}


def validation(*results: dict[str, Any], passed: bool = True) -> dict[str, Any]:
    met = sum(one["success"] for one in results)
    return {
        "passed": passed,
        "reasons": [] if passed else ["column 'size' is not there"],
        "rows": 1200,
        "quarantined": 3,
        "quarantined_pct": 0.25,
        "result": {
            "statistics": {"evaluated_expectations": len(results), "successful_expectations": met},
            "results": list(results),
        },
    }


def write_run(data: Path, *, passed: bool = True, pictures: str = SVG) -> None:
    """The folders of a run that went through to the package."""
    rows = {"in": 1197, "without_target": 0, "duplicates": 2, "train": 800, "validation": 150, "test": 245}
    metrics = {"accuracy": 0.95, "roc_auc": 0.99998, "log_loss": 0.2, "rows": 245}
    intervals = {"method": "bootstrap", "samples": 1000, "confidence_pct": 95}
    files: dict[str, Any] = {
        "validate/validation.json": validation(expectation("size"), expectation("town", success=False)),
        "preprocess/cleaning.json": {"rows": rows, "missing": {"town": 4}, "prepare": {"missing": ["", "?"]}},
        "privatize/receipt.json": {
            "mechanism": "local",
            "private": True,
            "epsilon": 2.5,
            "columns": {"size": {"epsilon": 2.5}},
        },
        "train/receipt.json": {"private": True, "epsilon": 0.0, "why": "post-processing"},
        "evaluate/metrics.json": metrics,
        "evaluate/intervals.json": {**intervals, "intervals": {"accuracy": {"low": 0.92, "high": 0.97}}},
        "evaluate/decision.json": {"temperature": 1.7, "classes": ["no", "yes"]},
        "compress/metrics.json": {**metrics, "accuracy": 0.94},
        "compress/fidelity.json": {"chosen": "int8", "parity_error": 1e-7},
        "package/verdict.json": {"passed": passed, "rules": [{**RULE, "passed": passed}]},
        "package/bundle/MANIFEST.json": {"model.onnx": "abc"},
    }
    for name, content in files.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, content)
    (data / "compress" / "candidates.csv").write_text(
        "candidate,size_bytes,accuracy_validation,chosen\nfp32,20000,0.95,False\nint8,7000,0.95,True\n"
    )
    for name in ("evaluate/learning.svg", "evaluate/roc.svg", "compress/pareto.svg"):
        (data / name).write_text(pictures)
    run = {"stage": "train", "outcome": "ran", "ended": "2026-01-02T03:04:05+00:00", "rows": None, "seconds": 2.5}
    line = json.dumps({**run, "cpu_seconds": 2.0, "peak_memory_mib": 300, "python": "3.11", "versions": {"torch": "2"}})
    (data / "runs.jsonl").write_text(f'{line}\n{line}\n{{"stage": "trai')


def write_release(data: Path, releases: Path, *, same_bundle: bool = True) -> None:
    bundle = releases / "v0001" / "bundle"
    bundle.mkdir(parents=True)
    manifest = (data / "package/bundle/MANIFEST.json").read_bytes()
    (bundle / "MANIFEST.json").write_bytes(manifest if same_bundle else b"{}")
    write_json(releases / "v0001" / "release.json", {"commit": "abc123", "stages": {"train": {"data/x/train": "f00"}}})
    write_json(
        releases / "v0001" / "gate.json",
        {"passed": True, "rules": [{**RULE, "rule": "latency p95, ms", "passed": True}]},
    )
    write_json(releases / "champion.json", {"version": "v0001", "manifest_sha256": "00"})


MISTAKES = {
    "rows": [{"_id": 7, "target": "no", "prediction": "yes", "probability": 0.99, "values": {"town": "<Bonn>"}}],
    "withheld": None,
    "wrong": 12,
    "tested": 245,
}

EVALUATED: dict[str, Any] = {
    "baselines": {
        "headline": "accuracy",
        "models": {"majority": {"accuracy": 0.6}, "gradient_boosting": {"accuracy": 0.97}},
        "skipped": {},
        "model": 0.95,
        "beaten_by": ["gradient_boosting"],
        "differences": {
            "majority": {"value": -0.35, "low": -0.4, "high": -0.3},
            "gradient_boosting": {"value": 0.02, "low": 0.01, "high": 0.03},
        },
        "confidence_pct": 95,
        "rows": {"learned_from": 800, "train": 800, "test": 245},
        "notes": [],
    },
    "slices": {
        "metric": "accuracy",
        "overall": 0.95,
        "min_rows": 30,
        "declared": [],
        "found": [{"where": {"town": "Bon", "size": "3 to 5"}, "rows": 40, "value": 0.7, "low": 0.55, "high": 0.82}],
        "notes": [],
    },
    "fairness": {
        "positive": "yes",
        "columns": {
            "town": {
                "groups": {
                    name: {"rows": 120, "accuracy": {"value": value, "low": value - 0.1, "high": value + 0.05}}
                    for name, value in (("Bon", 0.8), ("Ulm", 0.9))
                },
                "differences": {"demographic_parity_difference": {"value": 0.12, "low": 0.02, "high": 0.2}},
                "worst_group": {"group": "Bon", "accuracy": 0.8},
                "too_small": {"Rom": 3},
            }
        },
        "before": None,
        "mitigation": None,
        "notes": ["A note about groups."],
    },
    "explanations": {
        "metric": "log_loss",
        "method": "permutation importance",
        "importance": [
            {"column": name, "drop": {"value": value, "low": value - 0.01, "high": value + 0.01}}
            for name, value in (("size", 0.4), ("town", 0.1), ("age", 0.0))
        ],
        "sanity": {"randomised_correlation": 0.1, "rerun_correlation": 0.99},
        "examples": [],
        "notes": [],
    },
    "robustness": {
        "metric": "accuracy",
        "clean": 0.95,
        "curves": {"noise": [{"strength": 0.1, "value": 0.94}], "missing": [{"strength": 0.5, "value": 0.7}]},
        "notes": [],
    },
}
"""What evaluate tells beside the metrics; `write_run` leaves it out."""


def write_evaluated(data: Path) -> None:
    """Add what evaluate tells beside the metrics."""
    for name, content in EVALUATED.items():
        write_json(data / "evaluate" / f"{name}.json", content)
