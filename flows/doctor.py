"""`slipway doctor`: what would stop a run on this machine, and how to mend it."""

import contextlib
import http.client
import importlib.metadata
import platform
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException
from packaging.requirements import Requirement

from flows.bridge import stage_names
from flows.locks import stale_holders
from flows.project import check_product, products
from slipway.errors import SlipwayError
from slipway.product.reading import read_section
from slipway.product.serve import Serve
from slipway.serving.listening import listen
from slipway.serving.process import Client

MIN_FREE_GIB = 2
HEALTH_SECONDS = 3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    mend: str | None = None
    """What to do; null where nothing is wrong."""


def examine(root: Path) -> list[Finding]:
    """Look at everything; nothing is changed."""
    names = products(root)
    return [
        _libraries(),
        _repository(root),
        _disk(root),
        _locks(root),
        _prefect(),
        *(_product(root, name) for name in names),
        *_ports(root, names),
    ]


def _libraries() -> Finding:
    """Compare what is installed with the bounds in pyproject.toml."""
    wrong = []
    for line in importlib.metadata.requires("slipway") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": "serve"}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    mend = "pip install -e '.[serve]' -c constraints.txt" if wrong else None
    return Finding("libraries", ", ".join(wrong) or f"Python {platform.python_version()}, all within bounds", mend)


def _repository(root: Path) -> Finding:
    if not (root / ".dvc").is_dir():
        return Finding("repository", f"{root} is no DVC repository", "dvc init")
    if not any((folder / ".git").exists() for folder in [root, *root.parents]):
        return Finding("repository", "DVC without git: a release can't name its commit", "git init, and commit")
    return Finding("repository", "git and DVC")


def _disk(root: Path) -> Finding:
    free_gib = shutil.disk_usage(root).free / 2**30
    mend = None if free_gib >= MIN_FREE_GIB else "dvc gc --workspace removes what no stage needs now"
    return Finding("disk", f"{free_gib:.1f} GiB free", mend)


def _locks(root: Path) -> Finding:
    stale = stale_holders(root / ".dvc" / "tmp")
    mend = "slipway run frees them" if stale else None
    return Finding("locks", f"left by dead processes: {stale}" if stale else "none left behind", mend)


def _prefect() -> Finding:
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if url is None:
        return Finding("prefect", "no server configured: each run starts a temporary one, in about 20 s")
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=HEALTH_SECONDS) as answer:
            return Finding("prefect", f"{url} answers {answer.status}")
    except (urllib.error.URLError, OSError, ValueError) as error:
        return Finding("prefect", f"{url}: {error}", "prefect server start, or prefect config unset PREFECT_API_URL")


def _product(root: Path, name: str) -> Finding:
    """Check every section of params.yaml and the product's stages in dvc.yaml."""
    try:
        check_product(root, name)
        return Finding(f"product {name}", f"parameters right, {len(stage_names(root, name))} stages")
    except SlipwayError as error:
        return Finding(f"product {name}", str(error), "correct it there")
    except DvcException as error:
        return Finding(f"product {name}", str(error), "correct dvc.yaml; slipway run mends a dvc.lock cut short")


def _ports(root: Path, names: list[str]) -> Iterator[Finding]:
    """Try each address that a product would listen on; products may share one, served one at a time."""
    users: dict[tuple[str, int], list[str]] = {}
    for name in names:
        try:
            serve = read_section(root / "products" / name / "params.yaml", Serve)
        except SlipwayError:
            continue  # _product says so
        users.setdefault((serve.host, serve.port), []).append(name)
    for (host, port), users_of_it in users.items():
        yield _port(host, port, f"for {', '.join(users_of_it)}")


def _port(host: str, port: int, who: str) -> Finding:
    what = f"port {port}"
    try:
        listen(host, port).close()
        return Finding(what, f"free, {who}")
    except OSError as error:
        if release := _release_at(host, port):
            return Finding(what, f"slipway serves {release} there, {who}")
        mend = "slipway serve NAME --port PORT, or set serve.port"
        return Finding(what, f"{host}:{port} {who}: {error.strerror}", mend)


def _release_at(host: str, port: int) -> str | None:
    """Return the release that a server of ours says it serves; None where something else listens, or nothing."""
    with contextlib.closing(Client(host, port, timeout_seconds=HEALTH_SECONDS)) as client:
        try:
            _, content = client.request("GET", "/ready")
        except (OSError, http.client.HTTPException, ValueError):
            return None
    is_ours = isinstance(content, dict) and content.keys() >= {"release", "manifest_sha256"}
    return str(content["release"]) if is_ours else None
