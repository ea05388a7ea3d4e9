"""The networks: shapes, refusals, and that JSON and weights rebuild the same one."""

from pathlib import Path

import numpy as np
import pytest
import torch

from slipway.errors import ParamsError
from slipway.learning.trained import load_network, save_network, scores
from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN, MLP

IMAGES = Architecture(network=CNN(channels=[4, 8], hidden=5), inputs=(3, 9, 8), outputs=4, task="classification")
ROWS = Architecture(network=MLP(hidden=[7]), inputs=(6,), outputs=1, task="regression")


def test_a_cnn_gives_a_logit_for_each_class() -> None:
    assert build(IMAGES)(torch.zeros(2, 3, 9, 8)).shape == (2, 4)


def test_an_mlp_takes_images_flat() -> None:
    flat = IMAGES.model_copy(update={"network": MLP(hidden=[])})
    assert build(flat)(torch.zeros(2, 3, 9, 8)).shape == (2, 4)


def test_a_regression_gives_one_value_a_row() -> None:
    assert build(ROWS)(torch.zeros(2, 6)).shape == (2,)


def test_a_cnn_on_a_table_is_refused_with_the_mend() -> None:
    with pytest.raises(ParamsError, match="Use {name: mlp}"):
        build(IMAGES.model_copy(update={"inputs": (6,)}))


def test_too_many_convolutions_for_the_image_are_refused() -> None:
    with pytest.raises(ParamsError, match="4 convolutions.* 9 x 8 pixels"):
        build(IMAGES.model_copy(update={"network": CNN(channels=[1, 1, 1, 1])}))


@pytest.mark.parametrize("architecture", [IMAGES, ROWS])
def test_a_saved_network_answers_as_before(architecture: Architecture, tmp_path: Path) -> None:
    network = build(architecture).eval()
    x = np.random.default_rng(1).normal(size=(5, *architecture.inputs)).astype(np.float32)
    save_network(network, architecture, tmp_path)
    np.testing.assert_array_equal(scores(load_network(tmp_path), x), scores(network, x, chunk_rows=8192))
