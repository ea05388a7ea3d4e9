"""The section `tune`: each range is checked when params.yaml is read."""

from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.augment import Augment
from slipway.product.params import read_params
from slipway.product.train import Train
from slipway.product.tune import assigned

CANCER = (Path(__file__).parents[3] / "products" / "cancer" / "params.yaml").read_text()


def read(folder, tune, **edits):
    text = CANCER.replace("tune: {}", f"tune: {tune}")
    for old, new in edits.items():
        text = text.replace(f"{old}: {{}}", f"{old}: {new}")
    (folder / "params.yaml").write_text(text)
    return read_params(folder / "params.yaml").tune


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ("{train.lrr: {low: 1, high: 2}}", r"tune.ranges.train.lrr: train.lrr is no parameter: did you mean 'lr'\?"),
        ("{train.lr: {low: 0.1, high: 100}}", r"ranges.train.lr: train.lr = 100: must be less than or equal"),
        (
            "{train.network.hidden: {choices: [[8], 8]}}",
            r"ranges.train.network.hidden: train.network.hidden = 8: .*list",
        ),
        ("{train.network.heads: {low: 1, high: 4}}", r"network.heads is no parameter: .*allowed: dropout, hidden"),
        ("{train.optimizer.name: {choices: [adam, lion]}}", r"optimizer.name = 'lion': allowed: adamw, adam, sgd"),
        ("{augment.balance: {choices: [none, oversample]}}", "allowed are keys of train and of augment.policy"),
        ("{train.lr: {low: 2, high: 1}}", r"tune.ranges.train.lr = .*low = 2 must be less than high = 1"),
        ("{train.lr: {low: 0, high: 1, log: true}}", "log needs a low above 0"),
        ("{train.lr: {min: 0, max: 1}}", r"allowed: \{low, high, log, step\} or \{choices: "),
        ("{train.lr: 3}", r"tune.ranges.train.lr"),
        ("{train.network: {choices: [{name: mlp}, {name: cnn}]}, train.network.hidden: {choices: [[1], [2]]}}",
         "train.network and train.network.hidden, which is a part of it"),
        ("{train.loss: {choices: [{name: bce}, {name: focal}]}}", "set objective: metric"),
        ("{train.loss_weights.price: {low: 0.1, high: 1}}", "varies train.loss_weights, .* set objective: metric"),
    ],
)  # fmt: skip
def test_a_wrong_range_is_answered_with_the_key_and_what_is_allowed(tmp_path, ranges, message):
    with pytest.raises(ParamsError, match=message):
        read(tmp_path, f"{{ranges: {ranges}}}")


def test_numbers_written_as_whole_are_whole(tmp_path):
    ranges = "{train.lr: {low: 1.0e-4, high: 1, log: true}, train.batch_size: {low: 32, high: 512, step: 32}}"
    tune = read(tmp_path, f"{{ranges: {ranges}}}")
    assert [each.are_whole for each in tune.ranges.values()] == [False, True]


def test_a_key_inside_a_default_brings_the_name_of_the_default():
    sections = {"train": Train(), "augment": Augment()}
    values = {"train.network.hidden": [8], "train.optimizer.beta1": 0.5, "augment.policy.noise": 0.1}
    train, augment = assigned(sections, values, where="here")
    assert (train.network.hidden, train.optimizer.beta1, augment.policy.noise) == ([8], 0.5, 0.1)
