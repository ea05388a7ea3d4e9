"""Clean and deal out rows: `python -m tasks.preprocess VALIDATE SUITE OUT --params products/NAME/params.yaml`."""

from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError, ParamsError, Refused
from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.product.preprocess import Preprocess
from slipway.stage import main
from slipway.suites.checking import check
from slipway.suites.suite import read_suite
from slipway.tables.cleaning import clean, cleaned_schema, count_changes, dropped_columns, numbers_as_texts, prepare
from slipway.tables.plan import Plan, require_columns
from slipway.tables.schema import PART, PARTS, RESERVED, ROW_ID, Schema, kind_of, read_schema
from slipway.tables.splitting import require_rows, with_part


def preprocess(validate: Path, suite: Path, out: Path, params: Preprocess) -> Path:
    """Write train, validation and test.parquet (cleaned, in natural units), plan.json, cleaning.json and checks.json.

    Raises:
        Refused: The table did not pass validate.
        DataError: A target or image is not what the schema says, a part is empty, or the clean suite fails.
    """
    with whole_folder(out) as folder:
        refuse_failed(read_json(validate / "validation.json"))
        schema = read_schema(validate)
        raw = pl.scan_parquet(validate / "table.parquet")
        split, num_rows = deal(raw, schema, params)
        new = cleaned_schema(schema, split.schema)
        require_columns(params.columns, new)
        require_usable(split, new)
        num_rows |= write_parts(split, folder)
        write_json(folder / "cleaning.json", cleaning_report(raw, schema, params, num_rows))
        plan = Plan(
            numbers=params.numbers,
            categories=params.categories,
            texts=params.texts,
            image=params.image,
            columns={name: params.steps_of(name) for name in params.columns},
            split_by=params.split.by,
            duplicates=params.duplicates,
        )
        write_text(folder / "plan.json", plan.model_dump_json(indent=1) + "\n")
        new.write(folder)
        require_checks(split, suite, folder)
    return out


def refuse_failed(validation: dict[str, Any]) -> None:
    """Refuse a table whose verdict is `passed: false`, with the first reasons."""
    if not validation["passed"]:
        reasons = "\n".join(validation["reasons"][:2])
        more = len(validation["reasons"]) - 2
        raise Refused(f"the data did not pass validate: {reasons}" + (f"\nand {more} more reasons" if more > 0 else ""))


def deal(raw: pl.LazyFrame, schema: Schema, params: Preprocess) -> tuple[pl.DataFrame, dict[str, int]]:
    """Clean the rows, drop those without target and exact copies, and give each its part.

    Copies are compared over all columns of the source, identifiers included: two people with equal
    measurements are two. Rows equal in what is kept share a part, so that none is on both sides.

    Returns:
        The rows with `_id` and `_split`, and how many rows came, had no target, were copies.
    """
    cleaned = clean(raw, schema, params)
    for column in cleaned_schema(schema, cleaned.collect_schema()).features:
        kind_of(column)  # refuses a type that no step prepares
    columns = [name for name in cleaned.collect_schema().names() if name not in RESERVED]
    target = schema.product.target
    kept = cleaned.filter(pl.col(target).is_not_null()) if target else cleaned
    unique = kept.unique(columns, keep="first", maintain_order=True) if params.duplicates == "drop" else kept
    leaving = dropped_columns(schema.product, columns)
    by = params.split.by or [name for name in columns if name not in leaving]
    if unknown := [name for name in by if name not in (*columns, ROW_ID)]:
        raise ParamsError(f"preprocess.split.by names {unknown}, which the table does not have: {', '.join(columns)}")
    shares = params.split
    table = unique.collect(engine="streaming")
    split = with_part(table, by=by, seed=schema.product.seed, validation=shares.validation, test=shares.test)
    came, with_target = (rows.select(pl.len()).collect(engine="streaming").item() for rows in (raw, kept))
    return split.drop(leaving), {
        "in": came,
        "without_target": came - with_target,
        "duplicates": with_target - table.height,
    }


def require_usable(rows: pl.DataFrame, schema: Schema) -> None:
    """Check what later stages rely on: listed classes, images of the stated size."""
    if schema.classes is not None:
        target = schema.require_target()
        stray = rows.filter(~pl.col(target).is_in(schema.classes))
        held = sorted(set(stray[target]))[:5]
        _refuse(stray, f"column '{target}' holds {held}, not among {schema.classes}", mend="product.classes")
    if schema.image_shape is not None:
        height, width, channels = schema.image_shape
        size = pl.col("image").bin.size()
        wrong = rows.filter(size.is_null() | (size != height * width * channels))
        _refuse(wrong, f"images are missing, or have no {height} x {width} x {channels} bytes", mend="product")


def _refuse(wrong: pl.DataFrame, what: str, *, mend: str) -> None:
    if not wrong.is_empty():
        raise DataError(
            f"in {wrong.height:,} rows (_id {', '.join(map(str, wrong[ROW_ID].head(3)))}...) {what}.\n"
            f"Have raw.suite.yaml send them to quarantine, or correct {mend} or the source."
        )


def write_parts(split: pl.DataFrame, folder: Path) -> dict[str, int]:
    """Write each part and return how many rows it has."""
    parts = {part: split.filter(pl.col(PART) == part).drop(PART) for part in PARTS}
    require_rows({part: rows.height for part, rows in parts.items()})
    for part, rows in parts.items():
        rows.write_parquet(folder / f"{part}.parquet")
    return {part: rows.height for part, rows in parts.items()}


def cleaning_report(raw: pl.LazyFrame, schema: Schema, params: Preprocess, num_rows: dict[str, int]) -> dict[str, Any]:
    """Return what was changed, and how often, and what a server has to repeat."""
    dropped = dropped_columns(schema.product, [column.name for column in schema.columns])
    return {
        "rows": num_rows,
        "dropped_columns": dropped,
        **count_changes(raw, schema, params),
        "numbers_as_texts": numbers_as_texts(raw, schema, params),
        "prepare": prepare(schema, params),
    }


def require_checks(rows: pl.DataFrame, suite: Path, folder: Path) -> None:
    """Run the clean suite over all parts together, and fail if a check does."""
    report = check(rows.drop(RESERVED, strict=False), read_suite(suite), where=suite)
    failed = [str(each) for each in report.failed()]
    write_json(folder / "checks.json", {"passed": not failed, "reasons": failed, "result": report.result})
    if failed:
        raise DataError(
            f"{suite}: the cleaned rows do not keep {failed[0]}"
            + (f", and {len(failed) - 1} more" if failed[1:] else "")
        )


if __name__ == "__main__":
    main(preprocess)
