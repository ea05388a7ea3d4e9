"""Open a source of any form: its files found, checked, and their rows ready to be read lazily."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import AnySource, IdxSource, ImageSource, Ingest, Read, Source, SqlSource
from slipway.sources.finding import find
from slipway.sources.passwords import without_query
from slipway.sources.workplace import File, Opened, Workplace
from slipway.tables.schema import PART, ROW_ID

FORMATS = {
    "delimited": (".csv", ".tsv", ".txt", ".tab", ".data", ".dat", ".test"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
    "ndjson": (".ndjson", ".jsonl"),
    "excel": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
}
MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"PK\x03\x04": "excel", b"\xd0\xcf\x11\xe0": "excel", b"{": "ndjson"}


USED = {
    "delimited": set(Read.model_fields) - {"sheet"},
    "parquet": set(),
    "arrow": set(),
    "ndjson": {"missing", "strings", "broken", "max_broken_pct"},
    "excel": {"header", "columns", "skip_lines", "trim", "missing", "strings", "sheet"},
}


class Table(NamedTuple):
    """All rows of a product, not read yet, and the source of each part."""

    frame: pl.LazyFrame
    parts: dict[str | None, Opened]

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """Height, width and channels of the images, if there are any."""
        return next(iter(self.parts.values())).image_shape


def open_sources(params: Ingest, folder: Path, scratch: Path, *, exact: bool) -> Table:
    """Open each source and put them one after the other, with `_id` and, where they came split, `_split`.

    Args:
        params: The section.
        folder: Where files stand: products/<name>/source.
        scratch: Where unpacked files go; the rows are read from there.
        exact: Whether types are taken from all rows now. They are taken from the first otherwise: reading
            the frame then fails with polars' error where a later value does not fit, and `exact` mends it.

    Raises:
        ParamsError: A name of a source is wrong, or its read options are.
        DataError: A file is absent, not the pinned one, not readable, or the parts differ in their columns.
    """
    sources = params.sources()
    parts = {}
    for part, source in sources.items():
        place = Workplace(folder, scratch / (part or "all"), params.unpack, params.download)
        parts[part] = open_at(source, place, exact=exact)
    frames = [
        rows.frame if part is None else rows.frame.with_columns(pl.lit(part).alias(PART))
        for part, rows in parts.items()
    ]
    _require_same_columns({part: rows.frame.collect_schema().names() for part, rows in parts.items()})
    shapes = {rows.image_shape for rows in parts.values()}
    if len(shapes) > 1:
        raise DataError(
            f"ingest.source: the parts' images have the shapes {sorted(map(str, shapes))}: set shape in each"
        )
    return Table(pl.concat(frames, how="vertical_relaxed").with_row_index(ROW_ID), parts)


def open_source(source: AnySource, folder: Path) -> Opened:
    """Open one source to look at it, with types that all of its rows have; unpacked files go when this process ends."""
    return open_at(source, Workplace.at(folder), exact=True)


def open_at(source: AnySource, place: Workplace, *, exact: bool) -> Opened:
    """Open one source; what reads it is imported here, because most products need one of them."""
    if isinstance(source, SqlSource):
        from slipway.sources.sql import open_sql

        return open_sql(source, place)
    if isinstance(source, IdxSource):
        from slipway.sources.idx import open_idx

        return open_idx(source, place)
    if isinstance(source, ImageSource):
        from slipway.sources.images import open_images

        table = Source(file=source.table) if isinstance(source.table, str) else source.table
        return open_images(source, place, None if table is None else lambda: open_at(table, place, exact=True))
    if source.file.startswith("sklearn:"):
        from slipway.sources.toys import open_sklearn

        return open_sklearn(source.file.removeprefix("sklearn:"), pinned=source.sha256 is not None)
    return _open_files(source, place, exact=exact)


def _open_files(source: Source, place: Workplace, *, exact: bool) -> Opened:
    files, sha256 = find(source, place)
    kinds = {source.read.format or format_of(file) for file in files}
    if len(kinds) > 1:
        raise ParamsError(
            f"ingest.source '{source.file}' stands for files of several formats: {', '.join(sorted(kinds))}"
        )
    kind = kinds.pop()
    _require_useful(source.read, kind)
    if kind == "parquet":
        from slipway.sources.columnar import open_parquet

        opened = open_parquet(files)
    elif kind == "arrow":
        from slipway.sources.columnar import open_arrow

        opened = open_arrow(files)
    elif kind == "ndjson":
        from slipway.sources.ndjson import open_ndjson

        opened = open_ndjson(files, source.read, place)
    elif kind == "excel":
        from slipway.sources.excel import open_excel

        opened = open_excel(files, source.read)
    else:
        from slipway.sources.delimited import open_delimited

        opened = open_delimited(files, source.read, place, exact=exact)
    opened.origin.update(
        {"file": without_query(source.file), "inside": source.inside, "sha256": sha256, "files": len(files)}
    )
    return opened


def _require_useful(read: Read, kind: str) -> None:
    """Refuse read options that do nothing for a format: whoever states one expects something of it."""
    idle = [
        name
        for name, field in Read.model_fields.items()
        if name not in USED[kind] | {"format"} and getattr(read, name) != field.default
    ]
    if idle:
        raise ParamsError(
            f"ingest.source.read.{idle[0]} does nothing for a file of the format {kind}: remove it. "
            f"What is read there: {', '.join(sorted(USED[kind])) or 'nothing'}."
        )


def format_of(file: File) -> str:
    """Tell a file's format by the ending of its name, else by its first bytes.

    Raises:
        ParamsError: Nothing here reads it.
    """
    suffix = Path(file.name).suffix.lower()
    by_name = next((kind for kind, suffixes in FORMATS.items() if suffix in suffixes), None)
    if by_name is not None:
        return by_name
    with file.path.open("rb") as opened:
        start = opened.read(4096)
    by_content = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
    if by_content is not None:
        return by_content
    if b"\0" in start or suffix in (".json", ".html", ".xml", ".pdf"):
        endings = ", ".join(each for suffixes in FORMATS.values() for each in suffixes)
        raise ParamsError(
            f"ingest.source '{file.name}': nothing reads this. Give a file that ends in {endings}, packed or not, "
            "`sklearn:NAME`, or say what it is in read.format."
        )
    return "delimited"


def _require_same_columns(columns: dict[str | None, list[str]]) -> None:
    (first, names), *others = columns.items()
    for part, other in others:
        if other != names:
            differ = sorted(set(names) ^ set(other)) or "their order"
            raise DataError(
                f"ingest.source: '{part}' and '{first}' do not have the same columns: they differ in {differ}"
            )
