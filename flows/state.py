"""How a product stands: stages up to date, the releases that serve, its report."""

from pathlib import Path
from typing import Any

from flows.bridge import plan
from slipway.files import read_json
from slipway.releases import Releases
from slipway.report.reading import DOCS

DROPPED = {
    "without_target": "the target is missing",
    "without_required": "a value that preprocess.require names is missing",
    "duplicates": "exact copies of others (preprocess.duplicates: keep keeps them)",
    "repeated_keys": "others have their preprocess.unique.key",
}


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


def set_aside(data: Path, stage: str) -> list[str]:
    """Say how many rows a stage set aside or dropped, why, and where to read them; nothing where there are none."""
    quarantine = data / stage / "quarantine.parquet"
    if stage == "validate" and (validation := validation_of(data)) is not None and validation["quarantined"]:
        share = f"{validation['quarantined']:,} of {validation['rows']:,} rows ({validation['quarantined_pct']:g} %)"
        return [f"quarantine   {share} in {quarantine}, shown in {data / DOCS}"]
    if stage == "preprocess" and (path := data / stage / "cleaning.json").exists():
        rows = read_json(path)["rows"]
        share = f"of {rows['in']:,} rows"
        lines = [f"dropped      {rows[key]:,} {share}: {why}" for key, why in DROPPED.items() if rows[key]]
        aside = f"quarantine   {rows['quarantine']:,} {share} in {quarantine}"
        return [*lines, *([aside] if rows["quarantine"] else [])]
    if stage == "privatize" and (path := data / stage / "fitting.json").exists():
        aside = read_json(path)["rows"]["quarantine"]
        return [f"quarantine   {aside:,} outliers among the training rows in {quarantine}"] if aside else []
    return []
