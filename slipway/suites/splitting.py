"""Part the rows of a table into good ones and quarantine, and check it; what one pass tells is not read again."""

from pathlib import Path

import polars as pl

from slipway.errors import DataError
from slipway.gx_polars.dependent_rules import Broken
from slipway.gx_polars.splitting import Split, find_broken
from slipway.suites.checking import Finding, Report, check, loaded_beside, row_rules
from slipway.suites.suite import Suite
from slipway.tables.schema import REASONS


def check_and_split(
    rows: pl.LazyFrame, suite: Suite, *, good: Path, bad: Path, where: Path, hidden: tuple[str, ...] = ()
) -> Report:
    """Run the suite, and write good rows and bad rows with `_reasons`, both in the table's order.

    A row is bad if it breaks a row-level expectation of severity warning or critical that fails; one
    that holds within its `mostly` sends no row away. What a row breaks by itself, without `mostly`,
    is known as it is read. Where more fails (a `mostly`, a value that is not unique), the rows are
    read and written once more.

    Args:
        rows: The table, which is never collected.
        suite: What is expected.
        good: Where good rows go, as Parquet.
        bad: Where bad rows go, with the titles of what they break.
        where: The suite's file, for errors.
        hidden: Columns that are written, and that the suite does not see.
    """
    schema = dict(rows.collect_schema())
    rules = [rule for rule in row_rules(suite, schema, where=where) if rule.severity != "info"]
    first = [(rule.title, Broken(expr=rule.bad)) for rule in rules if rule.is_strict]
    seen = rows.drop(hidden, strict=False)
    with loaded_beside():
        written = Split(rows, first, reasons=REASONS).written(good, bad, seen)
    report = check(written, suite, where=where)
    failed = [finding for finding in report.failed() if finding.num_rows]
    if not {finding.expectation.title for finding in failed} <= {title for title, _ in first}:
        split_by(report, rows, where=where).write(good, bad)
    return report


def split_by(report: Report, rows: pl.LazyFrame, *, where: Path) -> Split:
    """Return the rows in two: those that break nothing that failed, and those that do.

    Args:
        report: What the suite found in these rows.
        rows: The rows, in the same order.
        where: The suite's file, for errors.
    """
    failed = [finding for finding in report.failed() if finding.num_rows]
    broken = [(finding.expectation.title, _find(finding, rows, where)) for finding in failed]
    return Split(rows, broken, reasons=REASONS)


def _find(finding: Finding, rows: pl.LazyFrame, where: Path) -> Broken:
    broken = find_broken(finding.expectation.type, finding.expectation.kwargs, rows)
    if broken is None:
        raise DataError(f"{where}: {finding}, and nothing says which rows these are")
    return broken
