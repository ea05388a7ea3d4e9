"""How many weights of an ONNX file are zero."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from slipway.judging.artefact import zero_weights_pct


def written(path: Path, *weights: np.ndarray) -> Path:
    tensors = [numpy_helper.from_array(weight, f"w{index}") for index, weight in enumerate(weights)]
    last = helper.make_node("Constant", [], ["y"], value=tensors.pop()) if len(weights) > 1 else None
    nodes = [last] if last else [helper.make_node("Identity", ["w0"], ["y"])]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph(nodes, "weights", [], [out], tensors))
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("weights", "pct"),
    [
        ([np.array([[1, 0], [0, 0]], np.float32)], 75),
        ([np.array([[1, 2]], np.float32), np.zeros((1, 2), np.float32)], 50),
        ([np.array([[128, 128, 128, 7]], np.uint8)], 75),
        ([np.array([[0, 0, 3, 7]], np.int8)], 50),
        ([np.zeros(5, np.float32)], 0),
        ([np.zeros((2, 2), np.int64)], 0),
    ],
)
def test_zeros_of_weights_are_counted_wherever_they_stand(tmp_path: Path, weights: list, pct: float) -> None:
    assert zero_weights_pct(written(tmp_path / "model.onnx", *weights)) == pct
