"""What a release says about where it comes from."""

import subprocess
from pathlib import Path

import pytest

from flows.provenance import provenance


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with one commit."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "params.yaml").write_text("epochs: 1")
    (tmp_path / "notes.txt").write_text("one")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first")
    return project


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_commit_is_named_with_the_versions_that_ran(root):
    found = provenance(root, "toy")
    assert (found["commit"], found["dirty"]) == (git(root, "rev-parse", "HEAD"), False)
    assert {"slipway", "dvc", "torch", "polars", "onnxruntime"} <= found["versions"].keys()


def test_the_dvc_lock_that_the_run_writes_is_no_difference_and_its_hashes_are_named(root):
    stages = "{train@toy: {outs: [{path: data/toy/train, md5: f00.dir}]}, train@other: {}}"
    (root / "dvc.lock").write_text(f"stages: {stages}")
    found = provenance(root, "toy")
    assert found["dirty"] is False
    assert found["stages"] == {"train": {"data/toy/train": "f00.dir"}}


@pytest.mark.parametrize("path", ["project/params.yaml", "notes.txt", "project/new.py"])
def test_an_edit_or_a_new_file_is_a_difference(root, path):
    (root.parent / path).write_text("epochs: 2")
    assert provenance(root, "toy")["dirty"] is True


def test_without_git_neither_is_known(tmp_path):
    found = provenance(tmp_path, "toy")
    assert found["commit"] is found["dirty"] is None
