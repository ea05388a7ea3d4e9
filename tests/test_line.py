"""The whole line on a real product, in a copy of the repository: both engines, the same bytes, a real client."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from project_copy import command

pytestmark = pytest.mark.slow


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
    params.write_text(before.replace("lr: 3.0e-3", "lr: 2.0e-3"))
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
