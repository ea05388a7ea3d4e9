"""All that package reads, around rows and an ONNX graph that a test plants: as the stages write it, made by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from onnx import NodeProto, TensorProto, helper, numpy_helper

from slipway.files import write_json, write_text
from slipway.judging.decision import Decision
from slipway.product.deploy import Deploy, DeployGate
from slipway.product.package import Gate, Package
from slipway.product.product import Product
from slipway.product.serve import Serve
from slipway.shrinking.running import answers, session
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema
from slipway.transform.applying import raw_inputs
from slipway.transform.fitting import fit_transform

STAGES = ("compress", "evaluate", "train", "privatize", "preprocess", "validate")
FLOAT = TensorProto.FLOAT
QUICK = Deploy(latency_requests=20, gate=DeployGate(max_latency_p95_ms=10_000))


def graph(nodes: Sequence[NodeProto], constants: dict[str, Any], *, takes: str = "numbers") -> bytes:
    """Return an artefact whose nodes make `probabilities` of `numeric` [N, k], and `categorical` where it takes both.

    `batch` [] int64 is the size of the batch, and `yes` [N, 1] becomes the probability of the second class.
    """
    inputs = [helper.make_tensor_value_info("numeric", TensorProto.DOUBLE, ["N", 1])]
    if takes == "both":
        inputs.append(helper.make_tensor_value_info("categorical", TensorProto.STRING, ["N", 1]))
    ends = [
        helper.make_node("Sub", ["one", "yes"], ["no"]),
        helper.make_node("Concat", ["no", "yes"], ["probabilities"], axis=1),
    ]
    start = [
        helper.make_node("Cast", ["numeric"], ["x"], to=FLOAT),
        helper.make_node("Shape", ["numeric"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["batch"]),
    ]
    held = {"one": np.float32(1), "first": np.int64(0), **constants}
    made = helper.make_graph(
        [*start, *nodes, *ends],
        "planted",
        inputs,
        [helper.make_tensor_value_info("probabilities", FLOAT, ["N", 2])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in held.items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9).SerializeToString()


def step_at(threshold: float = 0.5, *, name: str = "yes") -> list[NodeProto]:
    """Say yes, with 0.95, to an x above a threshold."""
    return [
        helper.make_node("Greater", ["x", "threshold"], [f"{name} above"]),
        helper.make_node("Where", [f"{name} above", "likely", "unlikely"], [name]),
    ]


STEP = {"threshold": np.float32(0.5), "likely": np.float32(0.95), "unlikely": np.float32(0.05)}


def write_inputs(
    data: Path,
    model: bytes,
    test: pl.DataFrame,
    *,
    train: pl.DataFrame | None = None,
    trained: bytes | None = None,
    claimed_bytes: int | None = None,
    robustness: dict[str, Any] | None = None,
    receipts: tuple[dict[str, Any], dict[str, Any]] = ({"private": False}, {"private": False}),
    sensitive: Sequence[str] = (),
) -> Path:
    """Write the folders of all stages before package, and return the folder that holds them.

    Args:
        data: data/<name>.
        model: model.onnx.
        test: test rows: `x`, perhaps `group`, and the target `y`, no or yes; raw and clean are alike.
        train: training rows; the test rows where there are none.
        trained: what the trained network answered; `model`, asked row by row, where it is none.
        claimed_bytes: the size that candidates.csv tells; the true one where it is none.
        robustness: robustness.json.
        receipts: of privatize and train.
        sensitive: product.sensitive.
    """
    for stage in STAGES:
        (data / stage).mkdir(parents=True)
    test = test.with_row_index("_id")
    columns = [Column(name=name, dtype=str(test.schema[name])) for name in test.columns if name != "_id"]
    product = Product(kind="tabular", target="y", classes=["no", "yes"], sensitive=list(sensitive))
    schema = Schema(product=product, columns=columns, classes=["no", "yes"])
    rows = test if train is None else train.with_row_index("_id", offset=test.height)
    transform, _ = fit_transform(rows, schema, Plan())
    test.write_parquet(data / "validate" / "table.parquet")
    test.write_parquet(data / "preprocess" / "test.parquet")
    rows.write_parquet(data / "privatize" / "train.parquet")
    schema.write(data / "preprocess")
    schema.write(data / "privatize")
    transform.write(data / "privatize")
    write_json(data / "validate" / "rules.json", {"format": 2, "rules": [], "not_served": []})
    write_json(data / "preprocess" / "cleaning.json", {"prepare": {"missing": [], "trim": False, "types": {}}})
    for stage, receipt in zip(("privatize", "train"), receipts, strict=True):
        write_json(data / stage / "receipt.json", receipt)
    write_json(data / "train" / "model.json", {"network": {"name": "planted"}})
    Decision(classes=["no", "yes"]).write(data / "compress")
    write_json(data / "evaluate" / "intervals.json", {"method": "none", "confidence_pct": 95, "intervals": {}})
    compared = {"positive": None, "columns": {}, "before": None, "mitigation": None, "notes": []}
    write_json(data / "evaluate" / "fairness.json", compared)
    if robustness is not None:
        write_json(data / "evaluate" / "robustness.json", robustness)
    alone = answers(session(trained or model), raw_inputs(test, transform), batch_rows=1)
    decided = pl.Series("prediction", np.array(["no", "yes"])[np.nan_to_num(alone).argmax(axis=1)])
    test.select("_id", pl.lit("test").alias("split"), target="y").with_columns(decided).write_parquet(
        data / "evaluate" / "predictions.parquet"
    )
    (data / "compress" / "model.onnx").write_bytes(model)
    right = float((decided == test["y"]).mean() or 0)
    write_json(data / "compress" / "metrics.json", {"accuracy": right, "rows": test.height})
    write_json(data / "compress" / "targets.json", {})
    write_json(data / "compress" / "fidelity.json", {"chosen": "fp32", "parity_error": 0.0})
    size = len(model) if claimed_bytes is None else claimed_bytes
    write_text(data / "compress" / "candidates.csv", f"candidate,size_bytes,kept,chosen\nfp32,{size},True,True\n")
    return data


def packaged(data: Path, **gate: Any) -> dict[str, Any]:
    """Call package and return its verdict."""
    from slipway.files import read_json
    from tasks.package import package

    package(*(data / stage for stage in STAGES), data / "package", Package(gate=Gate.model_validate(gate), examples=2))
    return read_json(data / "package" / "verdict.json")


def deployed(data: Path, releases: Path, params: Deploy = QUICK) -> Any:
    """Call deploy."""
    from tasks.deploy import Origin, deploy

    origin = Origin(package=data / "package", preprocess=data / "preprocess", validate=data / "validate")
    return deploy(origin, releases, data / "failed", params, Serve(), {"commit": "abc"})
