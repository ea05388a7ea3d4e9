"""A process that ends without a word of its own is told of as what it was: killed, or wrong."""

import os
import signal

import pytest

from slipway.errors import SlipwayError
from slipway.learning.team import learn_together

pytestmark = pytest.mark.slow


def break_down(*, team):
    """Fail as code does that has an error."""
    if team.is_first:
        raise KeyError("a column that nobody knows")
    team.wait()


def be_killed(*, team):
    """End as the system ends what takes too much memory."""
    if team.is_first:
        os.kill(os.getpid(), signal.SIGKILL)
    team.wait()


def test_an_error_in_the_code_is_told_with_its_words(tmp_path):
    with pytest.raises(SlipwayError, match=r"process 0 of 2 failed: .*a column that nobody knows"):
        learn_together(break_down, (), tmp_path, processes=2)


def test_a_killed_process_is_asked_about_memory(tmp_path):
    with pytest.raises(SlipwayError, match=r"process 0 of 2 was killed. Is there memory enough"):
        learn_together(be_killed, (), tmp_path, processes=2)
