"""What a flow run shows in Prefect's UI: metrics, the validation, what went to quarantine, a link to the report."""

import json
from pathlib import Path
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact

from slipway.report.findings import findings
from slipway.report.quarantine import set_aside_rows


def publish_metrics(root: Path, product: str) -> None:
    """Create the table of the chosen model's metrics on test."""
    metrics = json.loads((root / "data" / product / "compress" / "metrics.json").read_bytes())
    create_table_artifact(
        [{"metric": name, "value": value} for name, value in metrics.items()],
        key=key_of(product, "metrics"),
        description=f"The chosen model of {product}, on its test rows",
    )


def publish_evidence(root: Path, product: str) -> None:
    """Create the tables of the validation and of the quarantines, and the link to the report, as far as the run came.

    No value of a row is in them: a server may keep them for longer than the rows live.
    """
    data = root / "data" / product
    if (data / "validate" / "validation.json").exists():
        validation = json.loads((data / "validate" / "validation.json").read_bytes())
        verdict = "passed" if validation["passed"] else "failed, the report says why"
        create_table_artifact(
            expectation_rows(validation),
            key=key_of(product, "validation"),
            description=f"Validation of {product}'s raw rows: {verdict}",
        )
        rows = quarantine_rows(data)
        create_table_artifact(
            rows,
            key=key_of(product, "quarantine"),
            description=f"What was set aside of {product}, by reason" if rows else f"No row of {product} was set aside",
        )
    if (data / "report.html").exists():
        link = (data / "report.html").as_uri()
        create_link_artifact(link, link_text=f"Report of {product}", key=key_of(product, "report"))


def expectation_rows(validation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each expectation, broken ones first."""
    return [
        {
            "result": "met" if one["success"] else "broken",
            "expectation": " ".join(filter(None, (one["column"], one["type"], one["arguments"]))),
            "severity": one["severity"],
            "rows": one["unexpected"],
        }
        for one in findings(validation)
    ]


def quarantine_rows(data: Path) -> list[dict[str, Any]]:
    """Return a row for each reason for which rows were set aside, those without a stated reason together."""
    return [
        {"file": str(one.path.relative_to(data)), "reason": reason, "rows": count}
        for one in set_aside_rows(data, with_values=False)
        for reason, count in one.reasons or [(one.title, one.rows)]
    ]


def key_of(product: str, what: str) -> str:
    """Return a key such as cancer-metrics, under which Prefect keeps a history over the runs."""
    return f"{product.replace('_', '-').lower()}-{what}"
