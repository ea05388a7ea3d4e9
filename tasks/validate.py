"""Part good rows from bad ones: `python -m tasks.validate INGEST SUITE OUT --params products/NAME/params.yaml`."""

from pathlib import Path

import polars as pl

from slipway.files import whole_folder, write_json
from slipway.product.validate import Validate
from slipway.stage import main
from slipway.suites.checking import Report
from slipway.suites.compiling import write_rules
from slipway.suites.rules import Kind
from slipway.suites.splitting import check_and_split
from slipway.suites.suite import read_suite
from slipway.tables.schema import NUMBER_DTYPES, RESERVED, Schema, read_schema

KINDS: dict[str, Kind] = {
    "String": "text",
    "Binary": "bytes",
    "Date": "date",
    **{f"Datetime(time_unit='{unit}', time_zone=None)": "date" for unit in ("ms", "us", "ns")},
    **dict.fromkeys(NUMBER_DTYPES, "number"),
}


def validate(ingest: Path, suite: Path, out: Path, params: Validate) -> Path:
    """Write table.parquet (good rows), quarantine.parquet (bad rows with `_reasons`), validation.json and rules.json.

    A failed check is a verdict, not an error: the stage completes with `passed: false` and the
    reasons, and preprocess refuses to go on. No row is dropped: good and bad ones are all that came.
    The table is read, checked and parted as a stream, larger than memory if need be.
    """
    with whole_folder(out) as folder:
        schema = read_schema(ingest)
        expected = read_suite(suite)
        good, bad = folder / "table.parquet", folder / "quarantine.parquet"
        rows = pl.scan_parquet(ingest / "table.parquet")
        report = check_and_split(rows, expected, good=good, bad=bad, where=suite, hidden=RESERVED)
        write_json(folder / "validation.json", verdict(report, num_rows(good), num_rows(bad), params))
        write_rules(folder / "rules.json", expected.expectations, served_kinds(schema))
        schema.write(folder)
    return out


def verdict(report: Report, num_good: int, num_bad: int, params: Validate) -> dict[str, object]:
    """Judge: table-level and critical failures fail the table, and so does a quarantine over its budget."""
    fatal = [each for each in report.failed() if each.num_rows is None or each.expectation.severity == "critical"]
    reasons = [str(each) for each in fatal]
    num_rows = num_good + num_bad
    bad_pct = round(100 * num_bad / num_rows, 4) if num_rows else 0.0
    if bad_pct > params.max_quarantine_pct:
        worst = max(report.failed(), key=lambda each: each.num_rows or 0)
        reasons.append(
            f"{num_bad:,} of {num_rows:,} rows ({bad_pct:g} %) broke a rule and went to quarantine; "
            f"validate.max_quarantine_pct allows {params.max_quarantine_pct:g} %. Most of them: {worst}"
        )
    return {
        "passed": not reasons,
        "reasons": reasons,
        "rows": num_rows,
        "quarantined": num_bad,
        "quarantined_pct": bad_pct,
        "result": report.result,
    }


def num_rows(path: Path) -> int:
    """Read the number of rows from a Parquet file's footer."""
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def served_kinds(schema: Schema) -> dict[str, Kind]:
    """Say what a server receives for each feature; one of another type is for preprocess to coerce or refuse."""
    return {column.name: KINDS[column.dtype] for column in schema.features if column.dtype in KINDS}


if __name__ == "__main__":
    main(validate)
