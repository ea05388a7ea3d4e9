"""Padding that all texts of a batch have is cut off inside the artefact, as the network does it while it is trained."""

import numpy as np
import onnx
from onnx import TensorProto

from slipway.shrinking.nodes import Graph

LEAST_TOKENS = 2
"""What is left at least; the exporter takes a length of one for a constant."""


def without_common_padding(network: onnx.ModelProto) -> onnx.ModelProto:
    """Put nodes before `features` [batch, T] int64, tokens with 0 behind them, that keep what a text of the batch has.

    A served record comes alone, and is mostly shorter than the longest that the product allows: a phrase of nine words
    costs nine steps of an LSTM, not 64. Padding changes no answer, so neither does this.

    Args:
        network: As by `export_network` with `free_length`.
    """
    graph, first = Graph(), "features"
    axis = graph.constant("padding first axis", np.array([0], dtype=np.int64))
    is_there = graph.add("Cast", [first], "padding is token", to=TensorProto.BOOL)
    ones = graph.add("Cast", [is_there], "padding ones", to=TensorProto.INT64)
    used = graph.add("ReduceMax", [ones, axis], "padding used places", keepdims=0)
    count = graph.add("ReduceSum", [used, axis], "padding num tokens", keepdims=1)
    end = graph.add("Max", [count, graph.constant("padding least", np.array([LEAST_TOKENS], dtype=np.int64))], "end")
    last_axis = graph.constant("padding last axis", np.array([1], dtype=np.int64))
    shorter = graph.add("Slice", [first, axis, end, last_axis], "shorter")
    made = onnx.ModelProto()
    made.CopyFrom(network)
    for node in made.graph.node:
        node.input[:] = [shorter if name == first else name for name in node.input]
    nodes = [*graph.nodes, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    made.graph.initializer.extend(graph.constants)
    return made
