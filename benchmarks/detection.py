"""Error detection cell by cell: a drafted suite alone, and a hand-written one, where the clean table is known.

    SLIPWAY_DATA=FOLDER python benchmarks/detection.py

The suite is drafted from the dirty table alone. A cell counts as found where a row-level expectation about its
column is broken in its row; a cell is an error where it differs, as a text without the spaces around it, from the
cell in the same place of the clean table. Three readings of a suite: `sends away` takes the rules that send rows to
quarantine, `reports` adds what is only logged (severity info) and what `mostly` allows, as Great Expectations lists
both with result_format COMPLETE. The hand-written suites stand in benchmarks/suites; their expectations look at rows
as texts.
"""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import polars as pl

from slipway.drafting.drafting import draft
from slipway.drafting.suites import suite_of
from slipway.product.ingest import AnySource, Read, Source
from slipway.sources.opening import open_source
from slipway.suites.checking import RowRule, check, row_rules
from slipway.suites.suite import Suite, read_suite

SUITES = Path(__file__).parent / "suites"
TABLES = ("raha beers", "raha flights", "raha hospital", "holoclean hospital")


class Score(NamedTuple):
    """How much of what was found is an error, and how much of the errors was found."""

    precision: float
    recall: float
    f1: float
    found: int


def texts(path: Path) -> pl.DataFrame:
    """Read a CSV file as texts."""
    return pl.read_csv(path, infer_schema=False)


def clean_table(data: Path, name: str, dirty: pl.DataFrame) -> pl.DataFrame:
    """Return the clean version under the dirty one's column names."""
    publisher, table = name.split()
    if publisher == "raha":
        clean = texts(data / publisher / table / "clean.csv")
        return clean.rename(dict(zip(clean.columns, dirty.columns, strict=True)))
    cells = texts(data / publisher / f"{table}_clean.csv").with_columns(pl.col("tid").cast(pl.Int64))
    wide = cells.pivot(on="attribute", index="tid", values="correct_val").sort("tid")
    return wide.select(dirty.columns)


def errors(dirty: pl.DataFrame, clean: pl.DataFrame) -> pl.DataFrame:
    """Return true where a cell is wrong."""
    return pl.DataFrame({name: _plain(dirty[name]) != _plain(clean[name]) for name in dirty.columns})


def _plain(column: pl.Series) -> pl.Series:
    return column.fill_null("").str.strip_chars()


def flagged(rows: pl.DataFrame, rules: list[RowRule]) -> pl.DataFrame:
    """Return true where an expectation about a cell's column is broken in its row."""
    bad = {name: pl.lit(False) for name in rows.columns}
    for rule in rules:
        for name in rule.expectation.columns:
            bad[name] = bad[name] | rule.bad
    return rows.select(expression.alias(name) for name, expression in bad.items())


def score(found: pl.DataFrame, wrong: pl.DataFrame) -> Score:
    """Compare two tables of flags."""
    right = sum(int((found[name] & wrong[name]).sum()) for name in wrong.columns)
    num_found = sum(int(found[name].sum()) for name in wrong.columns)
    num_wrong = sum(int(wrong[name].sum()) for name in wrong.columns)
    precision = right / num_found if num_found else 0.0
    recall = right / num_wrong
    return Score(precision, recall, 2 * right / (num_found + num_wrong), num_found)


def read(source: AnySource, folder: Path) -> pl.DataFrame:
    """Read a table as ingest does."""
    return open_source(source, folder).frame.collect()


def judge(label: str, suite: Suite, rows: pl.DataFrame, wrong: pl.DataFrame) -> list[dict[str, object]]:
    """Score a suite in both readings; Great Expectations must count what the rules count."""
    rules = row_rules(suite, rows.schema, where=Path(label))
    counts = {str(each.expectation): each.num_rows for each in check(rows, suite, where=Path(label)).findings}
    for rule in rules:
        if counts[str(rule.expectation)] != rows.select(rule.bad.sum()).item():
            raise AssertionError(f"{rule.title}: Great Expectations counts otherwise")
    sending = [rule for rule in rules if rule.severity != "info" and rule.is_strict]
    readings = {"sends away": sending, "reports": rules} if label == "drafted" else {"reports": rules}
    scores = {reading: score(flagged(rows, chosen), wrong) for reading, chosen in readings.items()}
    return [{"suite": label, "reading": reading, **one._asdict()} for reading, one in scores.items()]


def measure(data: Path, name: str) -> list[dict[str, object]]:
    """Score the drafted and the hand-written suite on one table."""
    publisher, table = name.split()
    file = data / publisher / table / "dirty.csv" if publisher == "raha" else data / publisher / f"{table}.csv"
    dirty = texts(file)
    wrong = errors(dirty, clean_table(data, name, dirty))
    num_wrong = sum(int(column.sum()) for column in wrong.iter_columns())
    with tempfile.TemporaryDirectory() as work:
        drafted = draft(file, Path(work))
        as_drafted = read(drafted.found.sources[None], file.parent)
        results = judge("drafted", suite_of("drafted", drafted.suites.raw), as_drafted, wrong)
    hand_written = read_suite(SUITES / f"{publisher}_{table}.yaml")
    as_texts = read(Source(file=file.name, read=Read(strings=dirty.columns)), file.parent)
    results += judge("hand-written", hand_written, as_texts, wrong)
    return [{"table": name, "cells": dirty.height * dirty.width, "errors": num_wrong, **one} for one in results]


def main() -> None:
    """Print a line for each table, suite and reading."""
    os.environ.setdefault("SLIPWAY_DATA", "")
    data = Path(os.environ["SLIPWAY_DATA"])
    results = [line for name in TABLES for line in measure(data, name)]
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, float_precision=3, tbl_hide_dataframe_shape=True):
        print(pl.DataFrame(results))


if __name__ == "__main__":
    main()
