"""The flow on a real Prefect server with a real worker, by hand and on a schedule (minutes: `pytest -m slow`)."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


class Site:
    """A copy of the project, a Prefect server and a worker."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        ignored = shutil.ignore_patterns("data", "releases", ".git", ".venv", "cache", "tmp", "__pycache__", "dvc.lock")
        shutil.copytree(ROOT, self.root, ignore=ignored)
        subprocess.run(["git", "init", "-q", self.root], check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.api = f"http://127.0.0.1:{port}/api"
        self._log = (folder / "log.txt").open("w")
        self._processes: list[subprocess.Popen] = []
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT")},
            "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PYTHONPATH": str(self.root),
            "DO_NOT_TRACK": "1",
            "DVC_NO_ANALYTICS": "1",
            "PWD": str(self.root),
        }
        self.start("prefect", "server", "start", "--port", str(port))
        until(lambda: self.get("/health"))

    def start(self, *words: str) -> None:
        process = subprocess.Popen(
            [BIN / words[0], *words[1:]], cwd=self.root, env=self._environment, stdout=self._log, stderr=self._log
        )
        self._processes.append(process)

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run a command in the project; `slipway` is the copy's own."""
        command = [sys.executable, "-m", "flows.cli"] if words[0] == "slipway" else [BIN / words[0]]
        return subprocess.run(
            [*command, *words[1:]], cwd=self.root, env=self._environment, capture_output=True, text=True
        )

    def get(self, path: str, **query):
        """Ask the server; None while it does not answer."""
        body = json.dumps(query).encode() if query else None
        request = urllib.request.Request(self.api + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except OSError:
            return None

    def artifacts(self) -> dict:
        return {one["key"]: one for one in self.get("/artifacts/latest/filter", limit=100)}

    def close(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGINT)
        for process in self._processes:
            process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


def until(condition):
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.25)
    raise AssertionError("it never came")


def test_a_flow_runs_every_stage_then_nothing_and_dvc_agrees(site):
    first = site.run("slipway", "run", "cancer", "--json")
    assert first.returncode == 0, first.stderr
    result = json.loads(first.stdout)
    assert len(result["stages"]) == 9
    assert set(result["stages"].values()) == {"ran"}
    assert (result["release"], result["deployment"]) == ("v0001", "published")
    assert "cancer" not in site.run("dvc", "status").stdout
    again = json.loads(site.run("slipway", "run", "cancer", "--json").stdout)
    assert {*again["stages"].values(), again["deployment"]} == {"unchanged"}


def test_dvc_repro_writes_the_same_lock_and_leaves_the_flow_nothing_to_run(site):
    lock = (site.root / "dvc.lock").read_text()
    done = site.run("dvc", "repro", "--force", "package@cancer")
    assert done.returncode == 0, done.stderr
    assert (site.root / "dvc.lock").read_text() == lock
    result = json.loads(site.run("slipway", "run", "cancer", "--json").stdout)
    assert set(result["stages"].values()) == {"unchanged"}
    assert result["release"] == "v0001"


def test_stages_that_are_up_to_date_end_as_cached_in_the_server(site):
    site.run("slipway", "run", "cancer")

    def states():
        runs = site.get("/task_runs/filter", limit=11, sort="EXPECTED_START_TIME_DESC")
        found = {run["name"]: run["state_name"] for run in runs}
        return found if set(found.values()) == {"Cached", "Completed"} else None

    found = until(states)
    assert {name for name, state in found.items() if state == "Completed"} == {"deploy", "report"}


def test_a_worker_runs_a_deployment_by_hand_and_on_its_schedule(site):
    config = yaml.safe_load((site.root / "prefect.yaml").read_text())
    config["deployments"] = [one for one in config["deployments"] if one["name"] == "cancer"]
    config["deployments"][0]["schedules"] = [{"interval": 20, "active": True}]
    (site.root / "prefect.yaml").write_text(yaml.safe_dump(config))
    params = site.root / "products/cancer/params.yaml"
    params.write_text(params.read_text().replace("epochs: 100", "epochs: 90"))
    assert site.run("prefect", "work-pool", "create", "local", "--type", "process").returncode == 0
    deployed = site.run("prefect", "--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout
    site.start("prefect", "worker", "start", "--pool", "local")
    by_hand = site.run("prefect", "deployment", "run", "pipeline/cancer", "--watch")
    assert by_hand.returncode == 0, by_hand.stdout
    ended = {"state": {"name": {"any_": ["Completed"]}}}
    until(lambda: any(run["auto_scheduled"] for run in site.get("/flow_runs/filter", flow_runs=ended)))
    artifacts = site.artifacts()
    of_every_run = {"cancer-metrics", "cancer-validation", "cancer-quarantine", "cancer-report"}
    assert set(artifacts) - {"cancer-train"} == of_every_run, "and how far train is, where it takes long"
    assert "accuracy" in artifacts["cancer-metrics"]["data"]
    assert "table row count to be between" in artifacts["cancer-validation"]["data"]
    assert artifacts["cancer-quarantine"]["description"] == "No row of cancer was set aside"
    assert "report.html" in artifacts["cancer-report"]["data"]
    lines = [log["message"] for log in site.get("/logs/filter", limit=200) if log["name"] == "slipway"]
    assert any(line.startswith("train ") for line in lines), lines
    site.run("prefect", "deployment", "schedule", "clear", "-y", "pipeline/cancer")


def test_a_run_that_the_gate_refuses_fails_with_one_error_and_leaves_the_release(site):
    params = site.root / "products/cancer/params.yaml"
    params.write_text(params.read_text().replace("accuracy: {min: 0.9}", "accuracy: {min: 0.9999}"))
    pointer = (site.root / "releases/cancer/champion.json").read_bytes()
    done = site.run("slipway", "run", "cancer")
    assert done.returncode == 1
    reason, what_stands = done.stderr.splitlines()[-2:]
    assert "accuracy on test at least 0.9999, but it is 0.9" in reason
    assert "goes on serving; nothing was deployed" in what_stands
    assert "Traceback" not in done.stderr
    assert (site.root / "releases/cancer/champion.json").read_bytes() == pointer
