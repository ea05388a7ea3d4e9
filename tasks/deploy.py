"""Deploy: judge a package in a real server process and against the champion, publish it, move a pointer.

No DVC stage, because it depends on the world: on what serves now and on how fast this machine is.
`slipway deploy NAME` runs it alone. Idempotent by content: the same bundle is the same release.
"""

import shutil
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

from slipway.bundle.answers import EXAMPLES, difference, read_examples
from slipway.bundle.manifest import verify
from slipway.bundle.signature import SIGNATURE
from slipway.errors import DataError, GateFailed, Refused, SlipwayError
from slipway.files import read_json, write_json, write_text
from slipway.judging.gate import Rule, at_least, at_most, broken
from slipway.product.deploy import Deploy
from slipway.product.serve import Serve
from slipway.releases import CHAMPION, Release, Releases
from slipway.serving.process import Client, server_process


@dataclass(frozen=True)
class Deployment:
    """What a deployment did."""

    release: str
    """The version, as in `v0001`."""

    outcome: Literal["published", "promoted", "unchanged"]
    """published: a new release; promoted: an older one got the pointer; unchanged: it had it already."""

    manifest_sha256: str
    """The release's identity, as the pointer has it."""

    gate: list[Rule]
    """Every rule that was judged, untimed ones included; as in gate.json."""


def deploy(
    package: Path, releases: Path, failed: Path, params: Deploy, serve: Serve, provenance: dict[str, Any]
) -> Deployment:
    """Publish a package that keeps every rule, and let the pointer `params.to` name it.

    Args:
        package: what the stage package wrote: bundle/ and verdict.json.
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
    verdict = _passed_verdict(package, store.pointed(CHAMPION))
    bundle = package / "bundle"
    identity = verify(bundle)
    with store.locked():
        current = store.settled(params.to, identity)
        if current is not None:
            return Deployment(current.version, "unchanged", current.manifest_sha256, _gate_of(current))
        champion = store.pointed(CHAMPION)
        rules = [*verdict, *_judge(bundle, champion, failed, params, serve)]
        _refuse_broken(rules, champion, failed)
        is_known = store.find(identity) is not None
        why = f"all {len(rules)} rules of the gate were kept"
        about = {"decided_by": "gate", "why": why, "signature": read_json(bundle / SIGNATURE), **provenance}
        release = store.publish(bundle, about, {"passed": True, "rules": rules})
        store.point(params.to, release, why)
        shutil.rmtree(failed, ignore_errors=True)
    return Deployment(release.version, "promoted" if is_known else "published", release.manifest_sha256, rules)


def _passed_verdict(package: Path, champion: Release | None) -> list[Rule]:
    """Return the untimed rules, all of them kept."""
    verdict = read_json(package / "verdict.json")
    if not verdict["passed"]:
        reasons = "; ".join(broken(verdict["rules"]))
        raise Refused(f"the package did not pass its gate: {reasons}\n{_what_stands(champion, 'package.gate')}")
    return verdict["rules"]


def _judge(bundle: Path, champion: Release | None, failed: Path, params: Deploy, serve: Serve) -> list[Rule]:
    """Judge the relative rule from the metrics, then the others over HTTP."""
    relative = _against_champion(bundle, champion, params.gate.max_metric_drop)
    failed.mkdir(parents=True, exist_ok=True)
    try:
        with server_process(bundle, serve, failed / "server.log") as client:
            return [*relative, *_over_http(client, bundle, params)]
    except (SlipwayError, OSError, HTTPException) as error:
        message = f"the bundle could not be judged in a server, so nothing was deployed: {error}"
        _keep_evidence(failed, relative, message)
        raise GateFailed(message) from None


def _against_champion(bundle: Path, champion: Release | None, max_drop: float) -> list[Rule]:
    """Compare accuracy, or r2, with the champion's; no rule where there is none or it measures something else."""
    if champion is None:
        return []
    ours, theirs = read_json(bundle / "metrics.json"), read_json(champion.bundle / "metrics.json")
    name = "accuracy" if "accuracy" in ours else "r2"
    if theirs.get(name) is None:
        return []
    floor = theirs[name] - max_drop
    told = f"{name} on test (champion {champion.version}'s less deploy.gate.max_metric_drop, {max_drop:g})"
    return [at_least(told, ours[name], floor)]


def _over_http(client: Client, bundle: Path, params: Deploy) -> list[Rule]:
    """Have the running server answer the bundle's examples, then time it."""
    tolerance, examples = read_examples((bundle / EXAMPLES).read_bytes())
    apart = 0.0
    for example in examples:
        prediction = _prediction(client, example["input"])
        if example["output"].keys() != prediction.keys():
            raise DataError(f"an example of {EXAMPLES} is answered with {prediction}")
        apart = max(apart, difference(example["output"], prediction))
    records = [example["input"] for example in examples]
    return [
        at_most(f"difference to the answers in {EXAMPLES}", apart, tolerance),
        at_most("latency p95 in ms", _latency_p95_ms(client, records, params), params.gate.max_latency_p95_ms),
    ]


def _latency_p95_ms(client: Client, records: list[dict[str, Any]], params: Deploy) -> float:
    """Time one-record requests over one kept connection, one after the other."""
    num_warm_up = params.latency_requests // 10
    milliseconds = []
    for index in range(num_warm_up + params.latency_requests):
        start = time.perf_counter()
        _prediction(client, records[index % len(records)])
        milliseconds.append((time.perf_counter() - start) * 1000)
    timed = sorted(milliseconds[num_warm_up:])
    return timed[int(0.95 * (len(timed) - 1))]


def _prediction(client: Client, record: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one record; a server that gives none is not judged by how fast it is."""
    status, content = client.predict([record])
    if status != 200:
        raise DataError(f"an example of {EXAMPLES} is answered with {status}: {content}")
    return content["predictions"][0]


def _refuse_broken(rules: list[Rule], champion: Release | None, failed: Path) -> None:
    if reasons := "; ".join(broken(rules)):
        message = f"the gate failed: {reasons}"
        _keep_evidence(failed, rules, message)
        raise GateFailed(f"{message}\n{_what_stands(champion, 'deploy.gate')} The evidence is in {failed}.")


def _what_stands(champion: Release | None, gate: str) -> str:
    serving = "No release serves" if champion is None else f"{champion.version} goes on serving"
    return f"{serving}; nothing was deployed. Mend the model, or the rule in {gate} of params.yaml."


def _keep_evidence(failed: Path, rules: list[Rule], message: str) -> None:
    write_json(failed / "gate.json", {"passed": False, "rules": rules})
    write_text(failed / "error.txt", f"{message}\n")


def _gate_of(release: Release) -> list[Rule]:
    return read_json(release.folder / "gate.json")["rules"]
