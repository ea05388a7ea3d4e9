"""Whole bundles around ONNX graphs of a few nodes, built by hand."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from slipway.bundle.examples import write_examples
from slipway.bundle.manifest import write_manifest
from slipway.bundle.prepare import Prepare
from slipway.bundle.signature import Input, Signature
from slipway.files import write_json
from slipway.judging.decision import Decision

FLOAT = TensorProto.FLOAT


def tabular_bundle(folder: Path, *, accuracy: float = 0.9, slope: float = 1.0, rules: list | None = None) -> Path:
    """`yes` grows with age and income and is likelier in `north`; a missing number counts as 0."""
    signature = Signature(
        kind="tabular",
        task="classification",
        target="bought",
        classes=["no", "yes"],
        inputs=[
            Input(name="age", dtype="number", minimum=18, maximum=80),
            Input(name="income", dtype="number", minimum=0.5, maximum=9.5, missing_allowed=True),
            Input(name="region", dtype="category", categories=["north", "south"], missing_allowed=True),
        ],
    )
    nodes = [
        helper.make_node("IsNaN", ["numeric"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "numeric"], ["filled"]),
        helper.make_node("Cast", ["filled"], ["numbers"], to=FLOAT),
        helper.make_node(
            "LabelEncoder",
            ["categorical"],
            ["north"],
            domain="ai.onnx.ml",
            keys_strings=["north"],
            values_floats=[1.0],
            default_float=0.0,
        ),
        helper.make_node("Concat", ["numbers", "north"], ["features"], axis=1),
        helper.make_node("Gemm", ["features", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    weight = np.array([[0, 0.02], [0, 0.3], [0, 1]], dtype=np.float32) * slope
    constants = {"weight": weight, "zero": np.array(0.0)}
    inputs = [
        helper.make_tensor_value_info("numeric", TensorProto.DOUBLE, ["N", 2]),
        helper.make_tensor_value_info("categorical", TensorProto.STRING, ["N", 1]),
    ]
    prepare = Prepare(missing=["", "?"], trim=True, types={"income": "number"})
    _write_model(folder, nodes, inputs, ("probabilities", ["N", 2]), constants)
    return _pack(folder, signature, prepare, {"accuracy": accuracy, "rows": 100}, rules or [])


def image_bundle(folder: Path) -> Path:
    """`bright` grows with the mean of the pixels."""
    signature = Signature(
        kind="images",
        task="classification",
        target="target",
        classes=["dark", "bright"],
        inputs=[Input(name="image", dtype="image", shape=(2, 3, 1), minimum=0, maximum=16)],
    )
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=FLOAT),
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    weight = np.array([[0.0, 0.1]] * 6, dtype=np.float32)
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 2, 3, 1])]
    _write_model(folder, nodes, inputs, ("probabilities", ["N", 2]), {"weight": weight})
    return _pack(folder, signature, Prepare(), {"accuracy": 0.9, "rows": 100}, [])


def regression_bundle(folder: Path, *, r2: float = 0.8) -> Path:
    """The value is 2 x + 1."""
    signature = Signature(
        kind="tabular", task="regression", target="y", inputs=[Input(name="x", dtype="number", minimum=0, maximum=1)]
    )
    nodes = [
        helper.make_node("Cast", ["numeric"], ["numbers"], to=FLOAT),
        helper.make_node("Gemm", ["numbers", "weight", "bias"], ["column"]),
        helper.make_node("Flatten", ["column"], ["flat"], axis=0),
        helper.make_node("Squeeze", ["flat", "axis"], ["value"]),
    ]
    constants = {
        "weight": np.array([[2.0]], dtype=np.float32),
        "bias": np.array([1.0], dtype=np.float32),
        "axis": np.array([0], dtype=np.int64),
    }
    inputs = [helper.make_tensor_value_info("numeric", TensorProto.DOUBLE, ["N", 1])]
    _write_model(folder, nodes, inputs, ("value", ["N"]), constants)
    return _pack(folder, signature, Prepare(), {"r2": r2, "rows": 100}, [])


def _write_model(folder: Path, nodes: list, inputs: list, output: tuple, constants: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True)
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    outputs = [helper.make_tensor_value_info(output[0], FLOAT, output[1])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def _pack(folder: Path, signature: Signature, prepare: Prepare, metrics: dict, rules: list) -> Path:
    signature.write(folder)
    prepare.write(folder)
    Decision(classes=signature.classes).write(folder)
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "rules.json", {"format": 2, "rules": rules, "not_served": []})
    write_examples(folder, count=4, seed=7)
    write_manifest(folder)
    return folder
