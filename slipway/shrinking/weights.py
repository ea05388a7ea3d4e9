"""Weights kept in 8 bits and multiplied back to float32: a quarter of the file, in the time of fp32.

All that is computed stays float32, so an answer depends on its own record alone, other than under dynamic quantisation,
whose ranges are those of the batch.
"""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST_ROWS = 64
"""Smaller tables are left: nodes of their own take as many bytes."""

LEAST_VALUES = 1024
"""So are smaller weights."""

LARGEST = 127

Values = npt.NDArray[np.float32]


def with_int8_weights(network: onnx.ModelProto) -> onnx.ModelProto:
    """Hold tables and all other weights of two axes or more as int8, with a scale for each of their first axis.

    The runtime multiplies the others back once, when it loads the artefact.
    """
    made = with_int8_tables(network)
    graph = made.graph
    nodes: list[onnx.NodeProto] = []
    for weight in [each for each in graph.initializer if _is_weight(each)]:
        graph.initializer.remove(weight)
        # An LSTM's weights have a direction as first axis: there it is the rows of its gates that share a scale.
        axes = (2,) if len(weight.dims) == 3 else tuple(range(1, len(weight.dims)))
        nodes += _multiplied_back(_hold(graph, weight, axes), f"{weight.name} int8", weight.name)
    nodes += made.graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    return made


def with_int8_tables(network: onnx.ModelProto) -> onnx.ModelProto:
    """Hold each table [rows, width] float32 that tokens are looked up in as int8, with a scale for each of its columns.

    A row is multiplied back when it is looked up. The scale is a column's, not a row's: it costs no bytes, and rare
    tokens are as fine as frequent ones.
    """
    made = onnx.ModelProto()
    made.CopyFrom(network)
    graph = made.graph
    lookups = [node for node in graph.node if node.op_type == "Gather" and _axis(node) == 0]
    scales = {}
    for table in [
        each for each in graph.initializer if _is_table(each) and any(each.name == n.input[0] for n in lookups)
    ]:
        scales[table.name] = _hold(graph, table, (0,))
        if not any(table.name in node.input for node in graph.node if node not in lookups):
            graph.initializer.remove(table)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        is_lookup = node in lookups and node.input[0] in scales
        nodes += _looked_up(node, scales[node.input[0]]) if is_lookup else [node]
    del graph.node[:]
    graph.node.extend(nodes)
    return made


def _is_weight(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1 and np.prod(tensor.dims) >= LEAST_VALUES


def _is_table(table: onnx.TensorProto) -> bool:
    return table.data_type == TensorProto.FLOAT and len(table.dims) == 2 and table.dims[0] >= LEAST_ROWS


def _axis(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)


def _looked_up(lookup: onnx.NodeProto, scale: str) -> list[onnx.NodeProto]:
    """Return the nodes that look up int8 and multiply back, in the place of one that looks up float32."""
    (table, places), (output,) = lookup.input, lookup.output
    found = f"{output} int8"
    gather = helper.make_node("Gather", [f"{table} int8", places], [found], name=found, axis=0)
    return [gather, *_multiplied_back(scale, found, output)]


def _multiplied_back(scale: str, codes: str, output: str) -> list[onnx.NodeProto]:
    number = f"{output} number"
    return [
        helper.make_node("Cast", [codes], [number], name=number, to=TensorProto.FLOAT),
        helper.make_node("Mul", [number, scale], [output], name=output),
    ]


def _hold(graph: onnx.GraphProto, tensor: onnx.TensorProto, axes: tuple[int, ...]) -> str:
    """Hold a tensor's int8 and their scale, which is the same along `axes`; return the scale's name."""
    values: Values = numpy_helper.to_array(tensor)
    height = np.abs(values).max(axis=axes, keepdims=True)
    scale = (np.maximum(height, np.finfo(np.float32).tiny * LARGEST) / LARGEST).astype(np.float32)
    codes = np.clip(np.rint(values / scale), -LARGEST, LARGEST).astype(np.int8)
    name = f"{tensor.name} scale"
    graph.initializer.extend(
        [numpy_helper.from_array(codes, f"{tensor.name} int8"), numpy_helper.from_array(scale, name)]
    )
    return name
