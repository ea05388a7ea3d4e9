"""int8 by static quantisation (QDQ), calibrated on training rows; and by dynamic quantisation, for a search to measure.

Dynamic quantisation takes the range of activations from the batch at hand, so the same record gets another answer in
other company (0.015 of probability on the cancer product): the limit of compress.max_batch_difference refuses it.
"""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

Features = npt.NDArray[np.float32]


def to_int8(network: onnx.ModelProto, calibration: Features) -> onnx.ModelProto:
    """Quantise weights, by channel, and activations to 8 bits; all but the last layer.

    The last layer is small and decides: left in fp32 it costs no bytes (its int8 would need nodes of its
    own) and saves a quarter of the rows that get another class.

    Weights use seven of their bits: a CPU without VNNI adds pairs of products in 16 bits, and eight would overflow
    there without an error. So the artefact answers alike wherever it is served.

    Args:
        network: `features` to `outputs`, as by `export_network`.
        calibration: scaled training rows [N, ...] from which the ranges of activations are taken.
    """

    def quantise(prepared: Path, target: Path) -> None:
        quantize_static(
            prepared,
            target,
            _Batches(calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=_last_layer(onnx.load(prepared)),
        )

    return _through_files(network, quantise)


def to_dynamic_int8(network: onnx.ModelProto) -> onnx.ModelProto:
    """Quantise the weights of matrix products and LSTMs to 8 bits, and activations as they come.

    Convolutions stay fp32: as integers they are two to four times slower. So do tables: see `with_int8_tables`.
    """

    def quantise(prepared: Path, target: Path) -> None:
        quantize_dynamic(
            prepared,
            target,
            op_types_to_quantize=["MatMul", "Gemm", "LSTM"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )

    return _through_files(network, quantise)


def _through_files(network: onnx.ModelProto, quantise: Callable[[Path, Path], None]) -> onnx.ModelProto:
    """Prepare a network, and have `quantise` read it from one file and write another: the quantiser knows no others."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, prepared, target = (Path(folder) / name for name in ("fp32.onnx", "prepared.onnx", "int8.onnx"))
        onnx.save(network, source)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantise(prepared, target)
        return _anonymous(onnx.load(target))


def _last_layer(network: onnx.ModelProto) -> list[str]:
    """Return the name of the node that makes the outputs from the last hidden layer."""
    layers = [node.name for node in network.graph.node if node.op_type in ("Gemm", "MatMul", "Conv")]
    return layers[-1:] if len(layers) > 1 else []


class _Batches(CalibrationDataReader):
    """Calibration rows in batches of 64."""

    def __init__(self, features: Features) -> None:
        self._batches: Iterator[Features] = iter(np.array_split(features, max(1, len(features) // 64)))

    def get_next(self) -> dict[str, Features] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"features": batch}


def _anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    del model.metadata_props[:], model.graph.value_info[:]
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the quantiser, which advises on the root logger to do what was done one line before."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
