"""Deploy: judge a package in a real server process and against the champion, publish it, move a pointer.

No DVC stage, because it depends on the world: on what serves now and on how fast this machine is.
`slipway deploy NAME` runs it alone. Idempotent by content: the same bundle is the same release.
"""

import shutil
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

from slipway.bundle.manifest import verify
from slipway.bundle.signature import SIGNATURE, parse_signature
from slipway.errors import BundleError, DataError, GateFailed, Refused, SlipwayError
from slipway.files import read_json, write_json, write_text
from slipway.judging.against_champion import compare, judge_relative
from slipway.judging.fresh_rows import FreshRows, read_fresh_rows
from slipway.judging.gate import Judged, Rule, at_least, broken
from slipway.judging.timed import judge_timed
from slipway.product.deploy import Deploy
from slipway.product.serve import Serve
from slipway.releases import CHAMPION, Release, Releases
from slipway.serving.asking import Prediction, ask
from slipway.serving.process import Client, server_process
from slipway.tables.schema import Schema, read_schema

Outcome = Literal["published", "promoted", "unchanged"]

BATCH_ROWS = 256
"""Records of a request while two models are compared; fewer where the server takes no more."""


@dataclass(frozen=True)
class Origin:
    """The stages' folders that a deployment reads."""

    package: Path
    """bundle/ and verdict.json."""

    preprocess: Path
    """The test rows, for the comparison with a champion."""

    validate: Path
    """The same rows, raw."""


@dataclass(frozen=True)
class Fresh:
    """Test rows, and what is to be predicted about them."""

    schema: Schema
    rows: FreshRows


@dataclass(frozen=True)
class Deployment:
    """What a deployment did."""

    release: str
    """The version, as in `v0001`."""

    outcome: Outcome
    """published: a new release; promoted: an older one got the pointer; unchanged: it had it already."""

    manifest_sha256: str
    """The release's identity, as the pointer has it."""

    gate: list[Rule]
    """Every rule that was judged, untimed ones included; as in gate.json."""


def deploy(
    origin: Origin, releases: Path, failed: Path, params: Deploy, serve: Serve, provenance: dict[str, Any]
) -> Deployment:
    """Publish a package that keeps every rule, and let the pointer `params.to` name it.

    Args:
        origin: what the stages wrote.
        releases: releases/<name>.
        failed: where the evidence goes if a rule is broken.
        params: the timed and relative rules.
        serve: how the server will run, so that it is judged alike.
        provenance: what release.json says about the origin: commit, hashes, versions.

    Raises:
        Refused: the package's own verdict is `passed: false`.
        GateFailed: a timed or relative rule is broken. Nothing is published; the pointers stay.
        BundleError: the bundle or the champion's release is damaged.
    """
    store = Releases(releases)
    untimed = _passed_verdict(origin.package, store.pointed(CHAMPION))
    bundle = origin.package / "bundle"
    identity = _verified(bundle)
    with store.locked():
        shutil.rmtree(failed, ignore_errors=True)  # what is there is of an earlier deployment
        current = store.settled(params.to, identity)
        if current is not None:
            return Deployment(current.version, "unchanged", current.manifest_sha256, _gate_of(current))
        champion = store.pointed(CHAMPION)
        here = _judge(origin, champion, failed, params, serve)
        judged = Judged([*untimed.rules, *here.rules], [*untimed.notes, *here.notes], untimed.groups)
        _refuse_broken(judged, champion, failed)
        is_known = store.find(identity) is not None
        why = f"all {len(judged.rules)} rules of the gate were kept"
        about = {"decided_by": "gate", "why": why, "signature": read_json(bundle / SIGNATURE), **provenance}
        release = store.publish(bundle, about, {"passed": True, **asdict(judged)})
        store.point(params.to, release, why)
        shutil.rmtree(failed, ignore_errors=True)
    outcome: Outcome = "promoted" if is_known else "published"
    return Deployment(release.version, outcome, release.manifest_sha256, judged.rules)


def _passed_verdict(package: Path, champion: Release | None) -> Judged:
    """Return the untimed rules, all of them kept."""
    verdict = read_json(package / "verdict.json")
    if not verdict["passed"]:
        reasons = "; ".join(broken(verdict["rules"]))
        raise Refused(f"the package did not pass its gate: {reasons}\n{_what_stands(champion, 'package.gate')}")
    return Judged(verdict["rules"], verdict["notes"], verdict["groups"])


def _verified(bundle: Path) -> str:
    """Return the bundle's identity after checking every byte of it."""
    try:
        return verify(bundle)
    except BundleError as error:
        raise BundleError(f"{error}, or run package again. Nothing was deployed.") from None


def _judge(origin: Origin, champion: Release | None, failed: Path, params: Deploy, serve: Serve) -> Judged:
    """Judge the bundle in a server, and then by what the champion answers in another."""
    bundle = origin.package / "bundle"
    failed.mkdir(parents=True, exist_ok=True)
    fresh = "there is no champion" if champion is None else _fresh(origin, champion, params)
    try:
        with server_process(bundle, serve, failed / "server.log") as client:
            timed = judge_timed(client, bundle, params)
            ours = {} if isinstance(fresh, str) else _answers(client, bundle, fresh.rows, serve)
    except (SlipwayError, OSError, HTTPException) as error:
        message = f"the bundle could not be judged in a server, so nothing was deployed: {error}"
        _keep_evidence(failed, Judged([], []), message)
        raise GateFailed(message) from None
    if champion is None:
        return Judged(timed, [])
    try:
        relative = Judged([_beside(champion, fresh, ours, failed, params, serve)], [])
    except (SlipwayError, OSError, HTTPException) as error:
        relative = _by_metrics(bundle, champion, params.gate.max_metric_drop, error)
    return Judged([*relative.rules, *timed], relative.notes)


def _fresh(origin: Origin, champion: Release, params: Deploy) -> Fresh | str:
    """Read the test rows, or say why there are none that both models can answer."""
    try:
        schema = read_schema(origin.preprocess)
        theirs = parse_signature((champion.bundle / SIGNATURE).read_bytes())
        if (theirs.target, theirs.task) != (schema.product.target, schema.product.task):
            return f"it predicts '{theirs.target}' ({theirs.task})"
        return Fresh(schema, read_fresh_rows(origin.validate, origin.preprocess, schema, limit=params.gate.rows))
    except (SlipwayError, OSError) as error:
        return str(error)


def _beside(
    champion: Release,
    fresh: Fresh | str,
    ours: dict[int, Prediction],
    failed: Path,
    params: Deploy,
    serve: Serve,
) -> Rule:
    """Have the champion answer the same fresh rows.

    Raises:
        DataError: it can't, or there are too few.
    """
    if isinstance(fresh, str):
        raise DataError(fresh)
    with server_process(champion.bundle, serve, failed / "champion.log") as client:
        theirs = _answers(client, champion.bundle, fresh.rows, serve)
    confidence_pct = params.gate.confidence_pct
    found = compare(ours, theirs, fresh.rows.clean, fresh.schema, confidence_pct=confidence_pct)
    return judge_relative(found, champion.version, params.gate)


def _answers(client: Client, bundle: Path, rows: FreshRows, serve: Serve) -> dict[int, Prediction]:
    """Return what a server says of the rows that it does not refuse, in batches as large as it takes."""
    names = [one.name for one in parse_signature((bundle / SIGNATURE).read_bytes()).inputs]
    records = rows.records(names)
    fit = int(serve.max_body_mib * 2**20) // (max(map(len, records)) + 1) - 1
    return ask(client, records, max(1, min(BATCH_ROWS, serve.max_records, fit))).answers


def _by_metrics(bundle: Path, champion: Release, max_drop: float, reason: Exception) -> Judged:
    """Compare accuracy, or r2, of metrics.json; no rule where the champion's measures something else."""
    ours, theirs = read_json(bundle / "metrics.json"), read_json(champion.bundle / "metrics.json")
    name = "accuracy" if "accuracy" in ours else "r2"
    note = f"{champion.version} was not asked about the same test rows, so metrics.json is compared: {reason}"
    if theirs.get(name) is None:
        return Judged([], [f"{note}; but it has no {name}, so nothing is compared"])
    told = f"{name} on test (champion {champion.version}'s less deploy.gate.max_metric_drop, {max_drop:g})"
    return Judged([at_least(told, ours[name], theirs[name] - max_drop)], [note])


def _refuse_broken(judged: Judged, champion: Release | None, failed: Path) -> None:
    if reasons := "; ".join(broken(judged.rules)):
        message = f"the gate failed: {reasons}"
        _keep_evidence(failed, judged, message)
        raise GateFailed(f"{message}\n{_what_stands(champion, 'deploy.gate')} The evidence is in {failed}.")


def _what_stands(champion: Release | None, gate: str) -> str:
    serving = "No release serves" if champion is None else f"{champion.version} goes on serving"
    return f"{serving}; nothing was deployed. Mend the model, or the rule in {gate} of params.yaml."


def _keep_evidence(failed: Path, judged: Judged, message: str) -> None:
    write_json(failed / "gate.json", {"passed": False, **asdict(judged)})
    write_text(failed / "error.txt", f"{message}\n")


def _gate_of(release: Release) -> list[Rule]:
    rules: list[Rule] = read_json(release.folder / "gate.json")["rules"]
    return rules
