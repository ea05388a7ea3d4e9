"""robustness.json: the model's headline figure on test rows that were corrupted before the transform sees them.

All strengths of a corruption meet the same rows with the same luck, so that a curve shows the strength and little else.
"""

from typing import Any
from zlib import crc32

import numpy as np
import polars as pl

from slipway.errors import ParamsError
from slipway.judging.corrupting import corruptions
from slipway.judging.decision import Decision
from slipway.judging.groups import groups_for
from slipway.judging.headline import headline, headline_of
from slipway.judging.sampling import drawn_places
from slipway.judging.subject import Subject
from slipway.product.robustness import Robustness
from slipway.tables.targets import is_known, targets


def judge_robustness(subject: Subject, decision: Decision, params: Robustness) -> dict[str, Any]:
    """Return what robustness.json holds; a curve for each declared corruption that concerns a column.

    Raises:
        ParamsError: A declared corruption is none of this kind of product.
    """
    schema, frame = subject.schema, subject.frames["test"]
    kind, seed = schema.product.kind, schema.product.seed
    try:
        declared = params.of(kind)
    except ValueError as error:
        raise ParamsError(str(error)) from None
    known = frame.filter(is_known(targets(frame, schema)))
    rows = known[drawn_places(known.height, params.rows(kind), seed)]
    wanted = targets(rows, schema)

    groups = groups_for(decision, rows)

    def figure(corrupted: pl.DataFrame) -> float | None:
        value = headline(wanted, subject.answers(corrupted, decision), decision, groups)
        return None if value is None else round(value, 6)

    clean, possible = figure(rows), corruptions(schema, subject.transform)
    found: dict[str, Any] = {"metric": headline_of(decision), "clean": clean, "curves": {}, "notes": []}
    if clean is None:
        found["notes"].append("all test rows have the same target: there is no r2 to lose")
        return found
    if rows.height < known.height:
        found["notes"].append(f"on {rows.height:,} of {known.height:,} test rows, drawn with the seed")
    for name, strengths in declared.items():
        if name in possible:
            luck = [seed, crc32(name.encode())]
            found["curves"][name] = [
                {"strength": each, "value": figure(possible[name](rows, each, np.random.default_rng(luck)))}
                for each in strengths
            ]
        elif params.corruptions is not None:
            found["notes"].append(f"{name} concerns no column that the model looks at")
    return found
