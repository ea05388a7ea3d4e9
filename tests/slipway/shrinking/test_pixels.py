"""Scaling of pixels goes into the first layer, or away, exactly where no answer changes; elsewhere it stays."""

import numpy as np
import onnx
import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN, MLP, LeNet5, Network
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import answers, session
from slipway.transform.fitted import Pixels, Transform

STEP = Pixels(column="image", shape=(16, 16, 1), max_value=255, center=0.1307, scale=0.3081)
TRANSFORM = Transform(image=STEP)
MLP_SMALL, LENET, PADDED = MLP(hidden=[8]), LeNet5(name="lenet5", hidden=20), CNN(channels=[4], hidden=6)


def exported(network: Network) -> tuple[torch.nn.Module, onnx.ModelProto]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = build(Architecture(network=network, inputs=(1, 16, 16), outputs=3, task="classification")).eval()
    return made, export_network(made, (1, 16, 16))


def images(brightest: int = 255) -> np.ndarray:
    rows = np.random.default_rng(1).integers(0, brightest + 1, size=(300, 16, 16, 1), dtype=np.uint8)
    rows[0, 0, :2, 0] = 0, brightest
    return rows


def scaled(rows: np.ndarray) -> np.ndarray:
    return (((rows / 255 - STEP.center) / STEP.scale).astype(np.float32)).transpose(0, 3, 1, 2)


def kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("network", [MLP_SMALL, LENET], ids=["mlp", "lenet5"])
def test_a_first_layer_that_pads_nothing_takes_the_scaling_in(network: Network) -> None:
    made, model = exported(network)
    whole = servable(model, TRANSFORM, temperature=1.0)
    assert not {"Sub", "Mul"} & kinds(whole)
    assert {"center", "scale"}.isdisjoint(each.name for each in whole.graph.initializer)
    expected = torch.softmax(made(torch.from_numpy(scaled(images()))), 1).detach().numpy()
    for batch_rows in (1, 300):
        found = answers(session(whole.SerializeToString()), {"image": images()}, batch_rows=batch_rows)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_padding_is_zero_after_the_scaling_so_it_stays_there() -> None:
    made, model = exported(PADDED)
    whole = servable(model, TRANSFORM, temperature=1.0)
    assert {"Sub", "Mul"} <= kinds(whole)
    expected = torch.softmax(made(torch.from_numpy(scaled(images()))), 1).detach().numpy()
    np.testing.assert_allclose(answers(session(whole.SerializeToString()), {"image": images()}), expected, atol=1e-5)


@pytest.mark.parametrize("network", [MLP_SMALL, LENET, PADDED], ids=["mlp", "lenet5", "padded"])
@pytest.mark.parametrize("brightest", [255, 200])
def test_bytes_that_are_quantised_to_themselves_are_taken_as_they_are(network: Network, brightest: int) -> None:
    _, model = exported(network)
    int8 = to_int8(model, scaled(images(brightest)))
    whole = servable(int8, TRANSFORM, temperature=1.0)
    assert ("Cast" in kinds(whole)) == (brightest < 255)
    (logits,) = session(int8.SerializeToString()).run(None, {"features": scaled(images())})
    expected = torch.softmax(torch.from_numpy(logits), 1).numpy()
    np.testing.assert_allclose(answers(session(whole.SerializeToString()), {"image": images()}), expected, atol=1e-6)
