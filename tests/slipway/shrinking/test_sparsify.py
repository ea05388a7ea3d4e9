"""Thinning out: the share of zeros and the number of values that were asked for, and answers like the trained ones."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from slipway.learning.trained import scores
from slipway.networks.building import Architecture, build
from slipway.product.archive import Archiving
from slipway.product.augment import Policy
from slipway.product.networks import CNN, LSTM, MLP, Network, Transformer
from slipway.shrinking.archive import decode, encode
from slipway.shrinking.sparsify import masks_of, shared, sparsify

FEW = Archiving(sparsity=0.8, bits=3, epochs=2, batch_size=32)


def taught_mlp() -> tuple[nn.Module, Any]:
    """A network that tells the signs of two numbers of eight, and 512 rows."""
    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0)
    network = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    return network.eval(), x.numpy()


def thin(network: nn.Module, x: Any, params: Archiving, *, of_classes: bool = True) -> nn.Module:
    return sparsify(network, x, params, Policy(), of_classes=of_classes, seed=1)


def weights_of(network: nn.Module) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in network.parameters() if each.ndim > 1])


def test_the_share_of_zeros_and_the_number_of_values_are_those_asked_for() -> None:
    network, x = taught_mlp()
    found = thin(network, x, FEW)
    weights = weights_of(found)
    assert (weights == 0).sum() == len(weights) - round(0.2 * len(weights))
    for each in found.parameters():
        assert len(each.view(torch.int32).unique()) <= 8  # by their bits: a mask makes -0.0 of negative weights


def test_a_thin_network_answers_as_the_trained_one_does() -> None:
    network, x = taught_mlp()
    found = thin(network, x, FEW.model_copy(update={"epochs": 24, "lr": 5e-3}))
    agree = scores(found, x).argmax(1) == scores(network, x).argmax(1)
    assert agree.mean() > 0.97
    cut = copy.deepcopy(network)
    with torch.no_grad():
        pruned = [each for each in cut.parameters() if each.ndim > 1]
        for each, mask in zip(pruned, masks_of(pruned, 0.8), strict=True):
            each.mul_(mask)
    assert agree.mean() > (scores(cut, x).argmax(1) == scores(network, x).argmax(1)).mean()


def test_the_trained_network_stays_as_it_is_and_the_same_seed_gives_the_same_bits() -> None:
    network, x = taught_mlp()
    before = copy.deepcopy(network.state_dict())
    first, second = thin(network, x, FEW), thin(network, x, FEW)
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
    assert encode(first.state_dict()) == encode(second.state_dict())


def test_values_are_learned_in_units_of_their_spread() -> None:
    network, x = taught_mlp()
    far = nn.Sequential(network, nn.Linear(4, 1), nn.Flatten(0)).eval()
    with torch.no_grad():
        far[1].weight.mul_(1e4)
    found = scores(thin(far, x, FEW.model_copy(update={"epochs": 16, "sparsity": 0.5}), of_classes=False), x)
    assert np.corrcoef(found, scores(far, x))[0, 1] > 0.97


@pytest.mark.parametrize(
    ("network", "inputs", "vocabulary"),
    [
        (CNN(name="cnn", channels=[4]), (1, 8, 8), None),
        (MLP(name="mlp", hidden=[]), (3,), None),
        (LSTM(name="lstm", hidden=8), (6,), 20),
        (Transformer(name="transformer", width=8, heads=2, layers=1), (6,), 20),
    ],
)
def test_every_family_is_thinned_out_and_comes_back(
    network: Network, inputs: tuple[int, ...], vocabulary: int | None
) -> None:
    architecture = Architecture(network=network, inputs=inputs, outputs=2, task="classification", vocabulary=vocabulary)
    torch.manual_seed(0)
    full = build(architecture).eval()
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, *inputs)).astype(np.float32)
    if vocabulary is not None:
        x = generator.integers(1, vocabulary, (40, *inputs))
    found = thin(full, x, FEW)
    assert (weights_of(found) == 0).float().mean() >= 0.79
    other = build(architecture).eval()
    other.load_state_dict(decode(encode(found.state_dict())).tensors)
    assert np.array_equal(scores(found, x), scores(other, x))


def test_batch_normalisation_follows_the_thin_layers() -> None:
    architecture = Architecture(
        network=CNN(name="cnn", channels=[4]), inputs=(1, 8, 8), outputs=2, task="classification"
    )
    torch.manual_seed(0)
    network = build(architecture).eval()
    x = np.random.default_rng(0).normal(3, 2, size=(64, 1, 8, 8)).astype(np.float32)
    found = thin(network, x, FEW)
    assert not torch.equal(found.state_dict()["1.running_mean"], network.state_dict()["1.running_mean"])
    assert not any(layer.training for layer in found.modules())


def test_no_layer_is_cut_off() -> None:
    small, large = torch.full((3, 3), 1e-6), torch.full((30, 30), 1.0)
    masks = masks_of([small, large], 0.99)
    assert [int(mask.sum()) for mask in masks] >= [1, 1]
    assert sum(int(mask.sum()) for mask in masks) == round(0.01 * 909)


def test_values_are_shared_by_k_means() -> None:
    weight = torch.tensor([[0.0, 1.0, 1.2], [5.0, -3.0, 5.2]])
    values, numbers = shared(weight, 4)
    assert torch.allclose(values, torch.tensor([-3.0, 1.1, 5.1]))
    assert numbers.tolist() == [[0, 2, 2], [3, 1, 3]]


@pytest.mark.parametrize("weight", [torch.zeros(2, 3), torch.full((4,), 7.0), torch.tensor([1.0, 2.0]), torch.zeros(0)])
def test_few_values_stay_as_they_are(weight: torch.Tensor) -> None:
    values, numbers = shared(weight, 4)
    assert torch.equal(torch.cat([torch.zeros(1), values])[numbers], weight)
