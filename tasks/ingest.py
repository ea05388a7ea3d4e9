"""Read the source into one table: `python -m tasks.ingest SOURCE OUT --params products/NAME/params.yaml`."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError
from slipway.files import whole_folder, write_json
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from slipway.sources.opening import Table, open_sources
from slipway.stage import main
from slipway.tables.describing import describe
from slipway.tables.schema import PART

BROKEN = {"source": pl.String, "line": pl.Int64, "text": pl.String, "reason": pl.String}


def ingest(source: Path, out: Path, params: Ingest, product: Product) -> Path:
    """Write what the source holds, and what of it could not be read.

    Rows stream from the source into the table, so a table larger than memory passes. Written are table.parquet (all
    rows with `_id`, and `_split` where they came split), schema.json, broken.parquet (source, line, text and reason of
    what was put aside) and sources.json (for each source its files, their sha256, rows, broken and blank lines).
    """
    with whole_folder(out) as folder:
        scratch = folder / "scratch"
        try:
            table = _write_table(source, folder / "table.parquet", params, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        written = pl.scan_parquet(folder / "table.parquet")
        describe(written, product, table.image_shape).write(folder)
        broken = [line for opened in table.parts.values() for line in opened.broken]
        pl.DataFrame(broken, schema=BROKEN, orient="row").write_parquet(folder / "broken.parquet")
        write_json(folder / "sources.json", _report(table, written))
    return out


def _write_table(source: Path, path: Path, params: Ingest, scratch: Path) -> Table:
    """Write the rows with the types that their first suggest; where a later one does not fit, with those of all."""
    table = open_sources(params, source, scratch, exact=False)
    try:
        table.frame.sink_parquet(path, compression="lz4")
    except pl.exceptions.ComputeError:
        shutil.rmtree(scratch, ignore_errors=True)
    else:
        return table
    table = open_sources(params, source, scratch, exact=True)
    try:
        table.frame.sink_parquet(path, compression="lz4")
    except pl.exceptions.PolarsError as error:
        files = ", ".join(str(opened.origin.get("file")) for opened in table.parts.values())
        raise DataError(f"{files} cannot be read to its end: {str(error).strip().splitlines()[0]}") from None
    return table


def _report(table: Table, written: pl.LazyFrame) -> list[dict[str, Any]]:
    """Return the content of sources.json: an entry for each source, with its part where they came split."""
    rows = _rows_of_parts(table, written)
    return [
        {
            "part": part,
            **{key: value for key, value in opened.origin.items() if value is not None},
            "rows": rows[part],
            "broken": len(opened.broken),
            "blank_lines": opened.blank_lines,
        }
        for part, opened in table.parts.items()
    ]


def _rows_of_parts(table: Table, written: pl.LazyFrame) -> dict[str | None, int]:
    if None in table.parts:
        return {None: written.select(pl.len()).collect().item()}
    counted = written.group_by(PART).len().collect(engine="streaming")
    return dict.fromkeys(table.parts, 0) | dict(counted.rows())


if __name__ == "__main__":
    main(ingest)
