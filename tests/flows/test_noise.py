"""A run that would release fresh noise again is announced before it happens."""

import pytest

from flows.bridge import Node
from flows.noise import repeated_releases

LOCAL = "mechanism: local"


@pytest.fixture
def warned(tmp_path):
    """Return the warnings where privatize would run for the given reasons."""

    def warnings(*reasons, section=LOCAL, stage="privatize@toy", force=False):
        (tmp_path / "products" / "toy").mkdir(parents=True, exist_ok=True)
        (tmp_path / "products" / "toy" / "params.yaml").write_text(f"privatize: {{{section}}}")
        nodes = [Node("ingest@toy", [], ["x modified"], {}, ""), Node(stage, [], list(reasons), {}, "")]
        return repeated_releases(tmp_path, "toy", nodes, force=force)

    return warnings


def test_a_change_may_release_again_and_the_line_says_why(warned):
    assert warned("slipway/files.py modified", "preprocess@toy runs first") == [
        "privatize@toy may release fresh noise again: its epsilon adds up "
        "(slipway/files.py modified; preprocess@toy runs first; privatize.mechanism is local)"
    ]


def test_force_releases_again_though_nothing_changed(warned):
    assert warned(force=True) == [
        "privatize@toy releases fresh noise again: its epsilon adds up (--force; privatize.mechanism is local)"
    ]


@pytest.mark.parametrize("force", [False, True])
def test_a_first_release_and_plain_rows_and_other_stages_are_no_repetition(warned, force):
    assert warned("never ran", force=force) == []
    assert warned("x modified", section="", force=force) == []
    assert warned("x modified", stage="train@toy", force=force) == []


def test_what_is_up_to_date_is_no_repetition(warned):
    assert warned() == []


def test_a_release_that_dvc_no_longer_knows_is_a_repetition(warned, tmp_path):
    (tmp_path / "data" / "toy" / "privatize").mkdir(parents=True)
    assert len(warned("never ran")) == 1
