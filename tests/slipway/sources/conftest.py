"""A workplace in a temporary folder, and no other data than what a test makes."""

import pytest

from slipway.sources.workplace import Workplace


@pytest.fixture(autouse=True)
def no_data_elsewhere(monkeypatch, tmp_path_factory):
    monkeypatch.delenv("SLIPWAY_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def place(tmp_path) -> Workplace:
    folder = tmp_path / "source"
    folder.mkdir()
    return Workplace(folder, tmp_path / "scratch")
