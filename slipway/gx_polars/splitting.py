"""Good rows to one file, bad rows with their reasons to another, as a stream; bad ones are then counted in theirs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Rows, WhileWriting
from slipway.gx_polars.columns import Table
from slipway.gx_polars.dependent_rules import Broken, dependent_rows
from slipway.gx_polars.parting import KEY, Tally, sink_parts
from slipway.gx_polars.rounds import Outcome, Running, run_rounds, signature, step
from slipway.gx_polars.row_rules import DEPENDENT, broken_rows, row_rule

BETWEEN = "\x00"
"""What no title holds: YAML has no such character."""


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
        self.marks = {f"__mark_{place}": each.rows for place, (_, each) in enumerate(broken) if each.rows is not None}
        if self.marks:
            self.rows = _beside(rows, pl.DataFrame(self.marks).lazy())
        self.breaks = [
            pl.col(f"__mark_{place}") if each.expr is None else each.expr for place, (_, each) in enumerate(broken)
        ]

    @property
    def is_bad(self) -> pl.Expr:
        """Whether a row breaks anything."""
        return pl.any_horizontal(self.breaks) if self.breaks else pl.lit(False)

    @property
    def why(self) -> pl.Expr:
        """The titles of what a row breaks."""
        if not self.breaks:
            return pl.lit([], dtype=pl.List(pl.String)).alias(self.reasons)
        titles = [pl.when(breaks).then(pl.lit(title)) for title, breaks in zip(self.titles, self.breaks, strict=True)]
        # To list the titles and drop what is null takes 20 times longer.
        joined = pl.concat_str(titles, separator=BETWEEN, ignore_nulls=True)
        return joined.str.split(BETWEEN).alias(self.reasons)

    def parts(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Return the good rows, and the bad ones with their reasons."""
        good = self.rows.filter(~self.is_bad).select(self.names)
        return good, self.rows.filter(self.is_bad).select(*self.names, self.why)

    def write(self, good: Path, bad: Path, tally: Tally | None = None) -> None:
        """Write the two files: one pass parts the rows, and a look at the bad ones alone says why they are.

        Args:
            good: The file of good rows.
            bad: The file of bad rows.
            tally: What is counted meanwhile.
        """
        parted = bad.with_name(f"{bad.name}.parted")
        keyed = self.rows.select(*self.names, self.is_bad.alias(KEY))
        sink_parts(keyed if tally is None else tally.watch(keyed), {False: good, True: parted})
        rows = pl.scan_parquet(parted)
        if self.marks:
            rows = _beside(rows, self.rows.filter(self.is_bad).select(list(self.marks)))
        rows.select(*self.names, self.why).sink_parquet(bad, compression="lz4")
        parted.unlink()

    def written(self, good: Path, bad: Path, seen: pl.LazyFrame) -> WhileWriting:
        """Write the two files, and return the table so that an engine counts bad rows in theirs.

        Args:
            good: The file of good rows.
            bad: The file of bad rows.
            seen: What is validated: the same rows, perhaps without some columns.
        """
        table = Table(dict(seen.collect_schema()))
        missing = [broken_rows("column_values.nonnull", {"column": name}, table).sum() for name in table.schema]
        counts = [pl.len(), *missing]
        tally = Tally(counts)
        self.write(good, bad, tally)
        known = dict(zip(map(signature, counts), tally.totals, strict=True))
        rows = pl.scan_parquet(bad)
        keys = [signature(breaks.sum()) for breaks in self.breaks]
        return WhileWriting(seen, (), counted={key: rows for key in keys if isinstance(key, bytes)}, known=known)


def _beside(rows: pl.LazyFrame, more: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([rows, more], how="horizontal")
