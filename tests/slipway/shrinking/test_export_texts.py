"""Networks for texts exported: int64 tokens in, the answers of torch at every batch size of serving, and int8."""

from functools import cache

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from slipway.networks.building import Architecture, build
from slipway.product.networks import GRU, LSTM, Transformer
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import answers, session
from slipway.transform.fitted import Tokenized, Transform

LENGTH, VOCABULARY = 10, 40
TOKENS = Transform(tokens=Tokenized(column="note", length=LENGTH, vocabulary=VOCABULARY, tokenizer=""))
NETWORKS = {
    "lstm": LSTM(name="lstm", embedding=8, hidden=8, layers=2),
    "gru": GRU(name="gru", embedding=8, hidden=8),
    "transformer": Transformer(name="transformer", width=16, heads=2),
}


def texts(num_rows: int = 300) -> np.ndarray:
    """Tokens of every length from none to all, padding behind."""
    rng = np.random.default_rng(1)
    lengths = np.arange(num_rows)[:, None] % (LENGTH + 1)
    return rng.integers(1, VOCABULARY, size=(num_rows, LENGTH)) * (np.arange(LENGTH) < lengths)


@cache
def exported(name: str) -> tuple[np.ndarray, onnx.ModelProto]:
    """What torch answers to the texts, and the network in ONNX."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = build(
            Architecture(
                network=NETWORKS[name], inputs=(LENGTH,), vocabulary=VOCABULARY, outputs=2, task="classification"
            )
        ).eval()
    with torch.inference_mode():
        expected = torch.softmax(network(torch.from_numpy(texts())), 1).numpy()
    return expected, export_network(network, (LENGTH,), vocabulary=VOCABULARY)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_export_takes_tokens_and_answers_as_torch_at_every_batch_size(name: str) -> None:
    expected, network = exported(name)
    model = servable(network, TOKENS, temperature=1.0)
    (taken,) = model.graph.input
    assert (taken.name, taken.type.tensor_type.elem_type) == ("tokens", TensorProto.INT64)
    assert [dim.dim_param or dim.dim_value for dim in taken.type.tensor_type.shape.dim] == ["batch", LENGTH]
    running = session(model.SerializeToString())
    for batch_rows in (1, 32, 256):
        np.testing.assert_allclose(answers(running, {"tokens": texts()}, batch_rows=batch_rows), expected, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_int8_answers_nearly_alike_and_does_not_depend_on_its_batch(name: str) -> None:
    expected, network = exported(name)
    int8 = to_int8(network, texts())
    running = session(servable(int8, TOKENS, temperature=1.0).SerializeToString())
    small = answers(running, {"tokens": texts()})
    assert np.abs(small - expected).max() < 0.1
    for batch_rows in (1, 7, 256):
        np.testing.assert_allclose(answers(running, {"tokens": texts()}, batch_rows=batch_rows), small, atol=1e-5)
    assert any(node.op_type == "QuantizeLinear" for node in int8.graph.node)
