"""Rows that were set aside, as a page shows them: how many for which reason, and the first few of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_ROWS = 50
MAX_COLUMNS = 10
MAX_REASONS = 100
MAX_CELL = 50
SET_ASIDE = (
    ("Lines and files that could not be read", Path("ingest", "broken.parquet")),
    ("Rows that broke the raw suite", Path("validate", "quarantine.parquet")),
    ("Rows that broke a rule of cleaning", Path("preprocess", "quarantine.parquet")),
    ("Outliers by bounds fitted on training rows", Path("privatize", "quarantine.parquet")),
)
REASON_COLUMNS = ("_reasons", "reason")


@dataclass(frozen=True)
class SetAside:
    """The rows that one stage set aside.

    Attributes:
        title: Which rows they are.
        path: The file that holds them all.
        rows: How many they are.
        reasons: Each reason with the number of its rows, the most frequent first; a row may have several.
        columns: Names of the columns of the sample.
        sample: The first rows, cell by cell; empty where no values may be shown.
    """

    title: str
    path: Path
    rows: int
    reasons: list[tuple[str, int]]
    columns: list[str]
    sample: list[list[str]]


def set_aside_rows(data: Path, *, first: Sequence[str] = (), with_values: bool) -> list[SetAside]:
    """Read every quarantine of a product that holds rows, in the order of the line."""
    found = [set_aside(title, data / path, first=first, with_values=with_values) for title, path in SET_ASIDE]
    return [one for one in found if one is not None]


def set_aside(title: str, path: Path, *, first: Sequence[str] = (), with_values: bool) -> SetAside | None:
    """Read a quarantine; None where there is none, or it is empty.

    Args:
        title: Which rows they are.
        path: A Parquet file whose column `_reasons` or `reason` says why a row stands in it.
        first: Columns to show first: those that the broken expectations are about.
        with_values: Whether cells may be shown, and reasons that may quote them.
    """
    if not path.exists():
        return None
    import polars as pl  # a report without a quarantine starts faster

    rows = pl.scan_parquet(path)
    schema = rows.collect_schema()
    num_rows = rows.select(pl.len()).collect().item()
    reason = next((name for name in REASON_COLUMNS if name in schema), None)
    if not num_rows or reason is None:
        return None
    each = pl.col(reason).explode() if isinstance(schema[reason], pl.List) else pl.col(reason)
    counts = (
        rows.select(each.alias("reason")).group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    )
    quotes_values = reason == "reason"  # a reader's own words about a line; `_reasons` are the suite's
    top = counts.head(MAX_REASONS if with_values or not quotes_values else 0).collect(engine="streaming")
    reasons = [(str(name), count) for name, count in top.iter_rows()]
    names = [name for name in schema.names() if name != reason]
    ordered = sorted(names, key=lambda name: (name != "_id", name not in first))[:MAX_COLUMNS]
    shown = [*ordered[:1], reason, *ordered[1:]]
    sample = rows.head(MAX_ROWS).select(shown).collect() if with_values else None
    cells = [] if sample is None else [[cell(value) for value in row] for row in sample.iter_rows()]
    return SetAside(title, path, num_rows, reasons, ["why" if name == reason else name for name in shown], cells)


def cell(value: Any) -> str:
    """Return a short text of a value of a table.

    >>> cell(b"ab"), cell(None), cell(["a", "b"])
    ('2 bytes', '', 'a; b')
    """
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = "" if value is None else "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_CELL or isinstance(value, list) else f"{text[:MAX_CELL]} …"
