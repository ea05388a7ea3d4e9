"""Networks for texts made small: tables in int8, and padding cut off, with every row's answer its own."""

import numpy as np
import onnx
import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.product.networks import GRU, LSTM, Network, Transformer
from slipway.shrinking.embeddings import with_int8_tables
from slipway.shrinking.export import export_network
from slipway.shrinking.padding import without_common_padding
from slipway.shrinking.running import answers, session

LENGTH, VOCABULARY = 12, 400
NETWORKS: dict[str, Network] = {
    "lstm": LSTM(name="lstm", embedding=16, hidden=8),
    "gru": GRU(name="gru", embedding=16, hidden=8, bidirectional=False),
    "transformer": Transformer(name="transformer", width=16, heads=2, layers=1),
}


def texts(num_rows: int = 40) -> np.ndarray:
    """Tokens of every length from none to all, padding behind."""
    rng = np.random.default_rng(1)
    lengths = np.arange(num_rows)[:, None] % (LENGTH + 1)
    return rng.integers(1, VOCABULARY, size=(num_rows, LENGTH)) * (np.arange(LENGTH) < lengths)


@pytest.fixture(scope="module", params=NETWORKS)
def exported(request: pytest.FixtureRequest) -> tuple[np.ndarray, onnx.ModelProto]:
    """What torch answers, and the network that cuts padding in ONNX."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        architecture = Architecture(
            network=NETWORKS[request.param], inputs=(LENGTH,), vocabulary=VOCABULARY, outputs=2, task="classification"
        )
        network = build(architecture).eval()
    with torch.inference_mode():
        expected = network(torch.from_numpy(texts())).numpy()
    free = export_network(network, (LENGTH,), vocabulary=VOCABULARY, free_length=True)
    return expected, without_common_padding(free)


@pytest.mark.parametrize("batch_rows", [1, 7, 40])
def test_padding_that_is_cut_off_changes_no_answer(
    exported: tuple[np.ndarray, onnx.ModelProto], batch_rows: int
) -> None:
    expected, model = exported
    running = session(model.SerializeToString())
    np.testing.assert_allclose(answers(running, {"features": texts()}, batch_rows=batch_rows), expected, atol=1e-5)


def test_int8_tables_are_a_quarter_and_answers_stay_near_and_their_own(
    exported: tuple[np.ndarray, onnx.ModelProto],
) -> None:
    expected, model = exported
    small = with_int8_tables(model)
    onnx.checker.check_model(small, full_check=True)
    assert len(model.SerializeToString()) - len(small.SerializeToString()) > 0.7 * 4 * VOCABULARY * 16
    running = session(small.SerializeToString())
    alone, together = (answers(running, {"features": texts()}, batch_rows=rows) for rows in (1, 40))
    np.testing.assert_allclose(alone, expected, atol=0.05)
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_table_of_zeros_stays_zero() -> None:
    features = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.INT64, ["batch", 3])
    outputs = onnx.helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, ["batch", 3, 4])
    table = onnx.numpy_helper.from_array(np.zeros((100, 4), dtype=np.float32), "table")
    gather = onnx.helper.make_node("Gather", ["table", "features"], ["outputs"])
    graph = onnx.helper.make_graph([gather], "looked up", [features], [outputs], initializer=[table])
    opsets = [onnx.helper.make_opsetid("", 20)]
    small = with_int8_tables(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10))
    found = answers(session(small.SerializeToString()), {"features": np.array([[0, 5, 99]])})
    assert (found == 0).all()
