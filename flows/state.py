"""How a product stands: stages up to date, the releases that serve, its report."""

import json
from pathlib import Path
from typing import Any

from flows.bridge import plan


def state_of(root: Path, product: str) -> dict[str, Any]:
    """Return what `slipway status --json` prints of one product."""
    nodes = plan(root, product)
    page = root / "data" / product / "report.html"
    return {
        "product": product,
        "stages": len(nodes),
        "up_to_date": sum(not node.reasons for node in nodes),
        "champion": _version(root, product, "champion"),
        "challenger": _version(root, product, "challenger"),
        "report": str(page) if page.exists() else None,
    }


def _version(root: Path, product: str, pointer: str) -> str | None:
    path = root / "releases" / product / f"{pointer}.json"
    return json.loads(path.read_bytes())["version"] if path.exists() else None
