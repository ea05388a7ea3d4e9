"""What a flow run shows in Prefect's UI: a table of metrics, one of the validation, a link to the report."""

import json
from pathlib import Path
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact


def publish(root: Path, product: str, page: Path) -> None:
    """Create the three artifacts; their keys, such as cancer-metrics, keep a history over the runs."""
    key, data = product.replace("_", "-").lower(), root / "data" / product
    metrics = json.loads((data / "compress" / "metrics.json").read_bytes())
    rows = [{"metric": name, "value": value} for name, value in metrics.items()]
    create_table_artifact(rows, key=f"{key}-metrics", description=f"The chosen model of {product}, on its test rows")
    validation = json.loads((data / "validate" / "validation.json").read_bytes())
    verdict = "passed" if validation["passed"] else "failed"
    create_table_artifact(
        expectations(validation), key=f"{key}-validation", description=f"Validation of {product}'s raw rows: {verdict}"
    )
    create_link_artifact(page.as_uri(), link_text=f"Report of {product}", key=f"{key}-report")


def expectations(validation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each expectation of a Great Expectations result."""
    rows = []
    for one in validation.get("results", []):
        config = one["expectation_config"]
        rows.append(
            {
                "expectation": config["type"],
                "column": config["kwargs"].get("column", ""),
                "severity": config.get("severity", ""),
                "success": one["success"],
                "unexpected": one["result"].get("unexpected_count", ""),
            }
        )
    return rows
