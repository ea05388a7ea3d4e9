"""The fitted transform as an ONNX graph, joined to a network: raw columns in, probabilities or values out.

Inputs, as slipway.tables.transform.raw_inputs gives them: `numeric` float64 [batch, k] (NaN: missing),
`categorical` string [batch, c] ("": missing), `image` uint8 [batch, height, width, channels]; only those
that the product has. Numbers are scaled in float64 before they become float32: a time stamp or a
large sum keeps its digits.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from slipway.shrinking.export import IR_VERSION, OPSET
from slipway.tables.transform import Category, Number, Pixels, Transform

ML_DOMAIN = "ai.onnx.ml"
OPSETS = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, 4)]


def servable(network: onnx.ModelProto, transform: Transform, *, temperature: float | None) -> onnx.ModelProto:
    """Join transform, network and answer.

    Args:
        network: `features` to `outputs`, as by `export_network`.
        transform: the fitted transform.
        temperature: divides the logits before softmax; None for a regression.
    """
    named = compose.add_prefix(_with_opsets(network), "net/")
    prepared = compose.merge_models(transform_model(transform), named, io_map=[("ready", "net/features")])
    whole = compose.merge_models(prepared, answer_model(temperature), io_map=[("net/outputs", "raw")], name="model")
    onnx.checker.check_model(whole, full_check=True)
    return whole


def transform_model(transform: Transform) -> onnx.ModelProto:
    """Build the graph from raw columns to `ready` features."""
    graph = _Graph()
    if transform.image is not None:
        graph.image(transform.image)
    else:
        parts = [graph.numbers(transform.numbers)] if transform.numbers else []
        parts += graph.categories(transform.categories)
        graph.add("Concat", parts, "ready", axis=1)
    shape: list[str | int | None] = ["batch", *transform.feature_shape]
    ready = helper.make_tensor_value_info("ready", TensorProto.FLOAT, shape)
    return _model(graph, ready)


def answer_model(temperature: float | None) -> onnx.ModelProto:
    """Build the graph from the network's raw output to `probabilities` [batch, classes], or `value` [batch]."""
    graph = _Graph()
    if temperature is None:
        graph.inputs.append(helper.make_tensor_value_info("raw", TensorProto.FLOAT, ["batch"]))
        graph.add("Identity", ["raw"], "value")
        return _model(graph, helper.make_tensor_value_info("value", TensorProto.FLOAT, ["batch"]))
    graph.inputs.append(helper.make_tensor_value_info("raw", TensorProto.FLOAT, ["batch", "classes"]))
    graph.add("Div", ["raw", graph.constant("temperature", np.float32(temperature))], "logits")
    graph.add("Softmax", ["logits"], "probabilities", axis=1)
    return _model(graph, helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", "classes"]))


class _Graph:
    """Nodes, inputs and constants of a graph that grows."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def numbers(self, steps: list[Number]) -> str:
        """[batch, k] float64 with NaN to [batch, k] float32 scaled."""
        self.inputs.append(helper.make_tensor_value_info("numeric", TensorProto.DOUBLE, ["batch", len(steps)]))
        impute = self.constant("impute", np.array([step.impute for step in steps]))
        center = self.constant("center", np.array([step.center for step in steps]))
        scale = self.constant("scale", np.array([step.scale for step in steps]))
        self.add("IsNaN", ["numeric"], "missing")
        self.add("Where", ["missing", impute, "numeric"], "filled")
        self.add("Sub", ["filled", center], "centered")
        self.add("Div", ["centered", scale], "scaled")
        return self.add("Cast", ["scaled"], "numbers", to=TensorProto.FLOAT)

    def categories(self, steps: list[Category]) -> list[str]:
        """[batch, c] strings to one [batch, values] float32 for each column; unseen ones are all zero."""
        if steps:
            self.inputs.append(helper.make_tensor_value_info("categorical", TensorProto.STRING, ["batch", len(steps)]))
        outputs = []
        for index, step in enumerate(steps):
            column = self.constant(f"column {index}", np.array([index], dtype=np.int64))
            self.add("Gather", ["categorical", column], f"text {index}", axis=1)
            self.add(
                "LabelEncoder",
                [f"text {index}"],
                f"code {index}",
                domain=ML_DOMAIN,
                keys_strings=step.values,
                values_int64s=list(range(len(step.values))),
                default_int64=-1,
            )
            codes = self.constant(f"codes {index}", np.arange(len(step.values), dtype=np.int64)[None])
            self.add("Equal", [f"code {index}", codes], f"is {index}")
            outputs.append(self.add("Cast", [f"is {index}"], f"category {index}", to=TensorProto.FLOAT))
        return outputs

    def image(self, step: Pixels) -> None:
        """[batch, height, width, channels] uint8 to [batch, channels, height, width] float32 scaled."""
        self.inputs.append(helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", *step.shape]))
        self.add("Cast", ["image"], "pixels", to=TensorProto.FLOAT)
        self.add("Div", ["pixels", self.constant("max_value", np.float32(step.max_value))], "unit")
        self.add("Sub", ["unit", self.constant("center", np.float32(step.center))], "centered")
        self.add("Div", ["centered", self.constant("scale", np.float32(step.scale))], "scaled")
        self.add("Transpose", ["scaled"], "ready", perm=[0, 3, 1, 2])


def _model(graph: _Graph, output: onnx.ValueInfoProto) -> onnx.ModelProto:
    made = helper.make_graph(graph.nodes, "model", graph.inputs, [output], initializer=graph.constants)
    return helper.make_model(made, opset_imports=OPSETS, ir_version=IR_VERSION)


def _with_opsets(network: onnx.ModelProto) -> onnx.ModelProto:
    """Declare our operator sets, and of the others those that a node uses: a quantiser declares all it knows."""
    used = {node.domain for node in network.graph.node}
    ours = {opset.domain for opset in OPSETS}
    kept = [opset for opset in network.opset_import if opset.domain in used - ours]
    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    del copy.opset_import[:]
    copy.opset_import.extend([*OPSETS, *kept])
    copy.ir_version = IR_VERSION
    return copy
