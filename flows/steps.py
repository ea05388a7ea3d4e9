"""The steps of a run, for Prefect's flow and for the plain loop alike: a stage, the deployment, the report."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flows.bridge import Node, Outcome, plan, reproduce
from flows.code import CodeSnapshot
from flows.locks import turn
from flows.noise import repeated_releases
from flows.provenance import provenance
from flows.state import set_aside
from slipway.bundle.manifest import MANIFEST
from slipway.errors import ParamsError, SlipwayError
from slipway.files import read_json, sha256_of
from slipway.product.deploy import Deploy
from slipway.product.privatize import Privatize
from slipway.product.reading import read_section
from slipway.product.serve import Serve
from slipway.releases import Pointer, Release, Releases

Done = TypeVar("Done")

logger = logging.getLogger("slipway")


@dataclass(frozen=True)
class Run:
    """What is to be done, and with which code."""

    root: Path
    product: str
    stage: str | None
    """The last stage; null is all of them, the deployment and the report."""

    force: bool
    snapshot: CodeSnapshot

    tensorboard: bool = False
    """Whether train writes events for TensorBoard beside its folder."""


@dataclass(frozen=True)
class Result:
    """What a run did."""

    stages: Mapping[str, Outcome]
    """In the order of the graph."""

    release: str | None = None
    """The version that the package stands for; null where a stage was asked for."""

    deployment: str | None = None
    """What deploying it came to: published, unchanged ..."""

    report: Path | None = None
    """The page about the product."""


def run_plain(run: Run) -> Result:
    """Run the stages one after the other in this process, then deploy and report; Prefect is not imported."""
    os.chdir(run.root)
    with turn(run.root, run.product), reported_failure(run):
        nodes = planned(run)
        alone = is_alone(run, nodes)
        outcomes: dict[str, Outcome] = {node.name: bring(run, node, alone=alone) for node in nodes}
        if run.stage is not None:
            return Result(outcomes)
        release, deployment = deploy(run.root, run.product)
        page = report(run.root, run.product, changed=has_changed(outcomes, deployment))
        return Result(outcomes, release, deployment, page)


def planned(run: Run) -> list[Node]:
    """Plan the run, warn of privacy that it would spend again, and refuse events that could not be written."""
    if run.tensorboard:
        from slipway.learning.events import require_tensorboard

        require_tensorboard()
    nodes = plan(run.root, run.product, run.stage)
    for warning in repeated_releases(run.root, run.product, nodes, force=run.force):
        logger.warning("%s", warning)
    return nodes


def is_alone(run: Run, nodes: list[Node]) -> bool:
    """Say whether at most one stage will run, which may then have this process to itself."""
    return sum(run.force or bool(node.reasons) for node in nodes) <= 1


def has_changed(outcomes: Mapping[str, Outcome], deployment: str) -> bool:
    """Say whether the report has something new to show."""
    return {*outcomes.values(), deployment} != {"unchanged"}


def bring(run: Run, node: Node, *, alone: bool) -> Outcome:
    """Bring one stage up to date, and log a line about it.

    DVC was asked about all stages when the plan was made; it is not asked again about one that is up to
    date, since that costs as much as all did.
    """
    isolate, stage = bool(node.meta.get("isolate")) and not alone, node.name.split("@")[0]
    is_watched = run.tensorboard and stage == "train"

    def step() -> Outcome:
        if not node.reasons and not run.force:
            return "unchanged"
        switches = ["--tensorboard"] if is_watched else []
        return reproduce(
            run.root, node.name, snapshot=run.snapshot, isolate=isolate, force=run.force, switches=switches
        )

    outcome = _logged(node.name, step)
    if is_watched and outcome != "ran":
        logger.warning("train did not run, so there are no new events; --force trains again")
    for line in set_aside(Path("data", run.product), stage):
        logger.info("%s", line)
    return outcome


def deploy(root: Path, product: str) -> tuple[str, str]:
    """Judge the package and publish it as a release; return its version and what came of it.

    Where the pointer names this very bundle already, there is nothing to judge: the same bytes are the
    same release.
    """
    params = root / "products" / product / "params.yaml"
    section, serve = read_section(params, Deploy), read_section(params, Serve)
    data, releases = Path("data", product), Path("releases", product)

    def step() -> tuple[str, str]:
        standing = _standing(Releases(releases), section.to, data / "package")
        if standing is not None:
            return standing.version, "unchanged"
        from tasks.deploy import Origin, deploy

        origin = Origin(data / "package", data / "preprocess", data / "validate")
        made = provenance(root, product)
        done = deploy(origin, releases, data / "failed" / "deploy", section, serve, made)
        return done.release, done.outcome

    return _logged(f"deploy@{product}", step, outcome=lambda done: done[1])


def report(root: Path, product: str, *, changed: bool = True) -> Path:
    """Make the product's page, unless it stands and nothing has changed; return its absolute path."""
    page = root / "data" / product / "report.html"

    def step() -> str:
        if page.exists() and not changed:
            return "unchanged"
        from tasks.report import report

        origin = provenance(root, product)
        report(Path("data", product), Path("releases", product), private=is_private(root, product), origin=origin)
        return "ran"

    _logged(f"report@{product}", step)
    return page


def is_private(root: Path, product: str) -> bool:
    """Say whether a page about the product must not show values of rows; so it is where params.yaml cannot tell."""
    try:
        return read_section(root / "products" / product / "params.yaml", Privatize).mechanism != "none"
    except ParamsError:
        return True


def _logged(name: str, step: Callable[[], Done], *, outcome: Callable[[Any], str] = str) -> Done:
    """Do a step; log its start (debug), and at its end a line with what came of it and its wall seconds."""
    start, what = time.monotonic(), "failed"
    logger.debug("%s", name)
    try:
        result = step()
        what = outcome(result)
    finally:
        logger.info("%-12s %-10s %5.1f s", name.split("@")[0], what, time.monotonic() - start)
    return result


@contextmanager
def reported_failure(run: Run) -> Iterator[None]:
    """Make the report of a run that fails, too: it shows the evidence that the stages left."""
    try:
        yield
    except SlipwayError:
        if run.stage is None:
            try:
                logger.info("the evidence is in %s", report(run.root, run.product))
            except SlipwayError as error:
                logger.warning("there is no report: %s", error)
        raise


def _standing(releases: Releases, pointer: Pointer, package: Path) -> Release | None:
    """Return the release that the pointer names if it holds exactly this package, which passed."""
    bundle, verdict = package / "bundle" / MANIFEST, package / "verdict.json"
    if not bundle.exists() or not read_json(verdict)["passed"]:
        return None
    with releases.locked():
        return releases.settled(pointer, sha256_of(bundle))
