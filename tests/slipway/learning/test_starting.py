"""Weights of another training: what is taken, what stays as it is and for how long, and what is refused."""

import logging
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import QUICK, learned, network, xor
from safetensors.torch import save_file
from torch import nn

from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.learning.loop import fit
from slipway.learning.losses import training_loss
from slipway.learning.rows import Rows
from slipway.learning.starting import Started, begin
from slipway.learning.stepping import Stepper
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.networks import CNN
from slipway.product.optimisation import SGD, Adagrad, Adam, AdamW, RMSprop
from slipway.product.start import Start
from slipway.product.train import Train

HIDDEN = ("0.weight", "0.bias")
HEAD = ("3.weight", "3.bias")


def saved(net: nn.Module, folder: Path, **options: object) -> Start:
    """Save a network's weights, and start from them."""
    save_file({name: each.contiguous() for name, each in net.state_dict().items()}, folder / "model.safetensors")
    file = folder / "model.safetensors"
    return Start.model_validate({"file": str(file), "sha256": sha256_of(file), **options})


def images(classes: int, *, channels: int = 4) -> nn.Module:
    made = Architecture(
        network=CNN(channels=[channels], hidden=6), inputs=(1, 4, 4), outputs=classes, task="classification"
    )
    return build(made)


def test_layers_that_fit_are_taken_and_the_head_starts_fresh(tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO, "slipway")
    old, new = network(5), network(2)
    drawn = new.state_dict()["3.weight"].clone()
    started = begin(new, saved(old, tmp_path))
    assert (started.taken, started.fresh) == (HIDDEN, HEAD)
    assert torch.equal(new.state_dict()["0.weight"], old.state_dict()["0.weight"])
    assert torch.equal(new.state_dict()["3.weight"], drawn)
    assert "2 of 4 tensors are taken from" in caplog.text
    assert "fresh: 3.weight, 3.bias" in caplog.text


def test_a_layer_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    old = images(5, channels=3)
    new = images(2, channels=3)
    start = saved(old, tmp_path)
    assert begin(new, start).fresh == ("8.weight", "8.bias")
    wider = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0), nn.Linear(16, 2))  # its bias alone fits
    assert begin(wider, saved(network(2), tmp_path)).taken == HEAD


def test_a_regression_starts_from_a_classification_and_keeps_its_own_units(tmp_path: Path) -> None:
    values, classes = network(1, "regression"), network(3)
    values.center.fill_(7.0)
    assert begin(values, saved(classes, tmp_path)).taken == HIDDEN
    assert values.center == 7
    assert begin(classes, saved(values, tmp_path)).taken == HIDDEN


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=5), st.integers(1, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_taken_and_what_is_fresh_are_all_and_only_what_fits_is_changed(tmp_path, shapes, width) -> None:
    def made(sizes: list[tuple[int, int]]) -> nn.Module:
        return nn.Sequential(*(nn.Linear(*size) for size in sizes))

    old, new = made(shapes), made([(width, width), *shapes[1:]])
    before = {name: each.clone() for name, each in new.state_dict().items()}
    if len(shapes) == 1 and shapes[0] != (width, width):
        with pytest.raises(ParamsError, match="no layer of"):
            begin(new, saved(old, tmp_path))
        return
    started, theirs = begin(new, saved(old, tmp_path)), old.state_dict()
    assert sorted((*started.taken, *started.fresh)) == sorted(before)
    for name, each in new.state_dict().items():
        assert torch.equal(each, theirs[name] if name in started.taken else before[name])


@pytest.mark.parametrize("optimizer", [AdamW(), Adam(name="adam"), SGD(name="sgd"), RMSprop(name="rmsprop")])
def test_frozen_weights_stay_until_they_thaw(optimizer, tmp_path: Path) -> None:
    start = saved(network(3), tmp_path, freeze="taken", thaw_after_epochs=2)
    params = QUICK.model_copy(
        update={"optimizer": optimizer, "weight_decay": 0.1, "l1": 1e-3, "clip_norm": 1.0, "ema": 0.5}
    )
    moved = []
    for epochs in (2, 3):
        net = network()
        started = begin(net, start)
        before = {name: each.clone() for name, each in net.state_dict().items()}
        stepper = Stepper(net, params, training_loss(params, xor().known), torch.device("cpu"), started=started)
        for epoch in range(1, epochs + 1):
            stepper.begin(epoch)
            stepper.set_lr(0.01)
            for x, y in xor().batches(50, seed=epoch):
                stepper.step(x, y)
        moved.append({name: not torch.equal(each, before[name]) for name, each in stepper.judged.state_dict().items()})
    assert moved[0] == {"0.weight": False, "0.bias": False, "3.weight": True, "3.bias": True}
    assert all(moved[1].values())


def test_batch_normalisation_of_a_frozen_layer_keeps_its_statistics(tmp_path: Path) -> None:
    old = images(3)
    with torch.no_grad():
        old(torch.randn(50, 1, 4, 4) + 3)
    for freeze, changes in (("taken", False), (["0"], True), (["0", "1"], False)):
        net = images(2)
        started = begin(net, saved(old, tmp_path, freeze=freeze))
        rows = Rows(torch.randn(20, 1, 4, 4), torch.arange(20) % 2)
        stepper = Stepper(net, QUICK, training_loss(QUICK, rows.known), torch.device("cpu"), started=started)
        stepper.begin(1)
        stepper.set_lr(0.01)
        stepper.step(*next(rows.batches(20, seed=1)))
        moved = not torch.equal(net.state_dict()["1.running_mean"], old.state_dict()["1.running_mean"])
        assert moved == changes, freeze


@pytest.mark.parametrize("optimizer", [AdamW(), SGD(name="sgd", momentum=0), Adagrad(name="adagrad")])
def test_what_was_taken_learns_at_its_own_rate(optimizer, tmp_path: Path) -> None:
    params = QUICK.model_copy(update={"optimizer": optimizer})
    steps = []
    for factor in (1.0, 0.1):
        torch.manual_seed(1)
        net = network()
        started = begin(net, saved(network(3), tmp_path, lr_factor=factor))
        before = {name: each.clone() for name, each in net.state_dict().items()}
        stepper = Stepper(net, params, training_loss(params, xor().known), torch.device("cpu"), started=started)
        stepper.begin(1)
        stepper.set_lr(0.01)
        stepper.step(*next(xor().batches(50, seed=1)))
        steps.append({name: each - before[name] for name, each in net.state_dict().items()})
    torch.testing.assert_close(steps[1]["0.weight"], steps[0]["0.weight"] * 0.1, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(steps[1]["3.weight"], steps[0]["3.weight"], rtol=1e-5, atol=1e-7)


def test_patience_begins_anew_where_weights_thaw() -> None:
    params = QUICK.model_copy(update={"lr": 1e-9, "patience": 2, "epochs": 20})
    started = Started(HIDDEN, HEAD, frozenset(HIDDEN), thaw_after_epochs=10)
    assert len(learned(params, started=started)[1]) >= 12


def test_a_start_is_better_than_none_after_an_epoch(tmp_path: Path) -> None:
    start = saved(learned()[0], tmp_path)
    net = network()
    started = begin(net, start)
    assert started.fresh == ()
    once = QUICK.model_copy(update={"epochs": 1, "lr": 1e-3})
    again = learned(once)[1]
    history = fit(net, xor(), xor(50), once, Policy(), seed=1, started=started)
    assert history[0].validation_loss < again[0].validation_loss


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (["9"], r"freeze: 9 names no weight; there are 0.weight, 0.bias, 3.weight, 3.bias"),
        (["0.wei"], r"freeze: 0.wei names no weight"),
        (["3"], r"freeze: 3 names what .* has not, or in another shape.*3.bias, 3.weight"),
    ],
)
def test_what_cannot_be_frozen_is_refused(tmp_path: Path, freeze, message) -> None:
    with pytest.raises(ParamsError, match=message):
        begin(network(2), saved(network(3), tmp_path, freeze=freeze))


def test_to_freeze_everything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="leaves nothing to learn"):
        begin(network(2), saved(network(2), tmp_path, freeze="taken"))


def test_a_start_of_another_shape_is_refused_and_both_are_shown(tmp_path: Path) -> None:
    with pytest.raises(
        ParamsError, match=r"no layer of .* fits .*0.weight \[8, 2\].*; the network has 0.weight \[16, 2\]"
    ):
        begin(network(2), saved(network(2, hidden=8), tmp_path))


def test_counters_of_batch_normalisation_alone_are_no_start(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="no layer of"):
        begin(images(2), saved(images(3, channels=5), tmp_path))


def test_a_file_that_is_absent_another_or_no_weights_is_refused_with_the_mend(tmp_path: Path) -> None:
    start = saved(network(2), tmp_path)
    with pytest.raises(DataError, match=r"other.safetensors cannot be read \(No such file.*copy it elsewhere first"):
        begin(network(2), start.model_copy(update={"file": str(tmp_path / "other.safetensors")}))
    with pytest.raises(DataError, match=f"its sha256 is {start.sha256}. Write that"):
        begin(network(2), start.model_copy(update={"sha256": "0" * 64}))
    file = tmp_path / "text.safetensors"
    file.write_text("no weights")
    with pytest.raises(DataError, match="is no safetensors file"):
        begin(network(2), Start(file=str(file), sha256=sha256_of(file)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"thaw_after_epochs": 2}, "thaw_after_epochs needs freeze"),
        ({"freeze": "taken", "thaw_after_epochs": 100}, "thaw_after_epochs = 100 must be less than epochs = 100"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"lr_factor": 0}, "greater than 0"),
    ],
)
def test_what_the_section_cannot_mean_is_refused(changes, message) -> None:
    start = {"file": "x.safetensors", "sha256": "0" * 64, **changes}
    with pytest.raises(ValueError, match=message):
        Train.model_validate({"start": start})
