"""slices.json: how the model does on parts of the test rows, those that are declared and the worst that are found."""

from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.judging.decision import Decision
from slipway.judging.declared_slices import rows_of, sentence
from slipway.judging.intervals import rounded
from slipway.judging.sampling import drawn_places
from slipway.judging.sensitive_groups import groups_in
from slipway.judging.slice_search import Found, Measure, Values, search
from slipway.judging.subject import Subject
from slipway.product.evaluate import Evaluate
from slipway.tables.heads import THRESHOLD
from slipway.tables.images import image_array
from slipway.tables.targets import is_known
from slipway.transform.applying import words_of

MAX_SEARCHED_ROWS = 20_000
MAX_SEARCHED_VALUES = 200
"""Of all columns together: their pairs are many."""

Facts = dict[str, Any]
Named = list[tuple[str, str]]
"""A column and a value of it, for each column of a matrix of values."""


def slices(subject: Subject, decision: Decision, params: Evaluate) -> Facts:
    """Return what slices.json holds about the main target.

    Raises:
        ParamsError: A declared slice names an unknown column or value.
    """
    known = is_known(subject.answered[subject.schema.require_target()]["test"].targets)
    frame, measure = columns_of(subject).filter(known), measure_of(subject, decision).among(known)
    overall = measure.on(np.ones(frame.height, dtype=bool), confidence_pct=params.confidence_pct)
    declared, without = declare(frame, measure, subject, params)
    found, about = find(frame, measure, subject, params)
    return {
        "metric": "rmse" if measure.is_error else "accuracy",
        "overall": rounded(overall.value),
        "min_rows": params.min_slice_rows,
        "declared": worst_first(declared, measure),
        "found": worst_first(found, measure),
        "notes": [*without, *about],
    }


def columns_of(subject: Subject) -> pl.DataFrame:
    """Return what test rows are parted by: their features, sensitive columns, and measures of texts and images.

    Images and texts are parted by their class, too; of a table that would only repeat the confusion matrix.
    """
    schema, frame = subject.schema, subject.frames["test"]
    product = schema.product
    kept = [*schema.names("number"), *schema.names("category"), *product.sensitive]
    columns = [frame[name] for name in dict.fromkeys(kept) if name in frame.columns]
    if product.kind != "tabular" and schema.classes is not None and product.task == "classification":
        columns.append(frame[schema.require_target()])
    for name in schema.names("text"):
        words = pl.when(pl.col(name).is_not_null()).then(words_of(name).str.count_matches("[^ ]+"))
        columns.append(frame.select(words.alias(f"words in {name}")).to_series())
    for name in schema.names("image"):
        assert schema.image_shape is not None, "ingest writes the shape of images"
        pixels = image_array(frame[name], schema.image_shape).reshape(frame.height, -1)
        columns += [
            pl.Series("brightness", pixels.mean(axis=1)).round(1),
            pl.Series("contrast", pixels.std(axis=1)).round(1),
        ]
    return pl.DataFrame(columns)


def measure_of(subject: Subject, decision: Decision) -> Measure:
    """Return what the model loses on each test row; of many labels, a row is right where all are."""
    target = subject.schema.require_target()
    test = subject.answered[target]["test"]
    if decision.classes is None:
        return Measure((test.scores.astype(np.float64) - test.targets) ** 2, is_error=True)
    if decision.has_labels:
        given = decision.probabilities(test.scores) > THRESHOLD
        return Measure((given != test.targets).any(axis=1).astype(np.float64), is_error=False)
    return Measure((subject.chosen("test", target, decision) != test.targets).astype(np.float64), is_error=False)


def declare(frame: pl.DataFrame, measure: Measure, subject: Subject, params: Evaluate) -> tuple[list[Facts], list[str]]:
    """Judge the declared slices; a sentence tells of one that holds no rows, or in a private product few."""
    fewest = params.min_slice_rows if subject.is_private else 1
    told, notes = list[Facts](), list[str]()
    for each in params.slices:
        where, held = rows_of(each, frame, subject.train)
        if held.sum() >= fewest:
            told.append(facts_of(where, measure.on(held, confidence_pct=params.confidence_pct)))
            continue
        holds = f"fewer than {fewest} test rows, and the product is private" if fewest > 1 else "no test row"
        notes.append(f"The declared slice {sentence(where)} holds {holds}.")
    return told, notes


def find(frame: pl.DataFrame, measure: Measure, subject: Subject, params: Evaluate) -> tuple[list[Facts], list[str]]:
    """Search for slices, among some of the rows where they are very many, and tell what was looked at."""
    notes = []
    if frame.height > MAX_SEARCHED_ROWS:
        some = drawn_places(frame.height, MAX_SEARCHED_ROWS, subject.schema.product.seed)
        notes.append(f"Slices were searched for among {MAX_SEARCHED_ROWS:,} of {frame.height:,} test rows.")
        frame, measure = frame[some], measure.among(some)
    fewest, confidence = params.min_slice_rows, params.confidence_pct
    values, names = values_of(frame, fewest, is_private=subject.is_private)
    if not names:
        return [], [*notes, f"No slices were searched for: no two values of a column are held by {fewest} test rows."]
    if len(names) > MAX_SEARCHED_VALUES:
        notes.append(
            f"Slices were searched for among the {MAX_SEARCHED_VALUES} values, of {len(names)}, that most rows hold."
        )
        common = np.sort(np.argsort(-values.has.sum(axis=0), kind="stable")[:MAX_SEARCHED_VALUES])
        values, names = Values(values.has[:, common], values.owners[common]), [names[place] for place in common]
    found, looked_at = search(values, measure, min_rows=fewest, max_found=params.max_slices, confidence_pct=confidence)
    notes.append(
        f"{looked_at:,} slices were looked at. Those found are worse than all rows, those of two columns worse than "
        f"either alone, too, by intervals that hold at {confidence:g} % for all of them together (Bonferroni)."
    )
    return [facts_of(dict(names[place] for place in each.values), each.found) for each in found], notes


def values_of(frame: pl.DataFrame, min_rows: int, *, is_private: bool) -> tuple[Values, Named]:
    """Return the values that enough rows hold, numbers in quarters, and their names."""
    names: Named = []
    has, owners = [], []
    for place, column in enumerate(frame.columns):
        try:
            groups = groups_in(frame, column, min_rows=min_rows, is_private=is_private)
        except DataError:  # a type that makes no groups, such as a duration
            continue
        if len(groups.names) + len(groups.too_small) < 2:
            continue  # it is all rows
        names += [(column, name) for name in groups.names]
        has += [groups.numbers == number for number in range(len(groups.names))]
        owners += [place] * len(groups.names)
    return Values(np.array(has, dtype=bool).T, np.array(owners)), names


def facts_of(where: dict[str, str], found: Found) -> Facts:
    """Return a slice as slices.json has it."""
    figures = {"value": rounded(found.value), "low": rounded(found.low), "high": rounded(found.high)}
    return {"where": where, "rows": found.rows, **figures}


def worst_first(told: list[Facts], measure: Measure) -> list[Facts]:
    """Sort slices: low accuracy first, or high error."""
    return sorted(told, key=lambda each: -each["value"] if measure.is_error else each["value"])
