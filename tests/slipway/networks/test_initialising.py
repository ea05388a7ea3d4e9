"""Weights at the start: each rule's spread, zero biases, and networks that still learn."""

import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.networks.initialising import initialise
from slipway.product.networks import CNN, MLP

SPREAD = {"zeros": 0.0, "normal": 0.02, "xavier": (2 / (100 + 200)) ** 0.5, "he": (2 / 100) ** 0.5}


def network() -> torch.nn.Module:
    return build(Architecture(network=MLP(hidden=[200]), inputs=(100,), outputs=3, task="classification"))


@pytest.mark.parametrize("rule", SPREAD)
def test_a_rule_draws_weights_of_its_spread_and_sets_biases_to_zero(rule) -> None:
    net = network()
    initialise(net, rule)
    assert net[0].weight.std().item() == pytest.approx(SPREAD[rule], rel=0.05)
    assert not net[0].bias.any()


def test_orthogonal_rows_have_length_one() -> None:
    net = network()
    initialise(net, "orthogonal")
    assert torch.allclose(net[-1].weight @ net[-1].weight.T, torch.eye(3), atol=1e-5)


def test_the_default_changes_nothing_and_the_scales_of_normalisation_stay_one() -> None:
    net = network()
    before = net[0].weight.clone()
    initialise(net, "default")
    assert torch.equal(net[0].weight, before)
    images = build(Architecture(network=CNN(), inputs=(1, 8, 8), outputs=2, task="classification"))
    initialise(images, "he")
    assert torch.equal(images[1].weight, torch.ones(32))
