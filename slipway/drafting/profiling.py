"""Look at all rows of a table once, as a stream, and note of each column what roles and suites are drafted from.

Counts, ranges and small domains come from every row; quantiles, formats and dates from an even sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from slipway.drafting.cells import MARKERS, WEAK_MARKERS
from slipway.drafting.dates import date_format
from slipway.tables.schema import RESERVED

Kind = Literal["number", "text", "date", "boolean", "bytes", "empty", "other"]

SAMPLE_ROWS = 50_000
MAX_DOMAIN = 2_000
MAX_HASHED = 5_000_000
QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# Texts that are no numbers among so many that are: dirt in a column of numbers, not a column of texts.
MAX_DIRT = 0.02


@dataclass(frozen=True)
class ColumnProfile:
    """What was seen of one column, missing values left out where nothing else is said.

    Attributes:
        name: As the source names it.
        dtype: As polars names what was read.
        kind: What it holds, texts of numbers being numbers.
        rows: Rows of the table.
        nulls: Missing values, markers included.
        dirt: Texts that are no numbers in a column of numbers.
        unique: Different values; nearly, where there are many.
        unique_share: Different values by rows with one, among those sampled.
        whole: Whether all numbers are whole.
        minimum: Least number or date.
        maximum: Greatest.
        quantiles: Of numbers, by QUANTILES.
        lengths: Least and greatest number of characters.
        words: Words of a text, on average.
        counts: How often each value stands there, most frequent first; None where there are too many.
        format: How texts write a date; None where they are none, or are dates already.
        ambiguous: Whether day and month could be the other way round.
        is_row_number: Whether it counts the rows by one.
        has_leading_zeros: Whether its numbers are codes such as 01234.
    """

    name: str
    dtype: str
    kind: Kind
    rows: int
    nulls: int
    dirt: int = 0
    unique: int = 0
    unique_share: float = 0.0
    whole: bool = False
    minimum: Any = None
    maximum: Any = None
    quantiles: dict[float, float] = field(default_factory=dict)
    lengths: tuple[int, int] = (0, 0)
    words: float = 0.0
    counts: dict[Any, int] | None = None
    format: str | None = None
    ambiguous: bool = False
    is_row_number: bool = False
    has_leading_zeros: bool = False

    @property
    def known(self) -> int:
        """Rows with a value."""
        return self.rows - self.nulls


@dataclass(frozen=True)
class Profile:
    """All columns in order, the markers that mean a missing value, and an even sample in the types that are meant.

    `copies` counts the rows that are another one again; 0 where there are too many rows to tell, or images.
    """

    rows: int
    columns: dict[str, ColumnProfile]
    missing: list[str]
    sample: pl.DataFrame
    copies: int = 0


@dataclass(frozen=True)
class _Texts:
    """What a column of texts holds: values, numbers, numbers with leading zeros, and markers of missing values."""

    known: int
    numbers: int
    zeros: int
    markers: frozenset[str]

    @property
    def are_numbers(self) -> bool:
        return self.known > 0 and not self.zeros and self.numbers >= (1 - MAX_DIRT) * self.known


def profile(table: pl.LazyFrame, *, missing: Sequence[str], work: Path) -> Profile:
    """Profile a table, best one in Parquet: it is scanned a few times.

    Args:
        table: The rows as read; `_id` and `_split` are left out.
        missing: Texts known to mean a missing value, beside those that are found.
        work: A folder for the rows in the types that they mean, so that texts are looked at once.
    """
    table = table.drop(RESERVED, strict=False)
    dtypes = table.collect_schema()
    seen = _look_at_texts(table, [name for name, dtype in dtypes.items() if dtype == pl.String])
    markers = sorted({*missing, *(marker for texts in seen.values() for marker in texts.markers)} - {""})
    table.select(_meant(name, dtype, seen.get(name), markers) for name, dtype in dtypes.items()).sink_parquet(
        work / "meant.parquet", compression="uncompressed"
    )
    meant = pl.scan_parquet(work / "meant.parquet")
    kinds = {name: _kind(dtype) for name, dtype in meant.collect_schema().items()}
    facts = _one(meant.select(_facts(kinds)))
    rows = int(facts["rows"])
    counts, sample = _domains(meant, kinds, facts), _sample(meant, rows)
    columns = {
        name: _column(name, str(dtypes[name]), kinds[name], facts, seen.get(name), counts.get(name), sample)
        for name in dtypes
    }
    return Profile(rows, columns, markers, sample, _copies(meant, kinds, rows))


def _look_at_texts(table: pl.LazyFrame, names: list[str]) -> dict[str, _Texts]:
    if not names:
        return {}
    sums = {}
    for name in names:
        text = pl.col(name).str.strip_chars()
        is_marker = text.is_in(["", *MARKERS, *WEAK_MARKERS])
        sums[f"{name}\nknown"] = (~is_marker).sum()
        sums[f"{name}\nnumbers"] = text.filter(~is_marker).str.contains(NUMBER).sum()
        sums[f"{name}\nzeros"] = text.str.contains(r"^0[0-9]+$").sum()
        sums[f"{name}\nmarkers"] = text.filter(is_marker).unique().implode()
    seen = _one(table.select(value.alias(key) for key, value in sums.items()))
    looked = {}
    for name in names:
        known, numbers, zeros, found = (seen[f"{name}\n{key}"] for key in ("known", "numbers", "zeros", "markers"))
        markers = frozenset(found or [])
        texts = _Texts(known or 0, numbers or 0, zeros or 0, markers - WEAK_MARKERS)
        looked[name] = replace(texts, markers=markers) if texts.are_numbers else texts
    return looked


def _meant(name: str, dtype: pl.DataType, texts: _Texts | None, markers: list[str]) -> pl.Expr:
    """Return the column in the type that it means: numbers where nearly all of its texts are some."""
    if texts is None:
        column = pl.col(name)
        return pl.when(column.is_finite()).then(column).alias(name) if dtype.is_float() else column
    text = pl.col(name).str.strip_chars()
    if texts.are_numbers:
        return pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64, strict=False).alias(name)
    return pl.when(~text.is_in(["", *markers])).then(text).alias(name)


def _kind(dtype: pl.DataType) -> Kind:
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype in (pl.Date, pl.Datetime):
        return "date"
    known: dict[Any, Kind] = {pl.String: "text", pl.Binary: "bytes", pl.Null: "empty"}
    return known.get(dtype.base_type(), "other")


def _facts(kinds: dict[str, Kind]) -> list[pl.Expr]:
    """Return the reductions that a stream makes in one pass, each named `column, line break, fact`."""
    facts = [pl.len().alias("rows")]
    for name, kind in kinds.items():
        column = pl.col(name)
        wanted = {"nulls": column.null_count()}
        if kind in ("number", "date", "boolean", "text"):
            wanted |= {"unique": column.approx_n_unique(), "minimum": column.min(), "maximum": column.max()}
        if kind == "number":
            wanted["whole"] = (column == column.floor()).all()
        if kind == "text":
            length = column.str.len_chars()
            wanted |= {
                "shortest": length.min(),
                "longest": length.max(),
                "spaces": column.str.count_matches(r"\s+").mean(),
            }
        facts += [value.alias(f"{name}\n{key}") for key, value in wanted.items()]
    return facts


def _one(frame: pl.LazyFrame) -> dict[str, Any]:
    return frame.collect(engine="streaming").row(0, named=True)


def _domains(table: pl.LazyFrame, kinds: dict[str, Kind], facts: dict[str, Any]) -> dict[str, dict[Any, int]]:
    """Count the values of each column that has few."""
    names = [name for name in kinds if 0 < (facts.get(f"{name}\nunique") or 0) <= MAX_DOMAIN]
    grouped = [
        table.select(pl.col(name).alias("value")).drop_nulls().group_by("value").agg(pl.len().alias("rows"))
        for name in names
    ]
    counted = pl.collect_all(grouped, engine="streaming") if grouped else []
    return {
        name: dict(frame.sort(["rows", "value"], descending=[True, False]).iter_rows())
        for name, frame in zip(names, counted, strict=True)
    }


def _copies(table: pl.LazyFrame, kinds: dict[str, Kind], rows: int) -> int:
    """Count exact copies by a hash of 8 bytes for each row."""
    if rows > MAX_HASHED or not rows or {"bytes", "other"} & set(kinds.values()):
        return 0
    hashes = table.select(pl.struct(pl.all()).hash()).collect(engine="streaming").to_series()
    return rows - hashes.n_unique()


def _sample(table: pl.LazyFrame, rows: int) -> pl.DataFrame:
    step = max(1, rows // SAMPLE_ROWS)
    position = "\nposition"
    even = table.with_row_index(position).filter(pl.col(position) % step == 0)
    return even.collect(engine="streaming").drop(position)


def _column(
    name: str,
    dtype: str,
    kind: Kind,
    facts: dict[str, Any],
    seen: _Texts | None,
    counts: dict[Any, int] | None,
    sample: pl.DataFrame,
) -> ColumnProfile:
    rows, nulls = int(facts["rows"]), int(facts[f"{name}\nnulls"])
    dirt = seen.known - seen.numbers if seen and kind == "number" else 0
    known = sample[name].drop_nulls()
    written = date_format(known) if kind == "text" else None
    return ColumnProfile(
        name=name,
        dtype=dtype,
        kind="empty" if nulls == rows else kind,
        rows=rows,
        nulls=nulls - dirt,
        dirt=dirt,
        unique=len(counts) if counts is not None else int(facts.get(f"{name}\nunique") or 0),
        unique_share=known.n_unique() / len(known) if len(known) and kind not in ("bytes", "other") else 0.0,
        whole=bool(facts.get(f"{name}\nwhole", False)),
        minimum=facts.get(f"{name}\nminimum"),
        maximum=facts.get(f"{name}\nmaximum"),
        quantiles=_quantiles(known) if kind == "number" else {},
        lengths=(facts.get(f"{name}\nshortest") or 0, facts.get(f"{name}\nlongest") or 0),
        words=(facts.get(f"{name}\nspaces") or 0.0) + 1.0 if kind == "text" else 0.0,
        counts=counts,
        format=written.format if written else None,
        ambiguous=bool(written and written.ambiguous),
        is_row_number=kind == "number" and _counts_rows(sample[name], rows, facts, name),
        has_leading_zeros=bool(seen and seen.zeros and seen.numbers == seen.known),
    )


def _quantiles(known: pl.Series) -> dict[float, float]:
    if known.is_empty():
        return {}
    floats = known.cast(pl.Float64)
    return {share: float(floats.quantile(share) or 0.0) for share in QUANTILES}


def _counts_rows(column: pl.Series, rows: int, facts: dict[str, Any], name: str) -> bool:
    """Say whether the values go from the first to the last row in equal steps of one."""
    low, high = facts[f"{name}\nminimum"], facts[f"{name}\nmaximum"]
    if rows < 10 or facts[f"{name}\nnulls"] or high is None or high - low != rows - 1 or low not in (0, 1):
        return False
    steps = column.cast(pl.Float64).diff().drop_nulls()
    return bool((steps == steps[0]).all()) and float(column[0]) == float(low)
