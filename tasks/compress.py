"""Export, shrink, choose: `python -m tasks.compress TRAIN EVALUATE PRIVATIZE PREPROCESS OUT --params ...`.

The smallest candidate is chosen that loses no more than params allow; nothing is timed here, so the
same inputs choose the same artefact. The test rows are read once, after the choice.
"""

import csv
from pathlib import Path
from typing import Any

import polars as pl
from onnxruntime import InferenceSession
from torch import nn

from slipway.files import whole_folder, write_json, write_text
from slipway.judging.comparing import Comparison
from slipway.judging.decision import Decision, read_decision
from slipway.learning.trained import load_network
from slipway.pictures.compression import pareto
from slipway.product.compress import Compress
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import all_answers, session
from slipway.stage import main
from slipway.tables.heads import joint_heads
from slipway.tables.schema import Schema, read_schema
from slipway.transform.applying import Array, features
from slipway.transform.fitted import Transform, read_transform

SERVING_BATCHES = (1, 32, 256)


def compress(
    train: Path,
    evaluate: Path,
    privatize: Path,
    preprocess: Path,
    out: Path,
    params: Compress,
    *,
    code: Path | None = None,
) -> Path:
    """Write model.onnx (the chosen one), candidates.csv, metrics.json (on test), fidelity.json, pareto.svg.

    targets.json holds the metrics of further targets; it is empty where there are none. `code` holds a network of the
    product's own.
    """
    with whole_folder(out) as folder:
        schema, transform = read_schema(privatize), read_transform(privatize)
        decision = read_decision(evaluate)
        network = load_network(train, code)
        rows = {part: pl.read_parquet(privatize / f"{part}.parquet") for part in ("train", "validation")}
        validation = Comparison.of(rows["validation"], schema, transform, network, decision)
        released = Comparison.of(pl.concat(rows.values()), schema, transform, network, decision)
        sample = rows["train"].sample(min(rows["train"].height, params.calibration_rows), seed=schema.product.seed)
        models = build_candidates(network, schema, transform, decision, params, features(sample, transform))
        table = [measure(name, model, validation, released, params) for name, model in models.items()]
        chosen = min((row for row in table if row["kept"]), key=lambda row: row["size_bytes"])
        for row in table:
            row["chosen"] = row is chosen
        test = Comparison.of(pl.read_parquet(preprocess / "test.parquet"), schema, transform, network, decision)
        (folder / "model.onnx").write_bytes(models[chosen["candidate"]])
        write_candidates(table, folder / "candidates.csv")
        metrics = test.metrics(all_answers(session(models[chosen["candidate"]]), test.inputs))
        write_json(folder / "metrics.json", metrics.pop(schema.require_target()))
        write_json(folder / "targets.json", {name: {"metrics": found} for name, found in metrics.items()})
        write_json(folder / "fidelity.json", fidelity(models, chosen["candidate"], test))
        write_text(folder / "pareto.svg", pareto(table, quality=f"{validation.main.headline}_validation"))
    return out


def build_candidates(
    network: nn.Module,
    schema: Schema,
    transform: Transform,
    decision: Decision,
    params: Compress,
    calibration: Array,
) -> dict[str, bytes]:
    """Export each candidate whole: raw columns in, calibrated answers out."""
    fp32 = export_network(network, transform.feature_shape, vocabulary=transform.vocabulary)
    networks = {"fp32": fp32}
    if "int8" in params.candidates:
        networks["int8"] = to_int8(fp32, calibration)
    heads = [(head, decision.of(head.name).divisor) for head in joint_heads(schema.targets)]
    return {
        name: servable(one, transform, temperature=decision.divisor, heads=heads).SerializeToString(deterministic=True)
        for name, one in networks.items()
    }


def measure(name: str, model: bytes, validation: Comparison, released: Comparison, params: Compress) -> dict[str, Any]:
    """Measure a candidate; `kept` says whether it loses little enough. fp32 always is.

    Agreement with the trained model needs no truth that the model has not seen, so it is measured on the
    training rows, too: a few hundred rows of validation alone cannot tell 99 percent from 98.
    """
    running = session(model)
    predicted = all_answers(running, validation.inputs)
    drop = validation.drop_pct(predicted)
    agreement = released.agreement_pct(all_answers(running, released.inputs))
    moves = batch_difference(running, validation)
    main = validation.main
    keeps = (
        drop <= params.max_accuracy_drop_pct
        and agreement >= params.min_agreement_pct
        and moves <= params.max_batch_difference
    )
    return {
        "candidate": name,
        "size_bytes": len(model),
        f"{main.headline}_validation": main.metrics(predicted[main.tensor])[main.headline],
        "drop_pct": drop,
        "agreement_pct": agreement,
        "batch_difference": moves,
        "kept": keeps or name == "fp32",
    }


def batch_difference(running: InferenceSession, rows: Comparison) -> float:
    """Largest move of a row's answer between the batch sizes of serving.

    A runtime has been seen that answers right up to one batch size and wrong above it, without an error;
    and dynamic quantisation lets the rows of a batch change each other's answers.
    """
    by_size = [all_answers(running, rows.inputs, batch_rows=size) for size in SERVING_BATCHES]
    return max(rows.distance(one, by_size[0]) for one in by_size)


def fidelity(models: dict[str, bytes], chosen: str, test: Comparison) -> dict[str, Any]:
    """Compare the fp32 export and the chosen artefact with the trained model, on test."""
    running = session(models[chosen])
    return {
        "chosen": chosen,
        "parity_error": test.distance(all_answers(session(models["fp32"]), test.inputs), test.trained),
        "agreement_pct": test.agreement_pct(all_answers(running, test.inputs)),
        "batch_difference": batch_difference(running, test),
    }


def write_candidates(table: list[dict[str, Any]], path: Path) -> None:
    """Write a line for each candidate."""
    with path.open("w", newline="\n") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        for row in table:
            writer.writerow({key: f"{value:.8g}" if isinstance(value, float) else value for key, value in row.items()})


if __name__ == "__main__":
    main(compress)
