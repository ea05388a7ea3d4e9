"""What model.onnx weighs: its bytes, and how many of its weights are zero, which cost as much as others."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

WEIGHT_TYPES = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


def zero_weights_pct(path: Path) -> float:
    """Return the share of weights that are zero, in percent; 0 where there are no weights.

    Weights are the constants of two and more axes. A dense runtime multiplies by a zero as by any other number, so a
    network whose units are masked is neither smaller nor faster than before. Of eight-bit weights the value that most
    have is taken for zero, wherever the quantiser put it.
    """
    total = zeros = 0
    for weight in _weights(onnx.load(path).graph):
        total += weight.size
        zeros += int(
            (weight == 0).sum() if weight.dtype.kind == "f" else np.unique(weight, return_counts=True)[1].max()
        )
    return 100 * zeros / total if total else 0.0


def _weights(graph: onnx.GraphProto) -> Iterator[np.ndarray]:
    constants = [
        attribute.t
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.HasField("t")
    ]
    for tensor in (*graph.initializer, *constants):
        if len(tensor.dims) > 1 and tensor.data_type in WEIGHT_TYPES and 0 not in tensor.dims:
            yield numpy_helper.to_array(tensor)
