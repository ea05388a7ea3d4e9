"""Clean and deal out rows: `python -m tasks.preprocess VALIDATE SUITE OUT --params products/NAME/params.yaml`.

Two passes over rows that are never held: the first cleans, counts and finds copies, the second deals them out.
"""

from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError, Refused
from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.gx_polars.parting import KEY, sink_parts
from slipway.gx_polars.splitting import Split
from slipway.product.preprocess import Preprocess
from slipway.stage import main
from slipway.suites.checking import check, loaded_beside
from slipway.suites.splitting import split_by
from slipway.suites.suite import read_suite
from slipway.tables.anonymising import anonymity, require_anonymity
from slipway.tables.cleaning import prepare
from slipway.tables.labels import labels_of
from slipway.tables.leaving import counted
from slipway.tables.plan import Plan, require_columns
from slipway.tables.preparation import Preparation
from slipway.tables.schema import PART, PARTS, RESERVED, ROW_ID, Schema, read_schema
from slipway.tables.splitting import require_rows
from slipway.tables.survey import DESTINATIONS, Survey, survey

STRAY = "stray\n"


def preprocess(validate: Path, suite: Path, out: Path, params: Preprocess) -> Path:
    """Write train, validation, test and quarantine.parquet, plan.json, cleaning.json, checks.json and schema.json.

    Where quasi-identifiers are declared, anonymity.json says how many rows are alike in them.

    Raises:
        Refused: The table did not pass validate.
        ParamsError: A rule names a column that is not there or that it does not suit; there is no key for pseudonyms.
        DataError: A target or image is not what the schema says, a part is empty, the clean suite fails, or rows
            are not as anonymous as declared.
    """
    with whole_folder(out) as folder:
        refuse_failed(read_json(validate / "validation.json"))
        plan = Preparation(pl.scan_parquet(validate / "table.parquet"), read_schema(validate), params)
        require_columns(params.columns, plan.schema)
        clean = folder / "clean.parquet"
        try:
            with loaded_beside():
                found = survey(plan, unusable(plan.schema), clean)
                require_usable(plan, found)
                write_rows(plan, found, folder)
        finally:
            clean.unlink(missing_ok=True)  # no evidence: it is all rows once more
        warned = keep_checked(suite, folder)
        num_rows = count_rows(folder)
        require_rows(num_rows)
        plan.schema.write(folder)
        write_text(folder / "plan.json", plan_of(params).model_dump_json(indent=1) + "\n")
        write_json(folder / "cleaning.json", cleaning_report(plan, found, num_rows, warned))
        if params.anonymise.quasi_identifiers:
            report = anonymity(parts_of(folder), params.anonymise)
            write_json(folder / "anonymity.json", report)
            require_anonymity(report, params.anonymise)
    return out


def refuse_failed(validation: dict[str, Any]) -> None:
    """Refuse a table whose verdict is `passed: false`, with the first reasons."""
    if not validation["passed"]:
        reasons = "\n".join(validation["reasons"][:2])
        more = len(validation["reasons"]) - 2
        raise Refused(f"the data did not pass validate: {reasons}" + (f"\nand {more} more reasons" if more > 0 else ""))


def unusable(schema: Schema) -> dict[str, pl.Expr]:
    """Mark what later stages cannot take: classes that are not listed, images of another size."""
    marks: dict[str, pl.Expr] = {}
    for name, target in schema.targets.items():
        if target.label_delimiter is not None:
            strange = labels_of(name, target.label_delimiter).list.set_difference(pl.lit(target.classes))
            marks[f"{STRAY}{name}"] = strange.list.len() > 0
        elif target.classes is not None:
            marks[f"{STRAY}{name}"] = ~pl.col(name).is_in(target.classes)  # null, and no mark, where it is missing
    if schema.image_shape is not None:
        height, width, channels = schema.image_shape
        size = pl.col("image").bin.size()
        marks["misshapen"] = size.is_null() | (size != height * width * channels)
    return marks


def require_usable(plan: Preparation, found: Survey) -> None:
    """Refuse what later stages cannot take, with examples.

    Raises:
        DataError: There is such a row among those that stay.
    """
    schema = plan.schema
    for name, mark in unusable(schema).items():
        if count := found.sums[name]:
            rows = found.rows.filter(plan.leaving.stays & mark)
            ids = rows.select(ROW_ID).head(3).collect(engine="streaming")[ROW_ID].to_list()
            if name.startswith(STRAY):
                target = name.removeprefix(STRAY)
                held = rows.select(pl.col(target).unique()).collect(engine="streaming")[target].sort().head(5).to_list()
                what = f"column '{target}' holds {held}, not among {schema.targets[target].classes}"
                mend = f"{schema.place_of(target)}.classes"
            else:
                what = "images are missing, or have no {} x {} x {} bytes".format(*schema.image_shape or ())
                mend = "product"
            raise DataError(
                f"in {count:,} rows (_id {', '.join(map(str, ids))}...) {what}.\n"
                f"Have raw.suite.yaml send them to quarantine, or correct {mend} or the source."
            )


def write_rows(plan: Preparation, found: Survey, folder: Path) -> None:
    """Write the parts in one pass and the quarantine with its reasons in another, each in the order of the source."""
    dealt = found.rows.with_columns(found.destination.alias(KEY)).filter(pl.col(KEY) < len(PARTS))
    sink_parts(dealt.select(*plan.written, KEY), {n: folder / f"{part}.parquet" for n, part in enumerate(PARTS)})
    bad = found.going_to("quarantine").select(*plan.written, plan.leaving.reasons)
    bad.sink_parquet(folder / "quarantine.parquet", compression="lz4")


def count_rows(folder: Path) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in DESTINATIONS}
    return {name: rows.select(pl.len()).collect().item() for name, rows in tables.items()}


def parts_of(folder: Path) -> pl.LazyFrame:
    """Return the rows of all parts."""
    return pl.concat([pl.scan_parquet(folder / f"{part}.parquet") for part in PARTS])


def plan_of(params: Preprocess) -> Plan:
    """Return what is left to fit, and what a privacy mechanism must know of what was done."""
    split = params.split
    return Plan(
        numbers=params.numbers,
        categories=params.categories,
        texts=params.texts,
        tokens=params.tokens,
        image=params.image,
        columns={name: params.steps_of(name) for name in params.columns},
        split_by=[*split.by, *[name for name in (split.stratify, split.time) if name is not None]],
        duplicates="drop" if params.unique is not None else params.duplicates,
    )


def cleaning_report(
    plan: Preparation, found: Survey, num_rows: dict[str, int], warned: dict[str, int]
) -> dict[str, Any]:
    """Return what was changed, and how often, and what a server has to repeat."""
    sums = found.sums
    return {
        "rows": {
            "in": found.num_rows,
            "without_target": sums["without_target"],
            "without_required": sums["without_required"],
            "duplicates": found.num_copies,
            "repeated_keys": found.num_repeats,
            **num_rows,
        },
        "dropped_columns": plan.dropped,
        "pseudonymised": plan.pseudonymised,
        "dates": {name: [part.meta.output_name() for part in parts] for name, parts in plan.parts.items()},
        "without_required": counted(sums, "without"),
        "quarantined": counted(sums, "beyond") | warned,
        "changed": plan.cleaning.counted(found.changed),
        "numbers_as_texts": found.numbers_as_texts,
        "prepare": prepare(plan.cleaning.schema, plan.params),
    }


def keep_checked(suite: Path, folder: Path) -> dict[str, int]:
    """Run the clean suite over all parts together, and send rows that break a row-level warning to quarantine.

    Returns:
        For each warning that failed, how many rows broke it.

    Raises:
        DataError: A check of severity critical, or one about the whole table, failed.
    """
    dealt = pl.concat(
        [pl.scan_parquet(folder / f"{part}.parquet").with_columns(pl.lit(part).alias(PART)) for part in PARTS]
    )
    report = check(dealt.drop(RESERVED, strict=False), read_suite(suite), where=suite)
    failed = report.failed()
    fatal = [str(each) for each in failed if each.num_rows is None or each.expectation.severity == "critical"]
    content = {"passed": not fatal, "reasons": [str(each) for each in failed], "result": report.result}
    write_json(folder / "checks.json", content)
    if fatal:
        more = f", and {len(fatal) - 1} more" if fatal[1:] else ""
        raise DataError(f"{suite}: the cleaned rows do not keep {fatal[0]}{more}")
    if failed:
        part_again(split_by(report, dealt, where=suite), folder)
    return {each.expectation.title: each.num_rows or 0 for each in failed}


def part_again(checked: Split, folder: Path) -> None:
    """Write the parts without the rows that broke a check, and those with their reasons to the quarantine."""
    good, bad = checked.parts()
    again = {part: good.filter(pl.col(PART) == part).drop(PART) for part in PARTS}
    before = pl.scan_parquet(folder / "quarantine.parquet")
    again["quarantine"] = pl.concat([before, bad.drop(PART)])
    for name, rows in again.items():
        rows.sink_parquet(folder / f"{name}.new", compression="lz4")
    for name in again:
        (folder / f"{name}.new").replace(folder / f"{name}.parquet")


if __name__ == "__main__":
    main(preprocess)
