"""Export, shrink, choose: `python -m tasks.compress TRAIN EVALUATE PRIVATIZE PREPROCESS OUT --params ...`.

The smallest candidate is chosen that loses no more than params allow; nothing is timed here, so the
same inputs choose the same artefact. The test rows are read once, after the choice.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from onnxruntime import InferenceSession
from torch import nn

from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.judging.decision import Decision, read_decision
from slipway.judging.label_metrics import label_metrics
from slipway.judging.metrics import Metrics, classification_metrics, regression_metrics
from slipway.learning.trained import load_network, scores
from slipway.pictures.compression import pareto
from slipway.product.augment import Policy
from slipway.product.compress import Compress
from slipway.shrinking.archiving import archived, restored, size_of
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.quantise import to_int8
from slipway.shrinking.running import all_answers, session
from slipway.stage import main
from slipway.tables.heads import THRESHOLD, heads_of, joint_heads
from slipway.tables.schema import Schema, read_schema
from slipway.tables.targets import is_known, targets_of
from slipway.transform.applying import Array, features, raw_inputs
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
    augment: Path | None = None,
    code: Path | None = None,
) -> Path:
    """Write model.onnx (the chosen one), candidates.csv, metrics.json (on test), fidelity.json, pareto.svg.

    targets.json holds the metrics of further targets; it is empty where there are none. Where params ask for one, an
    archive of the network is written, too: archive.slw, and archive.json, what it is worth on validation. It learns
    from batches that are augmented by the policy in `augment`. `code` holds a network of the product's own.
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
        if params.archive is not None:
            policy = Policy() if augment is None else Policy.model_validate(read_json(augment / "policy.json"))
            about = (train / "model.json").read_text(encoding="utf-8")
            learned = features(rows["train"], transform)
            archive = archived(network, learned, params.archive, policy, schema=schema, about=about)
            decoded = restored(network, archive)
            its = Comparison.of(rows["validation"], schema, transform, decoded, decision)
            (folder / "archive.slw").write_bytes(archive)
            write_json(
                folder / "archive.json", size_of(archive, decoded) | {"validation": side_by_side(validation, its)}
            )
    return out


Answers = Mapping[str, Array]
"""Of each output of model.onnx."""


@dataclass(frozen=True)
class Compared:
    """The truth about one target, and the trained model's calibrated answers, to compare artefacts with."""

    tensor: str
    """The output of model.onnx that holds the answers."""

    targets: Array
    trained: Array
    """Probabilities [N, classes], or values [N]."""

    @property
    def is_regression(self) -> bool:
        """Whether answers are values."""
        return self.trained.ndim == 1

    @property
    def has_labels(self) -> bool:
        """Whether a row has any number of labels."""
        return self.targets.ndim == 2

    @property
    def headline(self) -> str:
        """The metric that candidates are shown by."""
        return "r2" if self.is_regression else "accuracy"

    def metrics(self, predicted: Array) -> Metrics:
        """Judge an artefact's answers by the truth, over the rows where it is known."""
        known = is_known(self.targets)
        judge = (
            regression_metrics if self.is_regression else label_metrics if self.has_labels else classification_metrics
        )
        return judge(self.targets[known], predicted[known])

    def drop_pct(self, predicted: Array) -> float:
        """Points of accuracy lost against the trained model, or percent of RMSE gained; 0 without a known target."""
        if not is_known(self.targets).any():
            return 0.0
        ours, theirs = self.metrics(predicted), self.metrics(self.trained)
        if self.is_regression:
            return 100 * (_of(ours, "rmse") - _of(theirs, "rmse")) / max(_of(theirs, "rmse"), 1e-12)
        return 100 * (_of(theirs, "accuracy") - _of(ours, "accuracy"))

    def agreement_pct(self, predicted: Array) -> float:
        """Share of rows with the trained model's class, or all its labels, or a value within a tenth of the spread."""
        if self.is_regression:
            return 100 * float(np.mean(np.abs(predicted - self.trained) <= 0.1 * self.spread))
        if self.has_labels:
            return 100 * float(np.mean(((predicted > THRESHOLD) == (self.trained > THRESHOLD)).all(axis=1)))
        return 100 * float(np.mean(predicted.argmax(1) == self.trained.argmax(1)))

    def distance(self, some: Array, others: Array) -> float:
        """Largest difference of probabilities, or of values in units of the targets' spread."""
        return float(np.abs(some - others).max()) / (self.spread if self.is_regression else 1.0)

    @property
    def spread(self) -> float:
        """Standard deviation of the targets that are known."""
        known = self.targets[is_known(self.targets)]
        return max(float(known.std()), 1e-12) if len(known) else 1.0


def _of(metrics: Metrics, name: str) -> float:
    value = metrics[name]
    assert value is not None, f"{name} exists for any rows"
    return value


@dataclass(frozen=True)
class Comparison:
    """Rows with all their targets; an artefact is as good as its worst answer."""

    inputs: dict[str, Array]
    targets: dict[str, Compared]
    """The main one first."""

    @classmethod
    def of(
        cls, frame: pl.DataFrame, schema: Schema, transform: Transform, network: nn.Module, decision: Decision
    ) -> "Comparison":
        """Prepare the rows and ask the trained model."""
        outputs = scores(network, features(frame, transform))
        compared = {}
        for head in heads_of(schema.targets):
            raw, its = head.of(outputs), decision.of(head.name)
            trained = raw if its.classes is None else its.probabilities(raw)
            compared[head.name] = Compared(head.tensor, targets_of(frame, schema, head.name), trained)
        return cls(raw_inputs(frame, transform), compared)

    @property
    def main(self) -> Compared:
        """The main target."""
        return next(iter(self.targets.values()))

    @property
    def trained(self) -> Answers:
        """What an artefact would answer that is no other than the trained model."""
        return {each.tensor: each.trained for each in self.targets.values()}

    def metrics(self, predicted: Answers) -> dict[str, Metrics]:
        """Judge the answers for each target."""
        return {name: each.metrics(predicted[each.tensor]) for name, each in self.targets.items()}

    def drop_pct(self, predicted: Answers) -> float:
        """Return the largest drop."""
        return max(each.drop_pct(predicted[each.tensor]) for each in self.targets.values())

    def agreement_pct(self, predicted: Answers) -> float:
        """Return the smallest agreement."""
        return min(each.agreement_pct(predicted[each.tensor]) for each in self.targets.values())

    def distance(self, some: Answers, others: Answers) -> float:
        """Return the largest distance."""
        return max(each.distance(some[each.tensor], others[each.tensor]) for each in self.targets.values())


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


def side_by_side(validation: Comparison, other: Comparison) -> dict[str, Any]:
    """Return what the trained network and another one are worth on validation, and how often they agree."""
    headline = validation.main.headline
    worth = {
        name: validation.main.metrics(each.main.trained)[headline]
        for name, each in (("trained", validation), ("decoded", other))
    }
    return {"metric": headline, **worth, "agreement_pct": validation.agreement_pct(other.trained)}


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
