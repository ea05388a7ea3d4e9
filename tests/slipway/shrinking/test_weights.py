"""Weights in 8 bits: a quarter of the file, answers near the network's, and each row's its own."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN, LSTM, MLP, Network, Transformer
from slipway.shrinking.export import export_network
from slipway.shrinking.nodes import OPSETS
from slipway.shrinking.running import answers, session
from slipway.shrinking.weights import with_int8_tables, with_int8_weights

PLACES = np.array([[0, 5, 99]])

NETWORKS: dict[str, tuple[Network, tuple[int, ...], int | None]] = {
    "mlp": (MLP(name="mlp", hidden=[128, 64]), (30,), None),
    "cnn": (CNN(name="cnn", channels=[8, 32], hidden=64), (1, 12, 12), None),
    "lstm": (LSTM(name="lstm", embedding=32, hidden=32), (9,), 200),
    "transformer": (Transformer(name="transformer", width=32, heads=2, layers=1), (9,), 200),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_is_about_a_quarter_and_answers_stay_near_and_their_own(name: str) -> None:
    network, inputs, vocabulary = NETWORKS[name]
    architecture = Architecture(network=network, inputs=inputs, vocabulary=vocabulary, outputs=3, task="classification")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = build(architecture).eval()
        x = torch.randn(40, *inputs) if vocabulary is None else torch.randint(1, vocabulary, (40, *inputs))
    exported = export_network(made, inputs, vocabulary=vocabulary)
    small = with_int8_weights(exported)
    onnx.checker.check_model(small, full_check=True)
    weights = sum(4 * each.numel() for each in made.parameters() if each.ndim > 1 and each.numel() >= 1024)
    assert exported.ByteSize() - small.ByteSize() > 0.7 * weights
    running = session(small.SerializeToString())
    alone, together = (answers(running, {"features": x.numpy()}, batch_rows=rows) for rows in (1, 40))
    with torch.inference_mode():
        expected = made(x).numpy()
    np.testing.assert_allclose(alone, expected, atol=0.05 * expected.std())
    np.testing.assert_allclose(alone, together, atol=1e-5)


@given(st.integers(0, 1000), st.floats(-30, 30), st.integers(0, 5))
def test_a_weight_comes_back_within_half_a_step_of_its_row(seed: int, exponent: float, empty: int) -> None:
    rng = np.random.default_rng(seed)
    weight = (10**exponent * rng.normal(size=(32, 32)) ** 3).astype(np.float32)
    weight[:empty] = 0
    small = with_int8_weights(
        model_of([helper.make_node("Identity", ["weight"], ["outputs"])], shape=(32, 32), weight=weight)
    )
    (found,) = session(small.SerializeToString()).run(None, {"features": PLACES})
    step = np.abs(weight).max(axis=1, keepdims=True) / 127
    assert (np.abs(found - weight) <= 0.501 * step + 1e-36).all()


def test_a_table_that_is_looked_up_twice_is_held_once() -> None:
    table = np.random.default_rng(1).normal(size=(100, 4)).astype(np.float32)
    lookups = [helper.make_node("Gather", ["table", "features"], [name]) for name in ("one", "other")]
    small = with_int8_tables(model_of([*lookups, helper.make_node("Add", ["one", "other"], ["outputs"])], table=table))
    onnx.checker.check_model(small, full_check=True)
    assert sorted(each.name for each in small.graph.initializer) == ["table int8", "table scale"]
    np.testing.assert_allclose(looked_up(small), 2 * table[PLACES], atol=0.1)


def test_a_table_that_is_read_otherwise_too_stays() -> None:
    table = np.random.default_rng(1).normal(size=(100, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "features"], ["one"]),
        helper.make_node("ReduceSum", ["table"], ["sum"], keepdims=0),
        helper.make_node("Add", ["one", "sum"], ["outputs"]),
    ]
    small = with_int8_tables(model_of(nodes, table=table))
    np.testing.assert_allclose(looked_up(small), table[PLACES] + table.sum(), atol=0.1)


def test_a_table_of_zeros_stays_zero() -> None:
    table = np.zeros((100, 4), dtype=np.float32)
    model = model_of([helper.make_node("Gather", ["table", "features"], ["outputs"])], table=table)
    assert (looked_up(with_int8_tables(model)) == 0).all()


def model_of(
    nodes: list[onnx.NodeProto], *, shape: tuple[str | int, ...] = ("batch", 3, 4), **weights: np.ndarray
) -> onnx.ModelProto:
    """A graph of these nodes, from `features` (tokens) to `outputs`, which hold these weights."""
    features = helper.make_tensor_value_info("features", TensorProto.INT64, ["batch", 3])
    outputs = helper.make_tensor_value_info("outputs", TensorProto.FLOAT, shape)
    held = [numpy_helper.from_array(each, name) for name, each in weights.items()]
    graph = helper.make_graph(nodes, "model", [features], [outputs], initializer=held)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=10)


def looked_up(model: onnx.ModelProto) -> np.ndarray:
    """What it answers to one row of three places."""
    return answers(session(model.SerializeToString()), {"features": PLACES})
