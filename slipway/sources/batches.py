"""Rows that come one after the other, written to the disk in batches and scanned from there."""

from pathlib import Path
from typing import Any

import polars as pl

from slipway.sources.columnar import plain
from slipway.sources.workplace import Workplace

BATCH_BYTES = 64 << 20
BATCH_ROWS = 100_000


class Batches:
    """Parquet files in the scratch folder that together are one table, of which a batch is in memory."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._parts: list[pl.LazyFrame] = []
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, row: dict[str, Any], num_bytes: int) -> None:
        """Add a row of about this size."""
        self._rows.append(row)
        self._bytes += num_bytes
        if self._bytes >= BATCH_BYTES or len(self._rows) >= BATCH_ROWS:
            self.flush()

    def add_frame(self, frame: pl.DataFrame) -> None:
        """Add a batch of rows."""
        path = self._place.new_path(".parquet")
        plain(frame.lazy(), is_whole=False).sink_parquet(path)
        self._parts.append(pl.scan_parquet(path))

    def flush(self) -> None:
        """Write the rows that were added one by one."""
        if self._rows:
            self.add_frame(pl.DataFrame(self._rows, infer_schema_length=None))
        self._rows, self._bytes = [], 0

    def finish(self) -> pl.LazyFrame:
        """Return all rows; a column whose batches differ in type has the one that fits all, a text if need be."""
        self.flush()
        if not self._parts:
            return pl.LazyFrame()
        return plain(pl.concat(_alike(self._parts), how="vertical_relaxed"))


def scan_written(path: Path) -> pl.LazyFrame:
    """Scan a Parquet file that another program wrote, with plain types."""
    return plain(pl.scan_parquet(path))


def _alike(parts: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """Make texts of columns that are texts in one batch and something else in another."""
    schemas = [part.collect_schema() for part in parts]
    kinds = {name: {schema[name] for schema in schemas} - {pl.Null()} for name in schemas[0]}
    mixed = [name for name, found in kinds.items() if len(found) > 1 and pl.String() in found]
    return [part.with_columns(pl.col(mixed).cast(pl.String)) for part in parts] if mixed else parts
