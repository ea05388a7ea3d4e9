"""Export a network to ONNX: features in, raw outputs out, and nothing of this machine in the file."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import onnx
import torch
from torch import nn

OPSET = 20
IR_VERSION = 10


def export_network(
    network: nn.Module, feature_shape: tuple[int, ...], *, vocabulary: int | None = None, free_length: bool = False
) -> onnx.ModelProto:
    """Export with a free batch size; input `features` [batch, ...] float32, output `outputs` [batch, ...].

    Where there is a vocabulary, features are int64 tokens; with `free_length` any number of them, at most so many.

    The exporter leaves source lines, local paths and counted names in the file. They are taken out, so
    the same weights give the same bytes.
    """
    shape = (_length_alone(network, feature_shape[0]),) if free_length else feature_shape
    example = torch.zeros(2, *shape, dtype=torch.float32 if vocabulary is None else torch.int64)
    free = {axis: torch.export.Dim.DYNAMIC for axis in range(2 if free_length else 1)}
    with quiet_exporter():
        program = torch.onnx.export(
            network.eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["features"],
            output_names=["outputs"],
            dynamic_shapes=(free,),
            verbose=False,
        )
    assert program is not None, "torch.onnx.export gives a program where dynamo is on"
    return anonymous(program.model_proto)


def _length_alone(network: nn.Module, length: int) -> int:
    """Return a length that no weight has, at most `length`: the exporter takes equal sizes for the same constant."""
    taken = {size for weight in network.parameters() for size in weight.shape[1:]}
    return next((each for each in range(length, 2, -1) if each not in taken), length)


def anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove what tells of the machine that exported: metadata, source lines, producer, counted symbols."""
    del model.metadata_props[:]
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    model.ir_version = IR_VERSION
    graph = model.graph
    graph.name, graph.doc_string = "network", ""
    del graph.metadata_props[:], graph.value_info[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*graph.input, *graph.output]:
        del value.metadata_props[:]
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return model


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Silence what the exporter prints about libraries that are not installed and about itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
