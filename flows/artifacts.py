"""What a flow run shows in Prefect's UI: a table of metrics, one of the validation, a link to the report."""

import json
from pathlib import Path

from prefect.artifacts import create_link_artifact, create_table_artifact

from slipway.report.page import expectations


def publish_metrics(root: Path, product: str) -> None:
    """Create the table of the chosen model's metrics on test."""
    metrics = json.loads((root / "data" / product / "compress" / "metrics.json").read_bytes())
    create_table_artifact(
        [{"metric": name, "value": value} for name, value in metrics.items()],
        key=_key(product, "metrics"),
        description=f"The chosen model of {product}, on its test rows",
    )


def publish_evidence(root: Path, product: str) -> None:
    """Create the table of the validation and the link to the report, as far as the run came."""
    data = root / "data" / product
    if (data / "validate" / "validation.json").exists():
        validation = json.loads((data / "validate" / "validation.json").read_bytes())
        verdict = "passed" if validation["passed"] else "failed: " + "; ".join(validation["reasons"])
        create_table_artifact(
            expectations(validation),
            key=_key(product, "validation"),
            description=f"Validation of {product}'s raw rows: {verdict}",
        )
    if (data / "report.html").exists():
        link = (data / "report.html").as_uri()
        create_link_artifact(link, link_text=f"Report of {product}", key=_key(product, "report"))


def _key(product: str, what: str) -> str:
    """Return a key such as cancer-metrics, under which Prefect keeps a history over the runs."""
    return f"{product.replace('_', '-').lower()}-{what}"
