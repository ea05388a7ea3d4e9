"""Pixels go into the network as they are, where their scaling can be part of its first layer."""

import numpy as np
import onnx
from onnx import numpy_helper

from slipway.transform.applying import Array

BYTES = np.arange(256, dtype=np.uint8)


def without_scaling(model: onnx.ModelProto) -> onnx.ModelProto:
    """Leave out the nodes of `add_image` that scale each pixel, where the answers need them no longer.

    They read and write every pixel, which takes as long as a narrow network does. A first layer of fp32 can do the
    same by other weights, if it pads nothing: padding is zero after the scaling. Where bytes are quantised to
    themselves, which is so if calibration saw the darkest and the brightest pixel, nothing is left to be done at all.

    Args:
        model: The whole, as `servable` joins it.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    layer = _reader(graph, "ready")
    while layer is not None and layer.op_type in ("Reshape", "Flatten"):
        layer = _reader(graph, layer.output[0])
    if layer is None:
        return made
    if layer.op_type == "QuantizeLinear" and (_quantised(graph, layer) == BYTES).all():
        _replace(graph, layer.output[0], layer.input[0])
        _replace(graph, "ready", "channels first")
    elif _is_foldable(layer):
        _fold(graph, layer)
        _replace(graph, "ready", "pixels")
    return made


def _reader(graph: onnx.GraphProto, name: str) -> onnx.NodeProto | None:
    """Return the only node that reads a tensor; None where there are several."""
    found = [node for node in graph.node if name in node.input]
    return found[0] if len(found) == 1 else None


def _constant(graph: onnx.GraphProto, name: str) -> Array | None:
    return next((numpy_helper.to_array(each) for each in graph.initializer if each.name == name), None)


def _scaling(graph: onnx.GraphProto) -> tuple[Array, Array]:
    center, scale = _constant(graph, "center"), _constant(graph, "scale")
    assert center is not None and scale is not None, "add_image holds both"
    return center, scale


def _quantised(graph: onnx.GraphProto, node: onnx.NodeProto) -> Array:
    """Return what becomes of each byte [256]."""
    center, scale = _scaling(graph)
    step, zero = (_constant(graph, name) for name in node.input[1:3])
    assert step is not None and zero is not None, "the quantiser holds both"
    if zero.dtype != np.uint8:
        return BYTES[::-1]
    scaled = (BYTES.astype(np.float32) - center) * scale
    return np.clip(np.rint(scaled / step) + int(zero), 0, 255)


def _is_foldable(layer: onnx.NodeProto) -> bool:
    own = {each.name: onnx.helper.get_attribute_value(each) for each in layer.attribute}
    if layer.op_type == "Conv":
        return len(layer.input) == 3 and not any(own.get("pads", [])) and own.get("auto_pad", b"NOTSET") == b"NOTSET"
    if layer.op_type != "Gemm" or len(layer.input) != 3:
        return False
    return own.get("transB", 0) == 1 and own.get("alpha", 1.0) == own.get("beta", 1.0) == 1.0


def _fold(graph: onnx.GraphProto, layer: onnx.NodeProto) -> None:
    """Give a layer the weights [out, ...] and biases [out] that answer to pixels as these do to scaled ones."""
    center, scale = _scaling(graph)
    tensors = {each.name: each for each in graph.initializer}
    weight, bias = tensors[layer.input[1]], tensors[layer.input[2]]
    scaled = numpy_helper.to_array(weight).astype(np.float64) * float(scale)
    moved = numpy_helper.to_array(bias) - float(center) * scaled.reshape(len(scaled), -1).sum(axis=1)
    for tensor, values in ((weight, scaled), (bias, moved)):
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))


def _replace(graph: onnx.GraphProto, name: str, instead: str) -> None:
    """Let who read a tensor read another one, and remove what nobody reads any more."""
    for node in graph.node:
        node.input[:] = [instead if each == name else each for each in node.input]
    wanted = {output.name for output in graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.insert(0, node)
    tensors = [each for each in graph.initializer if each.name in wanted]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
