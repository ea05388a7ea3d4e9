"""Read the source into one table: `python -m tasks.ingest SOURCE OUT --params products/NAME/params.yaml`."""

from pathlib import Path

import polars as pl

from slipway.errors import DataError
from slipway.files import whole_folder
from slipway.product.ingest import Ingest, Source
from slipway.product.product import Product
from slipway.stage import main
from slipway.tables.describing import describe
from slipway.tables.sources import broken_text, open_sources


def ingest(source: Path, out: Path, params: Ingest, product: Product) -> Path:
    """Write table.parquet (all rows with `_id`, and `_split` where they came split) and schema.json.

    Rows stream from the source into the table, so a table larger than memory passes.
    """
    with whole_folder(out) as folder:
        rows = open_sources(params.sources(), source)
        try:
            rows.frame.sink_parquet(folder / "table.parquet")
        except pl.exceptions.PolarsError as error:
            raise DataError(_which_source(source, params, error)) from None
        describe(pl.scan_parquet(folder / "table.parquet"), product, rows.image_shape).write(folder)
    return out


def _which_source(folder: Path, params: Ingest, error: Exception) -> str:
    """Name the broken line, looked for in every delimited file that was read."""
    texts = [
        each
        for each in params.sources().values()
        if isinstance(each, Source) and each.file.lower().endswith((".csv", ".tsv"))
    ]
    reports = [broken_text(folder / each.file, each, error) for each in texts]
    located = [report for report in reports if ", line " in report]
    return (located or reports or [f"ingest.source cannot be read: {error}"])[0]


if __name__ == "__main__":
    main(ingest)
