"""Releases are immutable, found by content, and read only after they were checked."""

import json
import shutil
from pathlib import Path

import pytest
from tiny_bundles import regression_bundle

from slipway.bundle.manifest import verify
from slipway.errors import BundleError
from slipway.releases import Releases

GATE = {"passed": True, "rules": []}


@pytest.fixture
def releases(tmp_path) -> Releases:
    return Releases(tmp_path / "releases" / "toy")


def published(releases: Releases, bundle: Path):
    return releases.publish(bundle, {"commit": "abc"}, GATE)


def test_a_release_holds_the_bundle_and_says_where_it_comes_from(releases, tabular):
    release = published(releases, tabular)
    assert release.version == "v0001"
    assert verify(release.bundle) == verify(tabular) == release.bundle_sha256
    about = json.loads((release.folder / "release.json").read_text())
    assert about == {"version": "v0001", "bundle_sha256": verify(tabular), "commit": "abc"}
    assert json.loads((release.folder / "gate.json").read_text()) == GATE
    assert releases.open("v0001") == release


def test_the_files_of_a_release_are_read_only(releases, tabular):
    release = published(releases, tabular)
    assert {path.stat().st_mode & 0o777 for path in release.folder.rglob("*") if path.is_file()} == {0o444}


def test_the_same_bundle_is_the_same_release_and_another_the_next(releases, tabular, regression, tmp_path):
    first = published(releases, tabular)
    assert published(releases, shutil.copytree(tabular, tmp_path / "copy")) == first
    assert published(releases, regression).version == "v0002"
    assert releases.versions() == ["v0001", "v0002"]


def test_versions_are_ordered_by_number(releases):
    for version in ("v0002", "v10000", "v9999", "vault"):
        (releases.folder / version).mkdir(parents=True)
        (releases.folder / version / "MANIFEST.json").write_text("{}")
    assert releases.versions() == ["v0002", "v9999", "v10000"]


def test_what_a_killed_deployment_left_is_no_release_and_is_overwritten(releases, tabular):
    (releases.folder / ".new" / "bundle").mkdir(parents=True)
    (releases.folder / ".new" / "bundle" / "model.onnx").write_text("half")
    assert releases.versions() == []
    assert releases.find(verify(tabular)) is None
    release = published(releases, tabular)
    assert release.version == "v0001"
    assert releases.open("v0001") == release


def test_a_release_without_its_manifest_is_never_replaced(releases, tabular):
    first = published(releases, tabular)
    (first.folder / "MANIFEST.json").unlink()
    left = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    assert published(releases, tabular).version == "v0002"
    assert {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()} == left


def test_a_number_is_not_used_again_after_its_release_was_deleted(releases, tabular, regression):
    releases.point("champion", published(releases, tabular), "first")
    second = published(releases, regression)
    releases.point("champion", second, "second")
    shutil.rmtree(second.folder)
    assert published(releases, regression).version == "v0003"


def test_a_pointer_names_a_release_and_its_moves_are_history(releases, tabular, regression):
    assert releases.pointed("champion") is None
    first, second = published(releases, tabular), published(releases, regression)
    releases.point("champion", first, "first")
    releases.point("challenger", second, "try")
    releases.point("champion", second, "better")
    assert releases.pointed("champion") == releases.pointed("challenger") == second
    moves = [(line["pointer"], line["version"], line["why"]) for line in releases.history()]
    assert moves == [("champion", "v0001", "first"), ("challenger", "v0002", "try"), ("champion", "v0002", "better")]


def test_pointing_twice_changes_nothing_and_heals_a_history_that_a_kill_cut_off(releases, tabular):
    release = published(releases, tabular)
    releases.point("champion", release, "first")
    releases.point("champion", release, "again")
    assert len(releases.history()) == 1
    (releases.folder / "history.jsonl").unlink()  # killed between the pointer and the history
    releases.point("champion", release, "healed")
    assert [line["why"] for line in releases.history()] == ["healed"]


def test_what_is_settled_needs_no_deployment_and_its_history_is_healed(releases, tabular, regression):
    first, second = published(releases, tabular), published(releases, regression)
    assert releases.settled("champion", first.bundle_sha256) is None
    releases.point("champion", first, "first")
    assert releases.settled("champion", second.bundle_sha256) is None
    (releases.folder / "history.jsonl").unlink()  # killed between the pointer and the history
    assert releases.settled("champion", first.bundle_sha256) == first
    assert [line["version"] for line in releases.history()] == ["v0001"]


def test_a_damaged_release_is_refused_and_the_file_named(releases, tabular):
    release = published(releases, tabular)
    releases.point("champion", release, "first")
    gate = release.folder / "gate.json"
    gate.chmod(0o644)
    gate.write_text("{}")
    with pytest.raises(BundleError, match=r"gate\.json is damaged"):
        releases.pointed("champion")


def test_a_pointer_does_not_follow_a_release_that_was_swapped(releases, tabular, tmp_path):
    release = published(releases, tabular)
    releases.point("champion", release, "first")
    other = published(Releases(tmp_path / "elsewhere"), regression_bundle(tmp_path / "bundle"))
    shutil.rmtree(release.folder)
    shutil.copytree(other.folder, release.folder)
    with pytest.raises(BundleError, match="not what was published"):
        releases.pointed("champion")


@pytest.mark.parametrize("content", ["{}", "[]", "3"])
def test_a_damaged_pointer_is_named(releases, tabular, content):
    published(releases, tabular)
    (releases.folder / "champion.json").write_text(content)
    with pytest.raises(BundleError, match=r"champion\.json is damaged"):
        releases.pointed("champion")


def test_a_pointer_to_a_release_that_is_gone_says_how_to_go_on(releases, tabular):
    release = published(releases, tabular)
    releases.point("champion", release, "first")
    (release.folder / "MANIFEST.json").unlink()
    with pytest.raises(BundleError, match=r"names v0001, which is damaged: restore it"):
        releases.pointed("champion")
    shutil.rmtree(release.folder)
    with pytest.raises(BundleError, match=r"names v0001, which is gone: restore it, or remove .*champion\.json"):
        releases.pointed("champion")


def test_a_damaged_release_without_a_bundle_hinders_no_other(releases, tabular, regression):
    shutil.rmtree(published(releases, tabular).bundle)
    assert published(releases, regression).version == "v0002"


def test_an_unknown_version_lists_the_known_ones(releases, tabular):
    published(releases, tabular)
    with pytest.raises(BundleError, match="v0007 does not exist; there are: v0001"):
        releases.open("v0007")
