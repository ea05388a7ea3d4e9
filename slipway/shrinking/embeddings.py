"""Tables of a network for texts in 8 bits: what makes its file large, at no cost of time, and row by row."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST_ROWS = 64
"""Smaller tables are left: nodes of their own take as many bytes."""

LARGEST = 127


def with_int8_tables(network: onnx.ModelProto) -> onnx.ModelProto:
    """Hold each table [rows, width] float32 that tokens are looked up in as int8 and one scale for each of its columns.

    A looked-up row is multiplied back to float32, so all that follows computes as before: an answer depends on its own
    record alone, other than under dynamic quantisation, whose ranges are those of the batch. The scale is a column's,
    not a row's: it costs no bytes, and rare tokens are as fine as frequent ones.
    """
    made = onnx.ModelProto()
    made.CopyFrom(network)
    tables = {each.name: each for each in made.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in made.graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" and _axis(node) == 0 else None
        nodes.extend([node] if table is None or not _is_large(table) else _looked_up(made.graph, node, table))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def _is_large(table: onnx.TensorProto) -> bool:
    return table.data_type == TensorProto.FLOAT and len(table.dims) == 2 and table.dims[0] >= LEAST_ROWS


def _axis(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)


def _looked_up(graph: onnx.GraphProto, node: onnx.NodeProto, table: onnx.TensorProto) -> list[onnx.NodeProto]:
    """Put the small table in the place of the large one, and return the nodes that look up and multiply back."""
    values, name = numpy_helper.to_array(table), table.name
    scale = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float32).tiny * LARGEST) / LARGEST
    codes = np.clip(np.rint(values / scale), -LARGEST, LARGEST).astype(np.int8)
    if not any(name in other.input for other in graph.node if other is not node):
        graph.initializer.remove(table)
    graph.initializer.extend(
        [
            numpy_helper.from_array(codes, f"{name} int8"),
            numpy_helper.from_array(scale.astype(np.float32), f"{name} scale"),
        ]
    )
    found, number = f"{node.output[0]} int8", f"{node.output[0]} number"
    return [
        helper.make_node("Gather", [f"{name} int8", node.input[1]], [found], name=found, axis=0),
        helper.make_node("Cast", [found], [number], name=number, to=TensorProto.FLOAT),
        helper.make_node("Mul", [number, f"{name} scale"], [node.output[0]], name=node.output[0]),
    ]
