"""How a product stands: stages up to date, the releases that serve, its report."""

from pathlib import Path
from typing import Any

from flows.bridge import plan
from slipway.releases import Releases


def state_of(root: Path, product: str) -> dict[str, Any]:
    """Return what `slipway status --json` prints of one product."""
    nodes = plan(root, product)
    releases = Releases(root / "releases" / product)
    champion, challenger = releases.named("champion"), releases.named("challenger")
    page = root / "data" / product / "report.html"
    return {
        "product": product,
        "stages": len(nodes),
        "up_to_date": sum(not node.reasons for node in nodes),
        "champion": champion and champion.version,
        "challenger": challenger and challenger.version,
        "report": str(page) if page.exists() else None,
    }
