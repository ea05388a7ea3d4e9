"""The rules by which the served artefact is still the model that evaluate judged."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slipway.judging.gate import Rule, at_least, at_most
from slipway.judging.in_server import InServer
from slipway.judging.served import Served
from slipway.product.package import Gate

GATE = "package.gate"
FP32 = "set compress.candidates: [fp32]"


def judge_fidelity(
    found: InServer, decided: Mapping[str, np.ndarray], fidelity: Mapping[str, Any], gate: Gate
) -> list[Rule]:
    """Judge the export, the sizes of batches, and the decisions row by row.

    An artefact that was pruned or trained again holds another network than the trained one, and may decide otherwise
    in single rows. It must agree with its own network, and be right as often as the trained one.

    Args:
        found: the served answers.
        decided: what the trained model decided about these rows, by target.
        fidelity: fidelity.json; `trained_agreement_pct` stands there where the artefact holds another network.
        gate: the limits.
    """
    other = "the export is wrong, or the network's numbers are very large: bound them, or raise "
    rules = [
        at_most(
            "difference of the fp32 export from the network that it holds",
            fidelity["parity_error"],
            gate.max_parity_error,
            mend=f"{other}{GATE}.max_parity_error",
        ),
        *_batches(found, gate),
    ]
    num_rows = found.rows.clean.height
    limit = min(gate.min_agreement_pct, 100 - 100 / max(num_rows, 1))
    mend = f"{FP32}, or lower {GATE}.min_agreement_pct"
    if "trained_agreement_pct" not in fidelity:
        agree = [100 * float(one.agrees(decided[name]).mean()) for name, one in found.answers.items() if num_rows]
        told = "agreement with the trained model, in percent"
        return [*rules, at_least(told, min(agree, default=None), limit, mend=mend)]
    told = "agreement with the network that it holds, in percent"
    rules.append(at_least(told, fidelity["agreement_pct"], limit, mend=mend))
    return [*rules, _retrained(found, decided, gate)]


def _batches(found: InServer, gate: Gate) -> list[Rule]:
    return [
        at_most(
            f"difference of answers in batches of {size} from those in batches of {smaller}",
            apart,
            gate.max_batch_difference,
            mend=f"the artefact is wrong in batches of {size} or of {smaller}: {FP32}",
        )
        for (size, smaller), apart in found.batch_differences.items()
    ]


def _retrained(found: InServer, decided: Mapping[str, np.ndarray], gate: Gate) -> Rule:
    """Judge what was lost against the trained model on the same rows; one row may always be."""
    num_rows = found.rows.clean.height
    gains = [_gain(one, decided[name]) for name, one in found.answers.items() if num_rows]
    known = [gain for gain in gains if gain is not None]
    metrics = " or ".join(sorted({one.headline for one in found.answers.values()}))
    return at_least(
        f"{metrics} less the trained model's on the same test rows",
        min(known, default=None),
        -max(gate.max_retrained_drop, 1 / max(num_rows, 1)),
        mend=f"choose a wider recipe or a longer recovery in compress, or raise {GATE}.max_retrained_drop",
    )


def _gain(served: Served, decided: np.ndarray) -> float | None:
    ours, theirs = served.headline_value(), served.deciding(decided).headline_value()
    return None if ours is None or theirs is None else round(ours - theirs, 9)  # 0.89 - 0.9 is less than -0.01
