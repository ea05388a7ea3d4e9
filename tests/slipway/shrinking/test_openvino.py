"""OpenVINO, where it is installed, answers to an artefact as onnxruntime does, or says why it cannot."""

import numpy as np
import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN, MLP
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.openvino import OpenVinoSession, Unreadable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import all_answers, session
from slipway.transform.fitted import Category, Number, Pixels, Transform

pytest.importorskip("openvino", reason="the extra [openvino] is not installed")

IMAGE = Transform(image=Pixels(column="image", shape=(8, 8, 1), max_value=255, center=0.3, scale=0.4))
TABLE = Transform(numbers=[Number(column="x", impute=1.0, center=2.0, scale=2.0)])
WORDS = Transform(categories=[Category(column="u", values=["a", "b"])])
CLASSES = {"outputs": 3, "task": "classification"}


def artefact(transform: Transform, network: object, *, int8: bool) -> bytes:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        architecture = Architecture.model_validate({"network": network, "inputs": transform.feature_shape, **CLASSES})
        exported = export_network(build(architecture).eval(), transform.feature_shape)
        x = torch.randn(64, *transform.feature_shape).numpy()
    return servable(to_int8(exported, x) if int8 else exported, transform, temperature=1.0).SerializeToString()


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(
    ("transform", "network"),
    [(IMAGE, CNN(channels=[4], hidden=6)), (TABLE, MLP(hidden=[8]))],
    ids=["image", "table"],
)
def test_it_answers_as_onnxruntime_does_at_every_batch_size(transform: Transform, network: object, int8: bool) -> None:
    model, rng = artefact(transform, network, int8=int8), np.random.default_rng(1)
    if transform.image is None:
        inputs = {"numeric": rng.normal(size=(40, 1))}
    else:
        inputs = {"image": rng.integers(0, 256, size=(40, 8, 8, 1), dtype=np.uint8)}
    for batch_rows in (1, 32):
        ours, theirs = (
            all_answers(running, inputs, batch_rows=batch_rows) for running in (session(model), OpenVinoSession(model))
        )
        assert ours.keys() == theirs.keys()
        np.testing.assert_allclose(theirs["probabilities"], ours["probabilities"], atol=0.02 if int8 else 1e-4)


def test_texts_are_beyond_it_and_it_says_so() -> None:
    with pytest.raises(Unreadable, match="OpenVINO cannot run it: ."):
        OpenVinoSession(artefact(WORDS, MLP(hidden=[8]), int8=False))
