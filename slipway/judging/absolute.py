"""The untimed rules of the gate, over what a server answered and what the stages wrote."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from slipway.errors import ParamsError
from slipway.judging.faithful import judge_fidelity
from slipway.judging.gate import Judged, Rule, at_least, at_most
from slipway.judging.in_server import ALONE_ROWS, BATCHES, InServer
from slipway.judging.privacy_total import privacy_total
from slipway.judging.served import trainer_decided
from slipway.judging.worst_group import judge_worst
from slipway.product.package import Gate, RobustnessFloor
from slipway.tables.schema import Schema

GATE = "package.gate"


@dataclass(frozen=True)
class Evidence:
    """What the rules are about beside the served answers."""

    predictions: pl.DataFrame
    """predictions.parquet: what the trained model says of the test rows."""

    fidelity: Mapping[str, Any]
    """fidelity.json: what compress measured of the artefact against the network that it holds."""

    size_bytes: int
    claimed_bytes: float
    """Size of model.onnx, and what candidates.csv says it is."""

    zero_weights_pct: float

    receipts: Sequence[Mapping[str, Any]]
    """Of privatize and of train."""

    robustness: Mapping[str, Any] | None
    """robustness.json; None where evaluate wrote none."""


def judge(found: InServer, evidence: Evidence, schema: Schema, gate: Gate) -> Judged:
    """Judge an artefact by what its server answered.

    Raises:
        ParamsError: a rule is about another task.
    """
    worst = judge_worst(next(iter(found.answers.values())), found.rows.groups, gate)
    rules = [
        *_answered(found, gate),
        *_metrics(found, gate),
        *worst.rules,
        *judge_fidelity(
            found, trainer_decided(evidence.predictions, found.rows.clean, schema), evidence.fidelity, gate
        ),
        *_artefact(evidence, gate),
        *_privacy(evidence, gate),
        *_robustness(evidence, gate),
    ]
    return Judged(rules, [*_told(found), *worst.notes], worst.groups)


def _answered(found: InServer, gate: Gate) -> list[Rule]:
    refused_pct = 100 * sum(found.refused.values()) / max(found.num_asked, 1)
    return [
        at_least(
            "test rows",
            found.rows.num_there,
            gate.min_test_rows,
            mend=f"enlarge preprocess.split, or lower {GATE}.min_test_rows",
        ),
        at_most(
            "test rows that the server refuses, in percent",
            refused_pct,
            gate.max_refused_pct,
            mend="a record is refused that training took as a good row: see the notes for the columns, and correct "
            f"their rules or bounds, or raise {GATE}.max_refused_pct",
        ),
        at_most(
            "test rows without a finite answer",
            found.num_without_answer,
            0,
            mend="the network overflows: lower train.lr, bound the columns in the raw suite, or set "
            "compress.candidates: [fp32]",
        ),
    ]


def _metrics(found: InServer, gate: Gate) -> list[Rule]:
    main = next(iter(found.answers.values()))
    metrics = main.metrics() if found.rows.clean.height else dict.fromkeys(gate.metrics)
    if unknown := sorted(set(gate.metrics) - set(metrics)):
        raise ParamsError(f"{GATE}.metrics: no metric {unknown}; there are {', '.join(sorted(metrics))}")
    rules = []
    for name, limit in gate.metrics.items():
        mend = f"train on more or better rows, or correct {GATE}.metrics.{name}"
        if limit.min is not None:
            rules.append(at_least(f"{name} on test", metrics[name], limit.min, mend=mend))
        if limit.max is not None:
            rules.append(at_most(f"{name} on test", metrics[name], limit.max, mend=mend))
    return rules


def _artefact(evidence: Evidence, gate: Gate) -> list[Rule]:
    kib, claimed = evidence.size_bytes / 1024, evidence.claimed_bytes / 1024
    again = "it is not the artefact that was measured: run compress again"
    rules = [at_most("size of model.onnx in KiB, as candidates.csv says,", kib, claimed, mend=again)]
    if gate.max_size_kib is not None:
        mend = f"choose a smaller network or int8, or raise {GATE}.max_size_kib"
        rules.append(at_most("size of model.onnx in KiB", kib, gate.max_size_kib, mend=mend))
    mend = "a masked weight is stored and multiplied like any other, so this is no pruning: cut whole units, or raise "
    zeros = evidence.zero_weights_pct
    told = "weights of model.onnx that are zero, in percent"
    return [*rules, at_most(told, zeros, gate.max_zero_weights_pct, mend=f"{mend}{GATE}.max_zero_weights_pct")]


def _privacy(evidence: Evidence, gate: Gate) -> list[Rule]:
    epsilon, delta, why = privacy_total(*evidence.receipts)
    mend = "choose a mechanism in privatize or more noise, or correct {}.max_{}"
    limits = {"epsilon": (epsilon, gate.max_epsilon), "delta": (delta, gate.max_delta)}
    return [
        at_most(f"{name} of privatize and train together", value, limit, mend=mend.format(GATE, name), why=why)
        for name, (value, limit) in limits.items()
        if limit is not None
    ]


def _robustness(evidence: Evidence, gate: Gate) -> list[Rule]:
    return [_floor(floor, evidence.robustness) for floor in gate.robustness]


def _floor(floor: RobustnessFloor, measured: Mapping[str, Any] | None) -> Rule:
    told = f"under {floor.curve} of strength {floor.strength:g}"
    if measured is None:
        why = "not measured (evaluate wrote no robustness.json: run evaluate again)"
        return at_least(f"the headline metric {told}", None, floor.min, why=why)
    points = {point["strength"]: point["value"] for point in measured["curves"].get(floor.curve, [])}
    there = {name: [point["strength"] for point in curve] for name, curve in measured["curves"].items()}
    value = next((value for strength, value in points.items() if math.isclose(strength, floor.strength)), None)
    why = "" if value is not None else f"not measured (evaluate measured {there})"
    mend = f"train with augmentation or on such rows, or correct {GATE}.robustness"
    return at_least(f"{measured['metric']} {told}", value, floor.min, mend=mend, why=why)


def _told(found: InServer) -> list[str]:
    """Say which rows the figures are about."""
    answered, refused = found.rows.clean.height, found.refused
    notes = [
        f"judged in a server process on {answered:,} of {found.rows.num_there:,} test rows, in batches of "
        f"{BATCHES[-1]}; {min(answered, ALONE_ROWS)} of them were sent one by one, too"
    ]
    if refused:
        counted = ", ".join(f"'{column}' ({rows} rows)" for column, rows in refused.items())
        notes.append(f"the server refused {sum(refused.values()):,} of {found.num_asked:,} rows because of {counted}")
    return notes
