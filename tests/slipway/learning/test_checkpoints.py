"""A run that was killed goes on and ends with the bits of one that was not."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import QUICK, learned, network, xor

from slipway.errors import DataError
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import repeatable
from slipway.learning.loop import Training, fit
from slipway.learning.starting import FRESH, Started
from slipway.learning.streaming import Streamed
from slipway.product.augment import Policy
from slipway.product.optimisation import SGD, Plateau

EACH_BATCH = QUICK.model_copy(update={"epochs": 4, "checkpoint_seconds": 0})
ALL_OF_IT = EACH_BATCH.model_copy(
    update={"ema": 0.9, "optimizer": SGD(name="sgd"), "schedule": Plateau(name="plateau", patience=1), "clip_norm": 1.0}
)
HIDDEN = ("0.weight", "0.bias")
THAWING = Started(HIDDEN, ("3.weight", "3.bias"), frozenset(HIDDEN), thaw_after_epochs=2, lr_factor=0.5)
NUM_BATCHES = 4 * 13


def same(one, other):
    weights = [net.state_dict() for net, _ in (one, other)]
    return one[1] == other[1] and all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(
    ("params", "started"),
    [(EACH_BATCH, FRESH), (EACH_BATCH, THAWING), (ALL_OF_IT, THAWING)],
    ids=["adamw", "adamw, thawing", "sgd, ema, plateau, clipping, thawing"],
)
@given(stops=st.lists(st.integers(1, NUM_BATCHES), min_size=1, max_size=3))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_it_is_killed_it_ends_with_the_same_bits(tmp_path_factory, params, started, stops):
    folder, rest = (
        tmp_path_factory.mktemp("work"),
        {"policy": Policy(noise=0.1, mixup=0.3), "dropout": 0.2, "started": started},
    )
    whole = learned(params, **rest)
    for stop in stops:
        try:
            learned(params, folder=folder, stop_at=stop, **rest)
        except KeyboardInterrupt:
            continue
    assert same(learned(params, folder=folder, **rest), whole)


def test_a_run_killed_before_an_epoch_is_judged_goes_on_streamed_rows_too(tmp_path, monkeypatch):
    rows = xor(64)

    def run(folder):
        source = Streamed(
            lambda start, count: (rows.features[start : start + count], rows.targets[start : start + count]),
            len(rows),
            rows.known,
            group_rows=10,
            buffer_rows=20,
            device=torch.device("cpu"),
        )
        checkpoint = Checkpoint(folder, "0" * 64)
        with repeatable(1, 1):
            net = network()
            return net, fit(net, source, xor(50), EACH_BATCH, Policy(), seed=1, checkpoint=checkpoint)

    whole = run(tmp_path / "whole")
    judge, judged = Training._judge, 0

    def killed(training):
        nonlocal judged
        judged += 1
        if judged == 3:
            raise KeyboardInterrupt
        judge(training)

    monkeypatch.setattr(Training, "_judge", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed")
    assert same(run(tmp_path / "killed"), whole)


def test_a_checkpoint_now_and_then_changes_nothing(tmp_path):
    assert same(learned(EACH_BATCH, folder=tmp_path), learned(EACH_BATCH))


def test_a_damaged_checkpoint_is_an_error_that_says_what_to_delete(tmp_path):
    checkpoint = Checkpoint(tmp_path, "a" * 64)
    checkpoint.write({"epoch": 1})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"checkpoint-aaaaaaaaaaaaaaaa.pt is damaged .*Delete "):
        checkpoint.read(torch.device("cpu"))


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(tmp_path):
    one, other = Checkpoint(tmp_path, "a" * 64), Checkpoint(tmp_path, "b" * 64)
    one.write({"epoch": 1})
    assert other.read(torch.device("cpu")) is None
    assert other.others() == [one.path]
    one.path.rename(other.path)
    with pytest.raises(DataError, match="of other rows or parameters"):
        other.read(torch.device("cpu"))


def test_nothing_but_plain_data_is_loaded(tmp_path):
    checkpoint = Checkpoint(tmp_path, "a" * 64)
    checkpoint.write({"epoch": Policy()})
    with pytest.raises(DataError, match="is damaged"):
        checkpoint.read(torch.device("cpu"))
