"""Events for TensorBoard: what is written is read back, and a run that goes on doubles no step."""

import importlib.util
import time

import pytest

from slipway.errors import SlipwayError
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.events import require_tensorboard, series_of, written_events
from slipway.learning.loop import Epoch
from slipway.learning.progress import Moment
from slipway.product.train import Train


@pytest.fixture
def accumulated():
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def read(series):
        """Return what TensorBoard would show: by tag, pairs of step and number."""
        events = accumulators.EventAccumulator(str(series))
        events.Reload()
        found = {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
        assert len(events.Tensors("train/text_summary")) == 1
        return found

    return read


def learn(series, epochs, *, moments=()):
    """Tell of epochs of 10 batches, and of moments (epoch, batch), as a run does."""
    with written_events(series, Train(lr=0.5), num_batches=10, metric="accuracy") as events:
        for epoch in epochs:
            for at, batch in moments:
                if at == epoch:
                    events.tell_moment(Moment(epoch, 9, batch, 10, 8.0, ""), 1000.0)
            events.tell_epoch(Epoch(epoch, 4.0, 2.0, 0.5, 0.25))


def test_an_epoch_and_a_moment_are_what_tensorboard_shows(tmp_path, accumulated):
    learn(tmp_path / "series", [1, 2], moments=[(2, 5)])
    assert accumulated(tmp_path / "series") == {
        "loss/train": [(10, 4.0), (20, 4.0)],
        "loss/validation": [(10, 2.0), (20, 2.0)],
        "accuracy/validation": [(10, 0.5), (20, 0.5)],
        "learning_rate": [(10, 0.25), (20, 0.25)],
        "batch/loss": [(15, 8.0)],
        "batch/rows_a_second": [(15, 1000.0)],
    }


def test_a_run_that_goes_on_takes_back_the_steps_after_its_checkpoint(tmp_path, accumulated):
    moments = [(2, 5), (3, 5), (4, 5)]
    series = tmp_path / "series"
    learn(series, [1, 2, 3, 4], moments=moments)
    time.sleep(1.1)  # names of event files tell seconds apart, as two runs are
    learn(series, [3, 4, 5])
    shown = accumulated(series)
    assert [step for step, _ in shown["loss/train"]] == [10, 20, 30, 40, 50]
    assert [step for step, _ in shown["batch/loss"]] == [15, 25]


def test_a_run_from_the_start_begins_the_series_anew_and_one_that_goes_on_does_not(tmp_path):
    pytest.importorskip("tensorboard")
    checkpoint = Checkpoint(tmp_path, "0123456789abcdef" * 4)
    series = series_of(checkpoint)
    assert series == tmp_path / "events" / "0123456789abcdef"
    learn(series, [1])
    checkpoint.write({})
    assert list(series_of(checkpoint).iterdir())
    checkpoint.remove()
    assert not series_of(checkpoint).exists()


def test_where_nobody_asks_nothing_is_written(tmp_path):
    with written_events(None, Train(), num_batches=1, metric="rmse") as events:
        assert events is None


def test_without_tensorboard_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SlipwayError, match=r"pip install -e '\.\[tensorboard\]'"):
        require_tensorboard()
    with pytest.raises(SlipwayError, match=r"\.\[tensorboard\]"):
        series_of(Checkpoint(tmp_path, "0" * 64))
