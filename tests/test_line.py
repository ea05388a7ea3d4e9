"""The whole line on a real product, in a copy of the repository: both engines, the same bytes, a real client."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The committed and the new files, in a git repository of their own."""
    folder = tmp_path_factory.mktemp("copy") / "slipway"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if name != "dvc.lock" and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def command(folder: Path, *words: str) -> str:
    """Run a command of this environment in the copy and return what it printed."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(folder), "SLIPWAY_ROOT": str(folder)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def forget(folder: Path) -> None:
    """Remove all that runs wrote, the caches included."""
    shutil.rmtree(folder / ".dvc" / "cache")
    shutil.rmtree(folder / "data" / "digits")
    (folder / "dvc.lock").unlink()


def test_the_flow_and_dvc_agree_to_the_byte(copy: Path) -> None:
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", "digits", "--plain", "--json"))
    assert set(result["stages"].values()) == {"ran"}
    assert result["metrics"]["accuracy"] > 0.95
    assert json.loads(command(copy, "dvc", "status", "--json", "package@digits")) == {}
    assert "Running" not in command(copy, "dvc", "repro", "package@digits")
    by_flow = yaml.safe_load((copy / "dvc.lock").read_text())
    forget(copy)
    command(copy, "dvc", "repro", "package@digits")
    assert yaml.safe_load((copy / "dvc.lock").read_text()) == by_flow
    again = json.loads(command(copy, "python", "-m", "flows.cli", "run", "digits", "--plain", "--json"))
    assert set(again["stages"].values()) == {"unchanged"}
    assert (again["deployment"], again["release"]) == ("unchanged", result["release"])


def test_a_changed_parameter_runs_what_depends_on_it_and_going_back_restores(copy: Path) -> None:
    params = copy / "products" / "digits" / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("patience: 10", "patience: 3"))
    changed = json.loads(command(copy, "python", "-m", "flows.cli", "run", "digits", "package", "--plain", "--json"))
    ran = {name.split("@")[0] for name, outcome in changed["stages"].items() if outcome == "ran"}
    assert ran == {"train", "evaluate", "compress", "package"}
    params.write_text(before)
    back = json.loads(command(copy, "python", "-m", "flows.cli", "run", "digits", "package", "--plain", "--json"))
    assert set(back["stages"].values()) == {"unchanged", "restored"}


def test_dvc_shows_the_metrics_and_knows_the_model_by_its_name(copy: Path) -> None:
    assert "data/digits/evaluate/metrics.json" in command(copy, "dvc", "metrics", "show")
    named = "from dvc.repo import Repo; print(Repo('.').artifacts.get_path('products/digits:digits'))"
    assert "data/digits/package/bundle" in command(copy, "python", "-c", named)
