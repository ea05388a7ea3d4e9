"""A deployment judges in a real server, publishes whole releases or nothing, and repeats for nothing."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from tiny_bundles import tabular_bundle

from slipway.bundle.manifest import write_manifest
from slipway.errors import BundleError, GateFailed, Refused
from slipway.files import write_json
from slipway.product.deploy import Deploy, DeployGate
from slipway.product.product import Product
from slipway.product.serve import Serve
from slipway.releases import Releases
from slipway.serving.process import Client
from slipway.tables.schema import Schema
from tasks.deploy import Deployment, Origin, deploy

QUICK = Deploy(latency_requests=20, gate=DeployGate(max_latency_p95_ms=10_000))
UNTIMED = [{"rule": "accuracy at least", "value": 0.9, "limit": 0.8, "passed": True}]
GROUPS = [{"column": "town", "group": "Bonn", "rows": 60, "accuracy": 0.9, "worst_recall": None}]
VERDICT = {"passed": True, "rules": UNTIMED, "notes": ["judged in a server"], "groups": GROUPS}


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path


def packaged(home: Path, name: str = "package", **changes) -> Path:
    package = home / name
    tabular_bundle(package / "bundle", **changes)
    write_json(package / "verdict.json", VERDICT)
    return package


def deployed(home: Path, package: Path, params: Deploy = QUICK) -> Deployment:
    """Deploy; without `write_rows` there are no test rows to ask a champion about."""
    origin = Origin(package, home / "preprocess", home / "validate")
    return deploy(origin, home / "releases", home / "failed", params, Serve(), {"commit": "abc"})


def test_a_package_that_keeps_every_rule_becomes_the_champion(home):
    deployment = deployed(home, packaged(home))
    releases = Releases(home / "releases")
    champion = releases.pointed("champion")
    assert champion is not None
    assert (deployment.release, deployment.outcome, deployment.manifest_sha256) == (
        "v0001",
        "published",
        champion.manifest_sha256,
    )
    names = [rule["rule"] for rule in deployment.gate]
    assert names == [
        "accuracy at least",
        "difference to the answers in examples.json at most",
        "latency p95 in ms at most",
    ]
    assert json.loads((champion.folder / "gate.json").read_text()) == {
        "passed": True,
        "rules": deployment.gate,
        "notes": ["judged in a server"],
        "groups": GROUPS,
    }
    about = json.loads((champion.folder / "release.json").read_text())
    assert (about["commit"], about["decided_by"], about["signature"]["target"]) == ("abc", "gate", "bought")
    assert [line["version"] for line in releases.history()] == ["v0001"]
    assert not (home / "failed").exists()


def test_the_same_package_again_starts_no_server(home, monkeypatch):
    package = packaged(home)
    first = deployed(home, package)
    (home / "failed").mkdir()  # a bundle was refused in between
    monkeypatch.setattr("tasks.deploy.server_process", None)  # calling it would raise
    again = deployed(home, package)
    assert again == Deployment(first.release, "unchanged", first.manifest_sha256, first.gate)
    assert len(Releases(home / "releases").history()) == 1
    assert not (home / "failed").exists()


def test_going_back_promotes_the_older_release(home):
    old, new = packaged(home, "old"), packaged(home, "new", slope=1.1)
    assert [deployed(home, package).release for package in (old, new)] == ["v0001", "v0002"]
    back = deployed(home, old)
    assert (back.release, back.outcome) == ("v0001", "promoted")
    assert [line["version"] for line in Releases(home / "releases").history()] == ["v0001", "v0002", "v0001"]


def test_a_challenger_leaves_the_champion_alone(home):
    deployed(home, packaged(home, "old"))
    deployed(home, packaged(home, "new", slope=1.1), QUICK.model_copy(update={"to": "challenger"}))
    releases = Releases(home / "releases")
    pointed = {pointer: releases.pointed(pointer) for pointer in ("champion", "challenger")}
    assert {pointer: release and release.version for pointer, release in pointed.items()} == {
        "champion": "v0001",
        "challenger": "v0002",
    }


def test_a_package_whose_verdict_is_not_passed_is_refused_with_both_numbers(home):
    package = packaged(home)
    rule = {"rule": "accuracy at least", "value": 0.7, "limit": 0.8, "passed": False}
    write_json(package / "verdict.json", {**VERDICT, "passed": False, "rules": [rule]})
    with pytest.raises(Refused, match=r"accuracy at least 0\.8, but it is 0\.7"):
        deployed(home, package)
    assert not (home / "releases").exists()


def assert_champion_stayed(home: Path) -> None:
    releases = Releases(home / "releases")
    champion = releases.pointed("champion")
    assert champion is not None
    assert (champion.version, releases.versions(), len(releases.history())) == ("v0001", ["v0001"], 1)


def test_a_worse_model_publishes_nothing_and_leaves_the_evidence(home):
    deployed(home, packaged(home, "old", accuracy=0.9))
    with pytest.raises(
        GateFailed,
        match=r"less deploy\.gate\.max_metric_drop, 0\.02\) at least 0\.88, but it is 0\.87",
    ):
        deployed(home, packaged(home, "new", accuracy=0.87, slope=1.1))
    gate = json.loads((home / "failed" / "gate.json").read_text())
    assert [rule["rule"] for rule in gate["rules"] if not rule["passed"]] == [
        "accuracy on test (champion v0001's less deploy.gate.max_metric_drop, 0.02) at least"
    ]
    assert "0.87" in (home / "failed" / "error.txt").read_text()
    assert_champion_stayed(home)


def write_rows(home: Path, num_rows: int = 80) -> None:
    """Write test rows of which three in four are yes, which the bundle answers about all of them."""
    rows = pl.DataFrame(
        {
            "_id": range(num_rows),
            "age": [20.0 + index % 50 for index in range(num_rows)],
            "income": [None if index % 9 == 0 else 5.0 for index in range(num_rows)],
            "region": ["north", "south"] * (num_rows // 2),
            "bought": ["yes", "yes", "yes", "no"] * (num_rows // 4),
        }
    )
    product = Product(kind="tabular", target="bought", classes=["no", "yes"])
    for stage, name in (("preprocess", "test"), ("validate", "table")):
        (home / stage).mkdir()
        rows.write_parquet(home / stage / f"{name}.parquet")
    Schema(product=product, columns=[], classes=["no", "yes"]).write(home / "preprocess")


def test_a_model_that_answers_the_same_rows_worse_is_refused_whatever_its_metrics_say(home):
    write_rows(home)
    deployed(home, packaged(home, "old"))
    says = (
        r"accuracy less that of champion v0001 on the same 80 test rows, all of its 90 % interval, at least -0\.02, "
        r"but it is -0\.5 \(-0\.[56]\d* to -0\.3\d*\): it is worse than what serves: mend the model"
    )
    with pytest.raises(GateFailed, match=says):
        deployed(home, packaged(home, "new", slope=-1.0))
    assert_champion_stayed(home)
    assert (home / "failed" / "champion.log").exists()


def test_a_model_that_answers_the_same_rows_alike_is_published_whatever_its_metrics_say(home):
    write_rows(home)
    deployed(home, packaged(home, "old", accuracy=0.9))
    deployment = deployed(home, packaged(home, "new", slope=1.1, accuracy=0.7))
    assert deployment.release == "v0002"
    (rule,) = [rule for rule in deployment.gate if "champion" in rule["rule"]]
    assert (rule["value"], rule["interval"], rule["limit"]) == (0, [0, 0], -0.02)


def test_a_champion_that_can_be_asked_about_no_rows_is_compared_by_its_metrics_and_that_is_told(home):
    write_rows(home)
    deployed(home, packaged(home, "old"))
    (home / "validate" / "table.parquet").unlink()
    with pytest.raises(GateFailed, match=r"less deploy\.gate\.max_metric_drop"):
        deployed(home, packaged(home, "worse", slope=1.1, accuracy=0.5))
    _, note = json.loads((home / "failed" / "gate.json").read_text())["notes"]
    assert note.startswith("v0001 was not asked about the same test rows, so metrics.json is compared: ")
    assert "table.parquet" in note


def test_a_slow_server_publishes_nothing(home):
    params = QUICK.model_copy(update={"gate": DeployGate(max_latency_p95_ms=1e-6)})
    with pytest.raises(GateFailed, match=r"latency p95 in ms at most 1e-06, but it is [0-9.]+"):
        deployed(home, packaged(home), params)
    assert Releases(home / "releases").versions() == []


def test_a_server_that_fails_while_it_is_timed_publishes_nothing(home, monkeypatch):
    answers, predict = iter(range(10**6)), Client.predict

    def fails_later(client, records):
        return predict(client, records) if next(answers) < 15 else (500, "Internal Server Error")

    monkeypatch.setattr(Client, "predict", fails_later)
    with pytest.raises(GateFailed, match="answered with 500: Internal Server Error"):
        deployed(home, packaged(home))
    assert Releases(home / "releases").versions() == []


def test_a_model_that_answers_otherwise_cannot_be_served_and_the_reason_is_told(home):
    deployed(home, packaged(home, "old"))
    package = packaged(home, "new", slope=1.1)
    shutil.copy(home / "old" / "bundle" / "model.onnx", package / "bundle")
    write_manifest(package / "bundle")
    with pytest.raises(GateFailed, match="self-test: example 0 is answered"):
        deployed(home, package)
    assert "self-test" in (home / "failed" / "server.log").read_text()
    assert_champion_stayed(home)


def test_a_damaged_bundle_is_refused(home):
    package = packaged(home)
    (package / "bundle" / "metrics.json").write_text('{"accuracy": 1.0}')
    with pytest.raises(BundleError, match=r"metrics\.json is damaged"):
        deployed(home, package)


def test_a_deployment_killed_before_the_pointer_moved_is_finished_by_the_next(home):
    package = packaged(home)
    deployed(home, package)
    (home / "releases" / "champion.json").unlink()
    (home / "releases" / "history.jsonl").unlink()
    again = deployed(home, package)
    assert (again.release, again.outcome) == ("v0001", "promoted")
    assert_champion_stayed(home)


def test_deployments_at_the_same_time_take_turns(home):
    packages = [packaged(home, "a"), packaged(home, "b", slope=1.1), packaged(home, "c", slope=1.2)]
    with ThreadPoolExecutor(3) as pool:
        deployments = list(pool.map(lambda package: deployed(home, package), packages))
    releases = Releases(home / "releases")
    assert sorted(one.release for one in deployments) == releases.versions() == ["v0001", "v0002", "v0003"]
    champion = releases.pointed("champion")
    assert champion is not None
    assert champion.version == releases.history()[-1]["version"]


def test_the_server_is_ended_when_judging_fails(home, monkeypatch):
    started, start = [], subprocess.Popen

    def noted(*args, **kwargs):
        started.append(start(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    params = QUICK.model_copy(update={"gate": DeployGate(max_latency_p95_ms=1e-6)})
    with pytest.raises(GateFailed):
        deployed(home, packaged(home), params)
    assert [process.poll() is not None for process in started] == [True]
