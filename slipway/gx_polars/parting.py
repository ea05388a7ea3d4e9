"""Part the rows of a table into Parquet files in one pass, as a stream, each file in the table's order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

KEY = "__key"
"""The column that says where a row goes; it is not written."""


class Tally:
    """Counts that are added up batch by batch, while the rows pass by.

    Args:
        counts: Aggregates whose values of batches add up to that of the table.
    """

    def __init__(self, counts: Sequence[pl.Expr]) -> None:
        self.counts = [each.alias(f"count_{place}") for place, each in enumerate(counts)]
        self.batches: list[pl.DataFrame] = []

    def watch(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the same rows, looked at as they are read."""
        return rows.map_batches(self._add, streamable=True, validate_output_schema=False)

    def _add(self, batch: pl.DataFrame) -> pl.DataFrame:
        self.batches.append(batch.select(self.counts))
        return batch

    @property
    def totals(self) -> list[int]:
        """The counts, in their order."""
        return list(pl.concat(self.batches).sum().row(0)) if self.batches else [0] * len(self.counts)


def sink_parts(rows: pl.LazyFrame, files: Mapping[Any, Path]) -> None:
    """Write each row to the file of its key; a file that gets no row has the columns alone.

    One sink that parts, not a sink a file: what several sinks of one query read waits in memory for the slowest, and
    a query a file reads, and judges, all rows again. LZ4, since better compression takes most of a write's time.

    Args:
        rows: The table, which is never collected, with a column `KEY`.
        files: Where the rows of each key go, all in one folder; every key that occurs is among them.
    """
    written: set[Path] = set()

    def file_of(part: Any) -> Path:
        path = files[part.partition_keys.item(0, KEY)]
        assert path not in written, f"{path.name} is written as one file"
        written.add(path)
        return Path(path.name)  # polars puts the folder before it

    parts = pl.PartitionBy(
        next(iter(files.values())).parent,
        key=KEY,
        include_key=False,
        file_path_provider=file_of,
        approximate_bytes_per_file=None,
    )
    rows.sink_parquet(parts, compression="lz4")
    for path in files.values():
        if path not in written:
            pl.DataFrame(schema=rows.drop(KEY).collect_schema()).write_parquet(path, compression="lz4")
