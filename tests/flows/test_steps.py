"""The deployment of a run where there is nothing left to deploy."""

import sys

import pytest

from flows import steps
from slipway.files import write_json
from slipway.releases import Releases


@pytest.fixture
def root(tmp_path, monkeypatch, tabular):
    """A project whose package was released; judging it again would fail."""
    package = tmp_path / "data" / "toy" / "package"
    package.mkdir(parents=True)
    (package / "bundle").symlink_to(tabular)
    write_json(package / "verdict.json", {"passed": True, "rules": []})
    (tmp_path / "products" / "toy").mkdir(parents=True)
    (tmp_path / "products" / "toy" / "params.yaml").write_text("deploy: {}\nserve: {}\n")
    releases = Releases(tmp_path / "releases" / "toy")
    releases.point("champion", releases.publish(tabular, {}, {"passed": True, "rules": []}), "first")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tasks.deploy", None)  # importing it would raise
    return tmp_path


def test_a_standing_release_is_unchanged_and_nobody_judges_it(root):
    assert steps.deploy(root, "toy") == ("v0001", "unchanged")
    assert [line["why"] for line in Releases(root / "releases" / "toy").history()] == ["first"]


def test_a_move_of_the_pointer_that_a_kill_cut_short_is_noted_by_the_next_run(root):
    (root / "releases" / "toy" / "history.jsonl").unlink()
    assert steps.deploy(root, "toy") == ("v0001", "unchanged")
    assert [line["version"] for line in Releases(root / "releases" / "toy").history()] == ["v0001"]
