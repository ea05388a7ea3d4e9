"""Export and quantisation: the artefact answers as the network does, at any batch size, and names no machine."""

import numpy as np
import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN, MLP, FTTransformer, LeNet5, ResNet, WideAndDeep
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import answers, session
from slipway.transform.fitted import Category, Number, Pixels, Transform

TABLE = Transform(
    numbers=[Number(column="x", impute=1.0, center=1e6, scale=2.0)],
    categories=[Category(column="u", values=["a", "b"])],
)
IMAGE = Transform(image=Pixels(column="image", shape=(8, 8, 1), max_value=16, center=0.3, scale=0.4))
MLP_CLASSES = Architecture(network=MLP(hidden=[8]), inputs=(3,), outputs=2, task="classification")
MLP_VALUE = Architecture(network=MLP(hidden=[8]), inputs=(3,), outputs=1, task="regression")
CNN_CLASSES = Architecture(network=CNN(channels=[4], hidden=6), inputs=(1, 8, 8), outputs=3, task="classification")
WIDE = MLP_CLASSES.model_copy(update={"network": WideAndDeep(name="wide_and_deep", hidden=[6])})
TOKENS = MLP_CLASSES.model_copy(update={"network": FTTransformer(name="ft_transformer", width=8, heads=2, layers=1)})
LENET = CNN_CLASSES.model_copy(update={"network": LeNet5(name="lenet5", hidden=20), "inputs": (1, 16, 16)})
RESIDUAL = CNN_CLASSES.model_copy(update={"network": ResNet(name="resnet", channels=[4, 6])})
FAMILIES = {"wide": WIDE, "ft": TOKENS, "lenet": LENET, "resnet": RESIDUAL}


def made(architecture: Architecture) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build(architecture).eval()


def rows(num_rows: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {
        "numeric": 1e6 + rng.normal(size=(num_rows, 1)) * 3,
        "categorical": rng.choice(["a", "b", "c", ""], size=(num_rows, 1)).astype(object),
    }


def by_hand(inputs: dict[str, np.ndarray]) -> torch.Tensor:
    scaled = (inputs["numeric"] - 1e6) / 2
    return torch.from_numpy(np.hstack([scaled, *(inputs["categorical"] == value for value in "ab")]).astype(np.float32))


def test_probabilities_are_the_calibrated_softmax_of_the_network() -> None:
    network = made(MLP_CLASSES)
    model = servable(export_network(network, (3,)), TABLE, temperature=2.0).SerializeToString()
    expected = torch.softmax(network(by_hand(rows())) / 2.0, 1).detach().numpy()
    np.testing.assert_allclose(answers(session(model), rows()), expected, atol=1e-6)


def test_a_regression_answers_one_value_a_row() -> None:
    network = made(MLP_VALUE)
    model = servable(export_network(network, (3,)), TABLE, temperature=None).SerializeToString()
    np.testing.assert_allclose(answers(session(model), rows()), network(by_hand(rows())).detach().numpy(), atol=1e-6)


def test_the_same_weights_give_the_same_bytes_without_a_trace_of_the_machine() -> None:
    files = [servable(export_network(made(MLP_CLASSES), (3,)), TABLE, temperature=1.0) for _ in range(2)]
    first, second = (file.SerializeToString(deterministic=True) for file in files)
    assert first == second
    assert not [word for word in (b"/home", b"/usr", b"/tmp", b".py", b"pytorch") if word in first]


@pytest.mark.parametrize(
    ("architecture", "transform"), [(MLP_CLASSES, TABLE), (MLP_VALUE, TABLE), (CNN_CLASSES, IMAGE)], ids=str
)
def test_int8_answers_nearly_alike_and_does_not_depend_on_its_batch(architecture, transform) -> None:
    pixels = np.random.default_rng(1).integers(0, 17, size=(300, 8, 8, 1), dtype=np.uint8)
    inputs = {"image": pixels} if transform.image else rows(300)
    scaled = ((pixels / 16 - 0.3) / 0.4).astype(np.float32).transpose(0, 3, 1, 2)
    network = export_network(made(architecture), transform.feature_shape)
    int8 = to_int8(network, scaled if transform.image else by_hand(inputs).numpy())
    temperature = None if architecture.task == "regression" else 1.0
    exact, small = (
        session(servable(one, transform, temperature=temperature).SerializeToString()) for one in (network, int8)
    )
    assert np.abs(answers(small, inputs) - answers(exact, inputs)).max() < 0.1
    for batch_rows in (1, 7, 256):
        np.testing.assert_allclose(answers(small, inputs, batch_rows=batch_rows), answers(small, inputs), atol=1e-5)
    assert any(node.op_type == "QuantizeLinear" for node in int8.graph.node)


@pytest.mark.parametrize("architecture", FAMILIES.values(), ids=FAMILIES)
def test_every_family_is_exported_and_quantised_with_a_free_batch(architecture) -> None:
    network, x = made(architecture), torch.randn(256, *architecture.inputs, generator=torch.Generator().manual_seed(2))
    exported = export_network(network, architecture.inputs)
    exact = session(exported.SerializeToString())
    for size in (1, 32, 256):
        (found,) = exact.run(None, {"features": x[:size].numpy()})
        np.testing.assert_allclose(found, network(x[:size]).detach().numpy(), atol=1e-4)
    (small,) = session(to_int8(exported, x.numpy()).SerializeToString()).run(None, {"features": x.numpy()})
    assert np.corrcoef(small.ravel(), network(x).detach().numpy().ravel())[0, 1] > 0.98
