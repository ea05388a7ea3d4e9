"""Parted weights learn what whole ones do; the group of processes is one of this process alone, but in slow tests.

That two processes learn what one does: tests/tasks/test_train.py.
"""

from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
from problems import QUICK, learned, network, xor
from torch import nn

from slipway.errors import ParamsError
from slipway.learning.devices import repeatable
from slipway.learning.loop import Training
from slipway.learning.rows import Rows
from slipway.learning.sharding import gathered, here, shard, whole
from slipway.learning.starting import FRESH, Started
from slipway.learning.stepping import ALONE
from slipway.learning.team import Team, learn_together
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.networks import CNN, GRU, LSTM, MLP, FTTransformer, LeNet5, ResNet, Transformer, WideAndDeep
from slipway.product.optimisation import SGD, Adagrad, Adam, AdamW, RMSprop
from slipway.product.train import Train

FEW = QUICK.model_copy(update={"epochs": 3, "clip_norm": 1.0})
PARTED = Team(parts_weights=True)
HIDDEN = ("0.weight", "0.bias")
THAWING = Started(HIDDEN, ("3.weight", "3.bias"), frozenset(HIDDEN), thaw_after_epochs=1, lr_factor=0.5)


@pytest.fixture
def group(tmp_path):
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'group'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def close(one, other):
    weights = [whole(each.state_dict()) for each in (one, other)]
    return all(torch.allclose(tensor, weights[1][name], atol=1e-6) for name, tensor in weights[0].items())


@pytest.mark.parametrize("started", [FRESH, THAWING], ids=["fresh", "thawing"])
@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize(
    "optimizer",
    [AdamW(), Adam(name="adam"), SGD(name="sgd"), RMSprop(name="rmsprop"), Adagrad(name="adagrad")],
    ids=lambda each: each.name,
)
def test_parted_weights_learn_what_whole_ones_do(group, optimizer, ema, started):
    params = FEW.model_copy(update={"optimizer": optimizer, "ema": ema})
    (plain, history), (parted, theirs) = (learned(params, started=started, team=team) for team in (ALONE, PARTED))
    assert close(plain, parted)
    assert [each.validation_loss for each in theirs] == pytest.approx([each.validation_loss for each in history])


PICTURES, ROWS, TOKENS = (2, 1, 16, 16), (2, 5), (2, 6)


@pytest.mark.parametrize(
    ("family", "shape", "vocabulary"),
    [
        (MLP(), ROWS, None),
        (WideAndDeep(name="wide_and_deep"), ROWS, None),
        (FTTransformer(name="ft_transformer", width=8, heads=2, layers=2), ROWS, None),
        (CNN(name="cnn", channels=[4], hidden=8), PICTURES, None),
        (LeNet5(name="lenet5", channels=[4, 4], hidden=8), PICTURES, None),
        (ResNet(name="resnet", channels=[4, 8]), PICTURES, None),
        (LSTM(name="lstm", embedding=4, hidden=4), TOKENS, 9),
        (GRU(name="gru", embedding=4, hidden=4, bidirectional=True), TOKENS, 9),
        (Transformer(name="transformer", width=8, heads=2, layers=2), TOKENS, 9),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
@pytest.mark.parametrize("ema", [None, 0.9])
def test_each_family_can_be_parted_and_put_together(group, family, shape, vocabulary, ema):
    """By labels turned round: no epoch is better than the first, which is when weights are looked at last."""
    architecture = Architecture(
        network=family, inputs=shape[1:], vocabulary=vocabulary, outputs=2, task="classification"
    )
    size, generator = (16, *shape[1:]), torch.Generator().manual_seed(1)
    x = torch.randint(1, 9, size, generator=generator) if vocabulary else torch.randn(size, generator=generator)
    rows = Rows(x, torch.arange(16) % 2)
    judge = Rows(x, 1 - rows.targets)
    networks = []
    for team in (ALONE, PARTED):
        with repeatable(1, 1):
            net = build(architecture)
            training = Training(net, rows, judge, FEW.model_copy(update={"ema": ema}), Policy(), seed=1, team=team)
            for _ in range(3):
                training.run_epoch()
        networks.append(training.stepper.judged)
    assert close(*networks)
    together = gathered(networks[1], architecture, None)
    assert close(networks[0], together)
    assert all(type(each) is torch.nn.Parameter for each in together.parameters())


@pytest.mark.parametrize("stop_at", [1, 20, 39])
@pytest.mark.parametrize(
    "changes", [{}, {"optimizer": SGD(name="sgd"), "ema": 0.9}], ids=["adamw", "sgd with a moving average"]
)
def test_a_killed_run_of_parted_weights_goes_on_to_the_same_bits(group, tmp_path, changes, stop_at):
    params = FEW.model_copy(update={**changes, "checkpoint_seconds": 0})
    uninterrupted, history = learned(params, dropout=0.2, team=PARTED)
    with pytest.raises(KeyboardInterrupt):
        learned(params, dropout=0.2, folder=tmp_path, stop_at=stop_at, team=PARTED)
    net, again = learned(params, dropout=0.2, folder=tmp_path, team=PARTED)
    assert again == history
    weights = whole(net.state_dict())
    assert all(torch.equal(each, weights[name]) for name, each in whole(uninterrupted.state_dict()).items())


class Scaled(nn.Linear):
    """A layer of its own with a number that has no dimension."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.factor = nn.Parameter(torch.ones(()))


def test_weights_that_cannot_be_parted_are_refused(group):
    with pytest.raises(ParamsError, match=r"train.fsdp: these weights cannot be parted .*Leave fsdp out"):
        shard(nn.Sequential(Scaled()), PARTED, torch.device("cpu"))


def test_a_layer_that_stands_twice_is_parted_once(group):
    layer = nn.Linear(2, 2)
    chain = nn.Sequential(layer, nn.ReLU(), layer)
    shard(chain, PARTED, torch.device("cpu"))
    assert chain(torch.ones(1, 2)).shape == (1, 2)


def hold_parts(folder, *, team):
    """Note how many numbers of weights, gradients and optimiser this process holds."""
    rows, net = xor(32), network(hidden=64)
    training = Training(net, rows, rows, FEW, Policy(), seed=1, team=replace(team, parts_weights=True))
    training.run_epoch()
    held = [here(each) for weight in net.parameters() for each in (weight, weight.grad)]
    held += [here(each) for state in training.stepper.optimizer.state.values() for each in state.values() if each.ndim]
    (folder / str(team.rank)).write_text(str(sum(each.numel() for each in held)))


@pytest.mark.slow
def test_each_of_two_processes_holds_half(tmp_path):
    learn_together(hold_parts, (tmp_path,), tmp_path, processes=2)
    held = [int((tmp_path / str(rank)).read_text()) for rank in range(2)]
    everything = 4 * sum(each.numel() for each in network(hidden=64).parameters())  # weight, gradient, two of AdamW
    assert sum(held) == everything
    assert max(held) == everything / 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"processes": 1}, "fsdp parts weights among processes, and there is one"),
        ({"l1": 0.1}, "fsdp goes without l1"),
        ({"compile": True}, "without l1, compile, channels_last and fp16"),
        ({"channels_last": True}, "without l1, compile, channels_last and fp16"),
        ({"precision": "fp16"}, "and bf16"),
    ],
)
def test_what_cannot_be_parted_is_refused_with_the_parameters(changes, said):
    with pytest.raises(ValueError, match=said):
        Train.model_validate({"fsdp": True, "processes": 2, **changes})
