"""A folder is what its manifest says, to the byte."""

from pathlib import Path

import pytest

from slipway.bundle.manifest import read_verified, verify, write_manifest
from slipway.errors import BundleError


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "below" / "b.txt").write_text("b")
    write_manifest(tmp_path)
    return tmp_path


def test_an_untouched_folder_is_verified_and_read_back(folder):
    identity, files = read_verified(folder)
    assert files == {"a.txt": b"a", "below/b.txt": b"b"}
    assert identity == verify(folder) == write_manifest(folder)


def test_the_identity_depends_on_every_byte(folder):
    before = verify(folder)
    (folder / "a.txt").write_text("A")
    assert write_manifest(folder) != before


def _flip(folder: Path) -> None:
    (folder / "below" / "b.txt").write_text("B")


def _remove(folder: Path) -> None:
    (folder / "below" / "b.txt").unlink()


def _add(folder: Path) -> None:
    (folder / "below" / "c.txt").write_text("c")


@pytest.mark.parametrize(
    ("change", "says"), [(_flip, "b.txt is damaged"), (_remove, "b.txt is missing"), (_add, "c.txt is not in")]
)
@pytest.mark.parametrize("check", [verify, read_verified])
def test_a_change_is_refused_and_the_file_named(folder, change, says, check):
    change(folder)
    with pytest.raises(BundleError, match=says):
        check(folder)


@pytest.mark.parametrize("content", ["", "[]", '{"a.txt": "short"}', '{"a.txt": 1}', "\x00"])
def test_a_damaged_manifest_is_refused(folder, content):
    (folder / "MANIFEST.json").write_text(content)
    with pytest.raises(BundleError, match=r"MANIFEST\.json is damaged"):
        verify(folder)


def test_a_folder_without_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"MANIFEST\.json is missing"):
        verify(tmp_path)
