"""The fitted transform joined to a network and its answer, in ONNX: raw columns in, probabilities or values out."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from slipway.shrinking.export import IR_VERSION
from slipway.shrinking.nodes import OPSETS, Graph
from slipway.shrinking.pixels import without_scaling
from slipway.shrinking.preparing import transform_model
from slipway.tables.heads import Head
from slipway.transform.fitted import Transform


def servable(
    network: onnx.ModelProto,
    transform: Transform,
    *,
    temperature: float | None,
    heads: Sequence[tuple[Head, float | None]] = (),
) -> onnx.ModelProto:
    """Join transform, network and answer.

    Args:
        network: `features` to `outputs`, as by `export_network`.
        transform: the fitted transform.
        temperature: divides the logits before softmax; None for a regression.
        heads: where the network has several, each with its temperature, the main target's among them.
    """
    named = compose.add_prefix(_with_opsets(network), "net/")
    prepared = compose.merge_models(transform_model(transform), named, io_map=[("ready", "net/features")])
    answer = joint_answer_model(heads) if heads else answer_model(temperature)
    whole = compose.merge_models(prepared, answer, io_map=[("net/outputs", "raw")], name="model")
    if transform.image is not None:
        whole = without_scaling(whole)
    onnx.checker.check_model(whole, full_check=True)
    return whole


def answer_model(temperature: float | None) -> onnx.ModelProto:
    """Build the graph from the network's raw output to `probabilities` [batch, classes], or `value` [batch]."""
    graph = Graph()
    if temperature is None:
        graph.input("raw", TensorProto.FLOAT, ["batch"])
        graph.add("Identity", ["raw"], "value")
        return graph.model(helper.make_tensor_value_info("value", TensorProto.FLOAT, ["batch"]))
    graph.input("raw", TensorProto.FLOAT, ["batch", "classes"])
    graph.add("Div", ["raw", graph.constant("temperature", np.float32(temperature))], "logits")
    graph.add("Softmax", ["logits"], "probabilities", axis=1)
    return graph.model(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", "classes"]))


def joint_answer_model(heads: Sequence[tuple[Head, float | None]]) -> onnx.ModelProto:
    """Build the graph from raw outputs [batch, outputs] to the answers of all heads, each an output of its own."""
    graph, outputs = Graph(), []
    graph.input("raw", TensorProto.FLOAT, ["batch", sum(head.width for head, _ in heads)])
    for head, temperature in heads:
        own, shape = f"{head.place} raw", ["batch", f"classes {head.place}"]
        columns = np.arange(head.width, dtype=np.int64) + head.first
        if temperature is None:
            graph.add("Gather", ["raw", graph.constant(f"{own} column", columns[0])], head.tensor, axis=1)
            shape = ["batch"]
        else:
            graph.add("Gather", ["raw", graph.constant(f"{own} columns", columns)], own, axis=1)
            divisor = graph.constant(f"{head.place} temperature", np.float32(temperature))
            logits = graph.add("Div", [own, divisor], f"{head.place} logits")
            if head.has_labels:
                graph.add("Sigmoid", [logits], head.tensor)
            else:
                graph.add("Softmax", [logits], head.tensor, axis=1)
        outputs.append(helper.make_tensor_value_info(head.tensor, TensorProto.FLOAT, shape))
    return graph.model(*outputs)


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
