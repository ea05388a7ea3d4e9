"""Training rows in row groups that a reader can hold some of, however much a row takes."""

from pathlib import Path

import polars as pl

GROUP_ROWS, GROUP_BYTES = 65_536, 1 << 26
"""Of a row group: so many rows, or fewer where they take more than so much."""

SAMPLED_ROWS = 1024
KEY = "slipway.group_rows"


def write_groups(rows: pl.LazyFrame, path: Path) -> None:
    """Write rows, as a stream, in row groups whose size stands in the file."""
    few = rows.head(SAMPLED_ROWS).collect(engine="streaming")
    most = GROUP_BYTES * few.height // max(1, int(few.estimated_size()))
    group_rows = max(1, min(GROUP_ROWS, most))
    rows.sink_parquet(path, row_group_size=group_rows, metadata={KEY: str(group_rows)})


def group_rows_of(path: Path) -> int:
    """Return the rows of a row group; a file that others wrote does not say it, and may take longer to read."""
    return int(pl.read_parquet_metadata(path).get(KEY, GROUP_ROWS))
