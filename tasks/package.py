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

from slipway.bundle.describing import signature_of
from slipway.bundle.examples import write_examples
from slipway.bundle.manifest import write_manifest
from slipway.bundle.prepare import Prepare
from slipway.bundle.signature import SIGNATURE, Signature, parse_signature
from slipway.card import card_facts, model_card
from slipway.drift import sketch
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
from slipway.transform.fitted import read_transform
from slipway.transform.tokens import TOKENIZER

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
        rows = pl.read_parquet(privatize / "train.parquet")
        learned = schema.without(transform.constant)
        receipts = {"privatize": read_json(privatize / "receipt.json"), "train": read_json(train / "receipt.json")}
        facts = card_facts(
            description=params.description,
            schema=learned,
            num_training_rows=rows.height,
            architecture=read_json(train / "model.json"),
            candidate=chosen_candidate(compress / "candidates.csv"),
            metrics=read_json(compress / "metrics.json"),
            decision=read_decision(compress),
            further=read_json(compress / "targets.json"),
            intervals=read_json(evaluate / "intervals.json"),
            fairness=read_json(evaluate / "fairness.json"),
            fidelity=read_json(compress / "fidelity.json"),
            release_receipt=receipts["privatize"],
            training_receipt=receipts["train"],
        )
        targets = ["targets.json"] if schema.more_targets else []
        for name in ("model.onnx", "metrics.json", "decision.json", *targets):
            shutil.copyfile(compress / name, bundle / name)
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


def chosen_candidate(path: Path) -> dict[str, Any]:
    """Return the chosen line of candidates.csv, its numbers as numbers; what was not measured is left out."""
    with path.open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["chosen"] == "True")
    texts, marks = {"candidate": row["candidate"]}, {"kept", "front", "chosen"}
    return texts | {key: float(value) for key, value in row.items() if value and key not in {*texts, *marks}}


if __name__ == "__main__":
    main(package)
