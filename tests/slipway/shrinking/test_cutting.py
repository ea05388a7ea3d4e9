"""Structured pruning: what is cut is gone, what was dead changes nothing, and what cannot be cut says why."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from slipway.networks.building import Architecture, Ensemble, Regressor, build
from slipway.networks.trying import some_rows
from slipway.product.networks import (
    CNN,
    GRU,
    LSTM,
    MLP,
    FTTransformer,
    LeNet5,
    Network,
    Own,
    ResNet,
    Transformer,
    WideAndDeep,
)
from slipway.shrinking.cutting import Uncuttable, narrowed
from slipway.shrinking.export import export_network

FAMILIES: dict[str, tuple[Network, tuple[int, ...], int | None]] = {
    "mlp": (MLP(hidden=[12, 8]), (6,), None),
    "mlp on images": (MLP(hidden=[12]), (1, 4, 4), None),
    "wide_and_deep": (WideAndDeep(name="wide_and_deep", hidden=[12, 8]), (6,), None),
    "ft_transformer": (FTTransformer(name="ft_transformer", width=24, heads=2, layers=1), (4,), None),
    "cnn": (CNN(channels=[8, 12], hidden=10), (1, 8, 8), None),
    "lenet5": (LeNet5(name="lenet5", channels=(4, 8), hidden=16), (1, 16, 16), None),
    "resnet": (ResNet(name="resnet", channels=[8, 12]), (3, 8, 8), None),
    "lstm": (LSTM(name="lstm", embedding=8, hidden=6, layers=2), (7,), 30),
    "gru": (GRU(name="gru", embedding=8, hidden=6, bidirectional=False), (7,), 30),
    "transformer": (Transformer(name="transformer", width=24, heads=2, layers=1), (7,), 30),
}


def made(name: str, *, outputs: int = 3, task: str = "classification") -> tuple[nn.Module, Architecture]:
    network, inputs, vocabulary = FAMILIES[name]
    architecture = Architecture(network=network, inputs=inputs, vocabulary=vocabulary, outputs=outputs, task=task)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return build(architecture).eval(), architecture


def count(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("width", [0.5, 0.3])
def test_each_family_is_narrower_afterwards_and_answers_in_the_same_shape(name: str, width: float) -> None:
    network, architecture = made(name)
    before = {key: each.clone() for key, each in network.state_dict().items()}
    smaller, x = narrowed(network, architecture, width), some_rows(architecture, 5)
    assert count(smaller) < count(network)
    with torch.inference_mode():
        assert smaller(x).shape == network(x).shape == (5, 3)
    assert all(torch.equal(each, before[key]) for key, each in network.state_dict().items()), "a copy is cut"


def silenced(network: nn.Module, name: str) -> None:
    """Kill every other hidden unit, all that goes into it and comes out of it."""
    with torch.no_grad():
        if name == "mlp":
            for layer, after in ((network[0], network[3]), (network[3], network[6])):
                layer.weight[::2], layer.bias[::2], after.weight[:, ::2] = 0, 0, 0
            return
        hidden = network.forwards[0].hidden_size
        network.embed.weight[:, ::2] = 0
        for direction in filter(None, (network.forwards, network.backwards)):
            for layer in direction:
                for weight in (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0):
                    weight.view(-1, hidden, *weight.shape[1:])[:, ::2] = 0
                layer.weight_ih_l0[:, ::2] = 0
                layer.weight_hh_l0[:, ::2] = 0
        network.linear.weight[:, ::2] = 0


@pytest.mark.parametrize("name", ["mlp", "lstm", "gru"])
def test_units_that_do_nothing_are_what_is_cut_and_no_answer_changes(name: str) -> None:
    network, architecture = made(name)
    silenced(network, name)
    smaller, x = narrowed(network, architecture, 0.5), some_rows(architecture, 6)
    with torch.inference_mode():
        torch.testing.assert_close(smaller(x), network(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_a_regression_keeps_its_units(name: str) -> None:
    network, architecture = made(name, outputs=1, task="regression")
    assert isinstance(network, Regressor)
    network.center.fill_(5.0)
    smaller = narrowed(network, architecture, 0.5)
    assert isinstance(smaller, Regressor) and smaller.center == 5 and count(smaller) < count(network)
    assert smaller(some_rows(architecture, 3)).shape == (3,)


def test_of_an_ensemble_its_first_network_is_cut() -> None:
    network, architecture = made("mlp")
    both = Ensemble([network, deepcopy(network)], of_values=False)
    assert count(narrowed(both, architecture, 0.5)) < count(network)


def test_a_network_of_the_products_own_is_kept_whole_and_it_says_why() -> None:
    own = Own(name="own", file="net.py", class_name="Net")
    architecture = Architecture(network=own, inputs=(4,), outputs=2, task="classification")
    with pytest.raises(Uncuttable, match="product's own network"):
        narrowed(nn.Linear(4, 2), architecture, 0.5)


def test_a_network_without_a_hidden_layer_is_kept_whole_and_it_says_why() -> None:
    architecture = Architecture(network=MLP(hidden=[]), inputs=(4,), outputs=2, task="classification")
    with pytest.raises(Uncuttable, match="no hidden layer"):
        narrowed(build(architecture).eval(), architecture, 0.5)


def test_weights_that_are_only_masked_make_nothing_smaller() -> None:
    network, architecture = made("mlp")
    masked = deepcopy(network)
    for layer in masked:
        if isinstance(layer, nn.Linear):
            prune.l1_unstructured(layer, "weight", amount=0.9)
            prune.remove(layer, "weight")
    sizes = [
        len(export_network(each, architecture.inputs).SerializeToString())
        for each in (network, masked, narrowed(network, architecture, 0.5))
    ]
    assert sizes[1] == sizes[0] > sizes[2]
