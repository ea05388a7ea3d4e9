"""Latencies and memory are measured side by side, over the same rows for all."""

import sys
import time
from collections.abc import Mapping

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from slipway.errors import DataError
from slipway.shrinking.memory import peak_memory_mib
from slipway.shrinking.timing import LEAST_ROUNDS, latencies

ROWS = {"numeric": np.arange(10.0)[:, None]}


def test_all_answer_the_same_rows_in_turn_alone_and_in_full_batches() -> None:
    seen: list[tuple[str, tuple[float, ...]]] = []

    def answer(name: str) -> object:
        return lambda inputs: seen.append((name, tuple(inputs["numeric"][:, 0])))

    found = latencies([answer("one"), answer("other")], ROWS, batch_rows=16, seconds=0)
    assert len(found) == 2 and set(found[0]) == {"latency_b1_ms", "latency_batch_ms"}
    rows = {name: [each for who, each in seen if who == name] for name in ("one", "other")}
    assert rows["one"] == rows["other"]
    assert {len(each) for each in rows["one"]} == {1, 16}
    assert {each for each in rows["one"] if len(each) == 1} == {(float(value),) for value in range(10)}
    assert sum(len(each) == 16 for each in rows["one"]) == 1 + LEAST_ROUNDS


def test_who_works_longer_takes_longer() -> None:
    def busy(inputs: Mapping[str, np.ndarray]) -> None:
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass

    slow, quick = latencies([busy, lambda inputs: None], ROWS, batch_rows=4, seconds=0)
    assert slow["latency_b1_ms"] > 1.9 > quick["latency_b1_ms"]


def product(num_rows: int) -> bytes:
    """A model that multiplies a row by a matrix of `num_rows` columns."""
    matrix = numpy_helper.from_array(np.ones((4, num_rows), dtype=np.float32), "matrix")
    rows = helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["batch", 4])
    outputs = helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", num_rows])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numeric", "matrix"], ["outputs"])], "m", [rows], [outputs], initializer=[matrix]
    )
    opsets = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_larger_artefact_takes_more_memory() -> None:
    peaks = peak_memory_mib([product(8), product(1_000_000)], {"numeric": np.ones((4, 4), dtype=np.float32)})
    assert peaks is not None
    assert peaks[1] - peaks[0] > 16  # the matrix alone is 15.3 MiB, the answers as much


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_artefact_that_cannot_be_run_ends_the_measurement_with_the_reason() -> None:
    with pytest.raises(DataError, match="peak memory of 1 artefacts.*INVALID_PROTOBUF"):
        peak_memory_mib([b"no model"], {"numeric": np.ones((4, 4), dtype=np.float32)})
