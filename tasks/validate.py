"""Part good rows from bad ones: `python -m tasks.validate INGEST SUITE OUT --params products/NAME/params.yaml`."""

from pathlib import Path

import polars as pl

from slipway.files import whole_folder, write_json
from slipway.product.validate import Validate
from slipway.stage import main
from slipway.suites.checking import Finding, Report, check
from slipway.suites.compiling import write_rules
from slipway.suites.rules import Kind
from slipway.suites.suite import read_suite
from slipway.tables.schema import NUMBER_DTYPES, REASONS, RESERVED, ROW_ID, Schema, read_schema

KINDS: dict[str, Kind] = {"String": "text", "Binary": "bytes", **dict.fromkeys(NUMBER_DTYPES, "number")}


def validate(ingest: Path, suite: Path, out: Path, params: Validate) -> Path:
    """Write table.parquet (good rows), quarantine.parquet (bad rows with `_reasons`), validation.json and rules.json.

    A failed check is a verdict, not an error: the stage completes with `passed: false` and the
    reasons, and preprocess refuses to go on. No row is dropped: good and bad ones are all that came.
    """
    with whole_folder(out) as folder:
        schema = read_schema(ingest)
        expected = read_suite(suite)
        table = pl.read_parquet(ingest / "table.parquet")
        report = check(table.drop(RESERVED, strict=False), expected, where=suite)
        good, bad = quarantine(table, report.failed())
        good.write_parquet(folder / "table.parquet")
        bad.write_parquet(folder / "quarantine.parquet")
        write_json(folder / "validation.json", verdict(report, good.height, bad.height, params))
        write_rules(folder / "rules.json", expected.expectations, served_kinds(schema))
        schema.write(folder)
    return out


def quarantine(table: pl.DataFrame, failed: list[Finding]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split the table into rows that break nothing, and rows that do with `_reasons`, in the suite's order.

    A row-level expectation that holds (within its `mostly`) sends no row away.
    """
    pairs = [(row, finding.expectation.title) for finding in failed for row in finding.rows or []]
    rows, titles = [row for row, _ in pairs], [title for _, title in pairs]
    broken = pl.DataFrame({ROW_ID: table[ROW_ID].gather(rows), REASONS: pl.Series(titles, dtype=pl.String)})
    reasons = broken.group_by(ROW_ID, maintain_order=True).agg(REASONS)
    marked = table.join(reasons, on=ROW_ID, how="left", maintain_order="left")
    is_good = pl.col(REASONS).is_null()
    return marked.filter(is_good).drop(REASONS), marked.filter(~is_good)


def verdict(report: Report, num_good: int, num_bad: int, params: Validate) -> dict[str, object]:
    """Judge: table-level and critical failures fail the table, and so does a quarantine over its budget."""
    fatal = [each for each in report.failed() if each.rows is None or each.expectation.severity == "critical"]
    reasons = [str(each) for each in fatal]
    num_rows = num_good + num_bad
    bad_pct = round(100 * num_bad / num_rows, 4) if num_rows else 0.0
    if bad_pct > params.max_quarantine_pct:
        reasons.append(
            f"{num_bad:,} of {num_rows:,} rows ({bad_pct:g} %) broke a rule and went to quarantine; "
            f"validate.max_quarantine_pct allows {params.max_quarantine_pct:g} %"
        )
    return {
        "passed": not reasons,
        "reasons": reasons,
        "rows": num_rows,
        "quarantined": num_bad,
        "quarantined_pct": bad_pct,
        "result": report.result,
    }


def served_kinds(schema: Schema) -> dict[str, Kind]:
    """Say what a server receives for each feature; one of another type is for preprocess to coerce or refuse."""
    return {column.name: KINDS[column.dtype] for column in schema.features if column.dtype in KINDS}


if __name__ == "__main__":
    main(validate)
