"""An ONNX graph that grows node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from slipway.shrinking.export import IR_VERSION, OPSET

ML_DOMAIN = "ai.onnx.ml"
OPSETS = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, 4)]


class Graph:
    """Nodes, inputs and constants of a graph that grows."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []

    def input(self, name: str, element: int, shape: Sequence[str | int]) -> str:
        """Declare an input of the graph."""
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def constant(self, name: str, value: Any) -> str:
        """Hold an array or number under a name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output, which names it."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def model(self, *outputs: onnx.ValueInfoProto) -> onnx.ModelProto:
        """Close the graph."""
        made = helper.make_graph(self.nodes, "model", self.inputs, outputs, initializer=self.constants)
        return helper.make_model(made, opset_imports=OPSETS, ir_version=IR_VERSION)
