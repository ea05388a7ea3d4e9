"""Where a release comes from: the commit, what DVC recorded of its stages, the libraries."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import yaml

from slipway.files import read_json
from slipway.stage import LIBRARIES

ALL_BUT_DVC_LOCK = (":(top)", ":(exclude)dvc.lock")


def provenance(root: Path, product: str) -> dict[str, Any]:
    """Return what release.json says about the origin of a bundle.

    `commit` is null outside a git repository; `dirty` says whether files differ from it. dvc.lock does not
    count, because the run itself writes it: `stages` holds the MD5 that it records for each output of
    the product's stages. `seed` is the product's, of all that is drawn; null before ingest has run.
    """
    changes = _git(root, "status", "--porcelain", "--", *ALL_BUT_DVC_LOCK)
    return {
        "commit": _git(root, "rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "seed": recorded_seed(root, product),
        "stages": recorded_outputs(root, product),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in ("slipway", "dvc", *LIBRARIES)},
    }


def recorded_outputs(root: Path, product: str) -> dict[str, dict[str, str]]:
    """Return the hash of each output that dvc.lock records, by stage: {"train": {"data/x/train": "..."}}."""
    lock = root / "dvc.lock"
    stages = yaml.safe_load(lock.read_text(encoding="utf-8")).get("stages", {}) if lock.exists() else {}
    return {
        name.removesuffix(f"@{product}"): {out["path"]: out["md5"] for out in stage.get("outs", [])}
        for name, stage in stages.items()
        if name.endswith(f"@{product}")
    }


def recorded_seed(root: Path, product: str) -> int | None:
    """Return the seed that the stages were given, as ingest noted it."""
    schema = root / "data" / product / "ingest" / "schema.json"
    return read_json(schema)["product"]["seed"] if schema.exists() else None


def _git(root: Path, *words: str) -> str | None:
    """Return what git prints; None where git or a commit is absent."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
