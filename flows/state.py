"""How a product stands: stages up to date, the releases that serve, its report."""

from pathlib import Path
from typing import Any

from flows.bridge import plan
from slipway.files import read_json
from slipway.releases import Releases
from slipway.report.reading import DOCS


def state_of(root: Path, product: str) -> dict[str, Any]:
    """Return what `slipway status --json` prints of one product."""
    nodes = plan(root, product)
    releases = Releases(root / "releases" / product)
    champion, challenger = releases.named("champion"), releases.named("challenger")
    validation = validation_of(root / "data" / product)
    page = root / "data" / product / "report.html"
    return {
        "product": product,
        "stages": len(nodes),
        "up_to_date": sum(not node.reasons for node in nodes),
        "rows": validation and validation["rows"],
        "quarantined": validation and validation["quarantined"],
        "champion": champion and champion.version,
        "challenger": challenger and challenger.version,
        "report": str(page) if page.exists() else None,
    }


def validation_of(data: Path) -> dict[str, Any] | None:
    """Read what validate found last; None where it has not run."""
    path = data / "validate" / "validation.json"
    return read_json(path) if path.exists() else None


def quarantine_line(data: Path) -> str | None:
    """Say how many rows validate set aside, and where to read them; None where there are none."""
    validation = validation_of(data)
    if validation is None or not validation["quarantined"]:
        return None
    share = f"{validation['quarantined']:,} of {validation['rows']:,} rows ({validation['quarantined_pct']:g} %)"
    return f"{share} in {data / 'validate' / 'quarantine.parquet'}, shown in {data / DOCS}"
