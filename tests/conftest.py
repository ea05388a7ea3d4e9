"""Fixtures that tests on several floors share."""

from pathlib import Path

import pytest
from tiny_bundles import image_bundle, regression_bundle, tabular_bundle


@pytest.fixture(scope="session")
def tabular(tmp_path_factory) -> Path:
    """A bundle of two numbers and a category that tells `no` from `yes`; treat it as read-only."""
    return tabular_bundle(tmp_path_factory.mktemp("bundles") / "tabular")


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Path:
    """A bundle that tells dark from bright grey images of 2 x 3 pixels; treat it as read-only."""
    return image_bundle(tmp_path_factory.mktemp("bundles") / "image")


@pytest.fixture(scope="session")
def regression(tmp_path_factory) -> Path:
    """A bundle that answers 2 x + 1; treat it as read-only."""
    return regression_bundle(tmp_path_factory.mktemp("bundles") / "regression")
