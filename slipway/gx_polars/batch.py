"""What is read: a lazy frame, perhaps with files that are written in the same pass, and what one metric sees of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Table, Values
from slipway.gx_polars.conditions import row_filter
from slipway.gx_polars.row_rules import rows_looked_at


@dataclass
class WhileWriting:
    """A table that is validated in the same pass in which it is written.

    Attributes:
        rows: The table.
        sinks: Lazy sinks (`sink_parquet(..., lazy=True)`), run together with the first query.
        written: What later queries read; None: the rows again.
        counted: Where `expr.sum()` may be counted over fewer rows that the sinks have written, because it is false
            on all others: the serialised sum -> those rows. What a split found to be bad is counted in its file.
        known: What was added up while the rows were written: the serialised aggregate -> its value.
    """

    rows: pl.LazyFrame
    sinks: Sequence[pl.LazyFrame]
    written: pl.LazyFrame | None = None
    counted: Mapping[bytes | int, pl.LazyFrame] = field(default_factory=dict)
    known: Mapping[bytes | int, int] = field(default_factory=dict)

    @classmethod
    def to_parquet(cls, rows: pl.LazyFrame, path: Path) -> "WhileWriting":
        """Write the table itself; what failed is looked up in the file."""
        return cls(rows, [rows.sink_parquet(path, lazy=True)], pl.scan_parquet(path))

    def finish(self) -> None:
        """Run the sinks where no query has: a suite that only looks at the schema reads no row.

        Great Expectations turns what a write raises into results that failed; here it is raised again.
        """
        if self.sinks:
            pl.collect_all(list(self.sinks), engine="streaming")
            self.done()

    def done(self) -> None:
        """Note that the sinks have run."""
        self.sinks, self.counted, self.known = (), {}, {}
        if self.written is not None:
            self.rows = self.written


class Rows:
    """A table that is read when metrics are computed, and never collected."""

    def __init__(self, data: pl.DataFrame | pl.LazyFrame | WhileWriting) -> None:
        self.source = data if isinstance(data, WhileWriting) else WhileWriting(data.lazy(), ())
        self.table = Table(dict(self.source.rows.collect_schema()))


class Domain:
    """What one metric looks at: columns of a batch, on the rows that its row_condition leaves.

    Rows are masked, not filtered, so that metrics under different conditions fuse into one query.
    """

    def __init__(self, rows: Rows, kwargs: Mapping[str, Any]) -> None:
        self.rows, self.kwargs, self.table = rows, kwargs, rows.table
        if other := kwargs.get("table"):
            raise ValueError(f"PolarsExecutionEngine holds one table, none of the name '{other}': count its rows apart")
        condition = kwargs.get("row_condition")
        self.where = row_filter(condition, self.table) if condition else None

    @property
    def column(self) -> Values:
        """The column that the metric is about, null on rows that it does not look at."""
        values = self.table[self.kwargs["column"]]
        return values if self.where is None else Values(pl.when(self.where).then(values.expr), values.dtype)

    @property
    def names(self) -> list[str]:
        """The columns that a map metric is about."""
        single = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return [*single, *self.kwargs.get("column_list", [])]

    def num_rows(self) -> pl.Expr:
        """Count the rows that row_condition and ignore_row_if leave."""
        kept = rows_looked_at(self.kwargs, self.table) if self.names else self.where
        return pl.len() if kept is None else kept.sum()
