"""Fixtures that tests on several floors share; imported where used, so that other tests start without onnxruntime."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from project_copy import copy_project

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is first imported; threads wait on each other's cores

settings.register_profile("slipway", deadline=None)  # a busy machine makes no test wrong
settings.load_profile("slipway")


@pytest.fixture(scope="session")
def tabular(tmp_path_factory) -> Path:
    """A bundle of two numbers and a category that tells `no` from `yes`; treat it as read-only."""
    from tiny_bundles import tabular_bundle

    return tabular_bundle(tmp_path_factory.mktemp("bundles") / "tabular")


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Path:
    """A bundle that tells dark from bright grey images of 2 x 3 pixels; treat it as read-only."""
    from tiny_bundles import image_bundle

    return image_bundle(tmp_path_factory.mktemp("bundles") / "image")


@pytest.fixture(scope="session")
def regression(tmp_path_factory) -> Path:
    """A bundle that answers 2 x + 1; treat it as read-only."""
    from tiny_bundles import regression_bundle

    return regression_bundle(tmp_path_factory.mktemp("bundles") / "regression")


@pytest.fixture(scope="session")
def copy(tmp_path_factory) -> Path:
    """A copy of this repository, shared by the tests that run its commands; nothing has run in it at first."""
    return copy_project(tmp_path_factory.mktemp("copy") / "slipway")
