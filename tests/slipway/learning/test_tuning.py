"""The search, with Optuna itself on a tiny product: it finds better parameters, prunes, and outlives a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_stages import write_stages

from slipway.errors import SlipwayError
from slipway.learning import tuning
from slipway.learning.searches import Search
from slipway.learning.tuning import search
from slipway.product.augment import Augment
from slipway.product.networks import MLP
from slipway.product.train import Train
from slipway.product.tune import Choices, Numbers, Tune
from tasks.train import fingerprint

ROOT = Path(__file__).parents[3]
SLOW = Train(network=MLP(name="mlp", hidden=[], dropout=0), epochs=6, batch_size=16, lr=1e-5)
LR = {"train.lr": Numbers(low=1e-5, high=1.0, log=True)}


@pytest.fixture
def data(tmp_path):
    return write_stages(tmp_path / "data")


def job(data, *, train=SLOW, **tune):
    return Search(data, train, Augment(), Tune(**{"ranges": LR, "trials": 4, **tune}), seed=3)


def test_it_finds_a_better_learning_rate_and_the_best_is_that_of_its_own_trial(data):
    found = search(job(data))
    best = found.best
    assert len(found.trials) == 4
    assert best is not None
    assert best.value == min(trial.value for trial in found.trials) < found.present
    assert best.values["train.lr"] > 1e-5


def test_values_that_were_written_go_on_in_the_same_search(data):
    best = search(job(data)).best
    again = search(job(data, train=SLOW.model_copy(update={"lr": best.values["train.lr"]}), trials=5))
    assert len(again.trials) == 5
    assert again.present == best.value


def test_other_parameters_are_another_search(data):
    first = job(data)
    others = [
        job(data, train=SLOW.model_copy(update={"epochs": 5})),
        job(data, ranges={"train.lr": Numbers(low=1e-5, high=0.1)}),
        job(data, objective="metric"),
    ]
    assert len({each.fingerprint for each in [first, *others]}) == 4
    assert job(data, trials=9, processes=2, pruner="none").fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "file",
    ["augment/train.parquet", "privatize/validation.parquet", "privatize/transform.json", "privatize/schema.json"],
)
def test_other_rows_are_another_search_and_another_training(data, file):
    def marks():
        trained = fingerprint(data / "augment", data / "privatize", SLOW, torch.device("cpu"))
        return job(data).fingerprint, trained

    before = marks()
    with (data / file).open("ab") as opened:
        opened.write(b" ")
    assert not set(before) & set(marks())


def test_a_trial_that_promises_little_is_pruned_and_marked(data):
    found = search(job(data, trials=12))
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.epochs < 6 and trial.why is None for trial in pruned)
    assert found.ranked()[-1].state == "pruned"
    assert not [one for one in search(job(data, trials=12, pruner="none", objective="metric")).trials if one.epochs]


def test_what_the_network_refuses_is_a_pruned_trial_with_the_reason(data):
    ranges = {"train.network": Choices(choices=[{"name": "mlp", "hidden": []}, {"name": "cnn"}])}
    found = search(job(data, ranges=ranges, trials=6))
    impossible = [trial for trial in found.trials if trial.values["train.network"]["name"] == "cnn"]
    assert impossible
    assert all(trial.state == "pruned" and "needs images" in trial.why for trial in impossible)


def test_values_keep_their_range_and_step(data):
    ranges = {
        "train.batch_size": Numbers(low=8, high=30, step=8),
        "train.label_smoothing": Numbers(low=0.0, high=0.35, step=0.1),
        "augment.policy.noise": Numbers(low=0, high=1),
    }
    values = [trial.values for trial in search(job(data, ranges=ranges, trials=6)).trials]
    assert {each["train.batch_size"] for each in values} <= {8, 16, 24}
    assert {each["train.label_smoothing"] for each in values} <= {0.0, 0.1, 0.2, 0.3}
    assert {each["augment.policy.noise"] for each in values} <= {0, 1}


BLOCKED = """
import sys, time
from pathlib import Path
from slipway.learning.trials import Trainer
from slipway.learning.tuning import search
sys.path.insert(0, {here!r})
from test_tuning import job

value, calls = Trainer.value, []

def blocked(*arguments):
    calls.append(1)
    if len(calls) == 4:  # the present values, two trials, and then
        print("under way", flush=True)
        time.sleep(600)
    return value(*arguments)

Trainer.value = blocked
search(job(Path({data!r})))
"""


def test_a_killed_search_goes_on_and_tries_what_it_would_have_tried(data, tmp_path):
    here = str(Path(__file__).parent)
    code = BLOCKED.format(here=here, data=str(data))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found = search(job(data))
    assert [trial.number for trial in found.trials] == [0, 1, 3, 4], "trial 2 was killed"
    whole = search(job(write_stages(tmp_path / "whole")))
    assert [(one.values, one.value) for one in found.trials] == [(one.values, one.value) for one in whole.trials]


@pytest.mark.slow
def test_processes_share_the_trials(data):
    found = search(job(data, trials=6, processes=2))
    assert [trial.number for trial in found.trials] == list(range(6))


def test_without_optuna_it_says_how_to_install_it(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SlipwayError, match=r"needs Optuna, which is not installed: pip install -e '.\[tune\]'"):
        tuning.search(job(data))
