"""A product that has run, and where its releases are."""

from pathlib import Path

import pytest
from past_runs import write_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_run(tmp_path / "data" / "toy")
    return tmp_path / "data" / "toy"


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    return tmp_path / "releases" / "toy"
