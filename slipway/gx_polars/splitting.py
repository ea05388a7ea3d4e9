"""Good rows to one file, bad rows with their reasons to another, as a stream; bad ones are then counted in theirs."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Rows, WhileWriting
from slipway.gx_polars.columns import Table
from slipway.gx_polars.dependent_rules import Broken, dependent_rows
from slipway.gx_polars.rounds import Outcome, Running, run_rounds, signature, step
from slipway.gx_polars.row_rules import DEPENDENT, row_rule

IS_BAD = "__is_bad"


def find_broken(type_: str, kwargs: Mapping[str, Any], rows: pl.LazyFrame) -> Broken | None:
    """Find the rows that break a row-level expectation, one that depends on other rows included.

    Returns:
        None where the expectation is about the whole table.
    """
    schema = dict(rows.collect_schema())
    if type_ not in DEPENDENT:
        rule = row_rule(type_, kwargs, schema)
        return None if rule is None else Broken(expr=rule)
    outcome = Outcome()
    running = Running("broken", Rows(rows), dependent_rows(DEPENDENT[type_], kwargs, Table(schema)), {})
    if step(running, None, outcome):
        run_rounds([running], outcome)
    if outcome.errors:
        raise outcome.errors["broken"]
    return outcome.values["broken"]


class Split:
    """A table in two: rows that break nothing, and rows that do.

    Args:
        rows: The table; its order is kept in both parts.
        broken: What a row must not break, with the title that becomes a reason.
        reasons: The column that lists the titles of what a bad row breaks, in their order.
    """

    def __init__(self, rows: pl.LazyFrame, broken: Sequence[tuple[str, Broken]], *, reasons: str) -> None:
        self.rows, self.reasons = rows, reasons
        self.titles = [title for title, _ in broken]
        self.names = rows.collect_schema().names()
        marks = {f"__mark_{place}": each.rows for place, (_, each) in enumerate(broken) if each.rows is not None}
        if marks:
            self.rows = pl.concat([rows, pl.DataFrame(marks).lazy()], how="horizontal")
        self.breaks = [
            pl.col(f"__mark_{place}") if each.expr is None else each.expr for place, (_, each) in enumerate(broken)
        ]

    @cached_property
    def marked(self) -> pl.LazyFrame:
        """The rows, and whether each is bad."""
        is_bad = pl.any_horizontal(self.breaks) if self.breaks else pl.lit(False)
        return self.rows.with_columns(is_bad.alias(IS_BAD))

    @cached_property
    def bad(self) -> pl.LazyFrame:
        """The bad rows."""
        return self.marked.filter(IS_BAD)

    def write(self, good: Path, bad: Path) -> None:
        """Write the two files, one after the other.

        Together, the faster one's rows would wait in memory for the slower: 7 GiB at 50 million rows. LZ4, since
        the time that better compression takes is most of a write.
        """
        for rows, path in zip(self.parts(), (good, bad), strict=True):
            rows.sink_parquet(path, compression="lz4")

    def parts(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Return the good rows, and the bad ones with their reasons."""
        titles = [pl.when(breaks).then(pl.lit(title)) for title, breaks in zip(self.titles, self.breaks, strict=True)]
        listed = pl.concat_list(titles).list.drop_nulls() if titles else pl.lit([], dtype=pl.List(pl.String))
        good = self.marked.filter(~pl.col(IS_BAD)).select(self.names)
        return good, self.bad.select(*self.names, listed.alias(self.reasons))

    def written(self, good: Path, bad: Path, seen: pl.LazyFrame) -> WhileWriting:
        """Write the two files, and return the table so that an engine counts bad rows in theirs.

        Args:
            good: The file of good rows.
            bad: The file of bad rows.
            seen: What is validated: the same rows, perhaps without some columns.
        """
        self.write(good, bad)
        rows = pl.scan_parquet(bad)
        keys = [signature(breaks.sum()) for breaks in self.breaks]
        return WhileWriting(seen, (), counted={key: rows for key in keys if isinstance(key, bytes)})
