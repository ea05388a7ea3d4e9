"""Bundle what serving needs: `python -m tasks.package COMPRESS EVALUATE TRAIN PRIVATIZE PREPROCESS VALIDATE OUT ...`.

The bundle is judged by the untimed rules, in a server process of its own that answers raw test rows. One that is not
kept is a verdict, not a crash: the bundle is written, and deploy refuses it.
"""

import csv
import shutil
import tempfile
from dataclasses import asdict
from http.client import HTTPException
from pathlib import Path
from typing import Any

import polars as pl

from slipway.bundle.examples import write_examples
from slipway.bundle.manifest import write_manifest
from slipway.bundle.prepare import Prepare
from slipway.bundle.signature import ISO_8601, SIGNATURE, Input, Signature, parse_signature
from slipway.card import card_facts, model_card
from slipway.drift import round_outwards, sketch
from slipway.errors import DataError
from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.judging.absolute import Evidence, judge
from slipway.judging.artefact import zero_weights_pct
from slipway.judging.decision import read_decision
from slipway.judging.fresh_rows import FreshRows, read_fresh_rows
from slipway.judging.gate import Judged, not_judged
from slipway.judging.in_server import ask_in_batches
from slipway.product.package import Gate, Package
from slipway.product.serve import Serve
from slipway.serving.process import server_process
from slipway.stage import main
from slipway.suites.rules import Rules, parse_rules
from slipway.tables.schema import Schema, read_schema
from slipway.transform.fitted import Bounds, Category, Transform, read_transform
from slipway.transform.tokens import TOKENIZER, whole_words

MAX_WORDS = 50
LARGE = Serve(max_body_mib=1024)
"""How the bundle is served while it is judged: a batch of images may be large."""


def package(
    compress: Path,
    evaluate: Path,
    train: Path,
    privatize: Path,
    preprocess: Path,
    validate: Path,
    out: Path,
    params: Package,
) -> Path:
    """Write bundle/ and verdict.json."""
    with whole_folder(out) as folder:
        bundle = folder / "bundle"
        bundle.mkdir()
        schema, transform = read_schema(privatize), read_transform(privatize)
        learned = schema.without(transform.constant)
        rows = pl.read_parquet(privatize / "train.parquet")
        metrics, fidelity = read_json(compress / "metrics.json"), read_json(compress / "fidelity.json")
        receipts = {"privatize": read_json(privatize / "receipt.json"), "train": read_json(train / "receipt.json")}
        facts = card_facts(
            description=params.description,
            schema=learned,
            num_training_rows=rows.height,
            architecture=read_json(train / "model.json"),
            candidate=chosen_candidate(compress / "candidates.csv"),
            metrics=metrics,
            decision=read_decision(compress),
            further=read_json(compress / "targets.json"),
            intervals=read_json(evaluate / "intervals.json"),
            fairness=read_json(evaluate / "fairness.json"),
            fidelity=fidelity,
            release_receipt=receipts["privatize"],
            training_receipt=receipts["train"],
        )
        shutil.copyfile(compress / "model.onnx", bundle / "model.onnx")
        shutil.copyfile(compress / "metrics.json", bundle / "metrics.json")
        if schema.more_targets:
            shutil.copyfile(compress / "targets.json", bundle / "targets.json")
        shutil.copyfile(compress / "decision.json", bundle / "decision.json")
        prepare = Prepare.model_validate(read_json(preprocess / "cleaning.json")["prepare"])
        prepare.write(bundle)
        signature = signature_of(rows, schema, transform, prepare)
        signature.write(bundle)
        served_rules(validate / "rules.json", signature).write(bundle / "rules.json")
        if transform.tokens is not None:
            write_text(bundle / TOKENIZER, transform.tokens.tokenizer)
        write_json(bundle / "privacy.json", receipts)
        write_json(bundle / "reference.json", sketch(rows, learned))
        write_json(bundle / "card.json", facts)
        write_text(bundle / "card.md", model_card(facts))
        write_examples(bundle, params.examples, schema.product.seed)
        write_manifest(bundle)
        found = read_fresh_rows(validate, preprocess, schema, limit=params.gate.rows)
        judged = judge_bundle(bundle, found, schema, evidence_of(compress, evaluate, receipts), params.gate)
        write_json(folder / "verdict.json", {"passed": all(rule["passed"] for rule in judged.rules), **asdict(judged)})
    return out


def judge_bundle(bundle: Path, rows: FreshRows, schema: Schema, evidence: Evidence, gate: Gate) -> Judged:
    """Have a server process answer the rows, and judge what it answers.

    A server that fails at a batch is a verdict; one that does not even start, after the bundle has answered its own
    examples, is an error of this machine's.
    """
    names = [one.name for one in parse_signature((bundle / SIGNATURE).read_bytes()).inputs]
    with tempfile.TemporaryDirectory() as logs, server_process(bundle, LARGE, Path(logs) / "server.log") as client:
        try:
            found = ask_in_batches(client, rows, schema, names)
        except (DataError, HTTPException, OSError) as error:
            return Judged([not_judged("the server answers test rows", f"it does not: {error}")], [])
    return judge(found, evidence, schema, gate)


def evidence_of(compress: Path, evaluate: Path, receipts: dict[str, Any]) -> Evidence:
    """Gather what the rules are about beside the served answers."""
    robustness = evaluate / "robustness.json"
    return Evidence(
        predictions=pl.read_parquet(evaluate / "predictions.parquet"),
        fidelity=read_json(compress / "fidelity.json"),
        size_bytes=(compress / "model.onnx").stat().st_size,
        claimed_bytes=chosen_candidate(compress / "candidates.csv")["size_bytes"],
        zero_weights_pct=zero_weights_pct(compress / "model.onnx"),
        receipts=[receipts["privatize"], receipts["train"]],
        robustness=read_json(robustness) if robustness.exists() else None,
    )


def served_rules(path: Path, signature: Signature) -> Rules:
    """Return validate's row rules; those about columns that the model does not take are listed as not served."""
    return parse_rules(path.read_bytes(), where=str(path)).for_inputs([one.name for one in signature.inputs])


def signature_of(rows: pl.DataFrame, schema: Schema, transform: Transform, prepare: Prepare) -> Signature:
    """Say what a record must hold, in the order of the model's tensors.

    Ranges are those of the released rows, rounded outwards. Categories and words are some that the transform
    knows, those of a single row, too: model.onnx holds them anyway.
    """
    numbers = with_dates([number_input(rows[step.column], step.bounds) for step in transform.numbers], prepare)
    categories = [category_input(rows[step.column], step) for step in (*transform.known, *transform.hashed)]
    texts = [
        Input(
            name=step.column,
            dtype="text",
            words=step.words[:MAX_WORDS],
            missing_allowed=rows[step.column].null_count() > 0,
        )
        for step in transform.texts
    ]
    texts += [
        Input(
            name=step.column,
            dtype="text",
            words=whole_words(step.tokenizer, MAX_WORDS) or None,
            length=step.length,
            missing_allowed=rows[step.column].null_count() > 0,
        )
        for step in [transform.tokens]
        if step is not None
    ]
    images = [
        Input(name=step.column, dtype="image", shape=step.shape, minimum=0, maximum=min(step.max_value, 255))
        for step in [transform.image]
        if step is not None
    ]
    return Signature(
        kind=schema.product.kind,
        task=schema.product.task,
        label_delimiter=schema.product.label_delimiter,
        target=schema.require_target(),
        classes=schema.classes,
        more_targets=schema.more_targets,
        inputs=[_with_filled(one, prepare) for one in (*numbers, *categories, *texts, *images)],
    )


def _with_filled(one: Input, prepare: Prepare) -> Input:
    """Allow a missing value where the server fills it in, though training rows miss none."""
    return one.model_copy(update={"missing_allowed": True}) if one.name in prepare.fill else one


def number_input(column: pl.Series, bounds: Bounds | None = None) -> Input:
    """Describe a column of numbers; its range is rounded, or its ends would be the values of two rows."""
    refused = bounds if bounds is not None and bounds.action == "quarantine" else None
    values = column.cast(pl.Float64).fill_nan(None)
    known = values.drop_nulls().to_numpy()
    minimum, maximum = round_outwards(float(known.min()), float(known.max()))
    return Input(
        name=column.name,
        dtype="number",
        minimum=minimum,
        maximum=maximum,
        refused_below=None if refused is None else refused.low,
        refused_above=None if refused is None else refused.high,
        missing_allowed=values.null_count() > 0,
    )


def category_input(column: pl.Series, step: Category) -> Input:
    """Describe a column of categories; where values are hashed, none is known."""
    return Input(
        name=step.column,
        dtype="category",
        categories=step.values or None,
        buckets=step.buckets or None,
        missing_allowed=column.null_count() > 0,
    )


def with_dates(numbers: list[Input], prepare: Prepare) -> list[Input]:
    """Put one date in the place of the numbers that are its parts: a record holds the date."""
    owners = {f"{name}_{part}": (name, part) for name, dates in prepare.dates.items() for part in dates.parts}
    inputs: dict[str, Input] = {}
    for number in numbers:
        name, part = owners.get(number.name, (number.name, None))
        if part is None:
            inputs[name] = number
            continue
        known = inputs.get(name) or Input(
            name=name,
            dtype="date",
            format=prepare.dates[name].format or ISO_8601,
            parts=[],
            missing_allowed=number.missing_allowed,
        )
        assert name not in inputs or next(reversed(inputs)) == name, "the parts of a date stand in a row"
        years = {"minimum": number.minimum, "maximum": number.maximum} if part == "year" else {}
        refused = dict(known.refused_parts)
        if number.refused_below is not None and number.refused_above is not None:
            refused[part] = (number.refused_below, number.refused_above)
        parts = {"parts": [*(known.parts or []), part], "refused_parts": refused}
        inputs[name] = known.model_copy(update={**parts, **years})
    return list(inputs.values())


def chosen_candidate(path: Path) -> dict[str, Any]:
    """Return the chosen line of candidates.csv, its numbers as numbers; what was not measured is left out."""
    with path.open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["chosen"] == "True")
    texts, marks = {"candidate": row["candidate"]}, {"kept", "front", "chosen"}
    return texts | {key: float(value) for key, value in row.items() if value and key not in {*texts, *marks}}


if __name__ == "__main__":
    main(package)
