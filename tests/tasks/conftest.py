"""The line from privatize to package, run once for all tests that look at what it wrote; treat it as read-only."""

from pathlib import Path

import pytest
from line import accuracy_at_least, run_line, write_preprocessed


@pytest.fixture(scope="session")
def line(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("line")
    return run_line(root, preprocess=write_preprocessed(root / "preprocess"), gate=accuracy_at_least(0.6))


@pytest.fixture(scope="session")
def regression(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("regression")
    return run_line(root, preprocess=write_preprocessed(root / "preprocess", regression=True))
