"""Sources of rows: scikit-learn's toy sets, and delimited or Parquet files, opened lazily."""

import csv
import difflib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.product.ingest import AnySource, Source
from slipway.tables.schema import PART, RESERVED, ROW_ID

SUFFIXES = (".csv", ".tsv", ".parquet")


class Opened(NamedTuple):
    """Rows that are not read yet, and the shape of their images (height, width, channels), if they hold any."""

    frame: pl.LazyFrame
    image_shape: tuple[int, int, int] | None = None


def open_sources(sources: dict[str | None, AnySource], folder: Path) -> Opened:
    """Open each source and put them one after the other, with `_id` and, where they came split, `_split`.

    Args:
        sources: Each source under the part that it fills (None: not split), as `Ingest.sources` gives them.
        folder: Where files stand: products/<name>/source.

    Raises:
        ParamsError: A name of a source is wrong.
        DataError: A file is absent, not the pinned one, not readable, or the parts differ in their columns.
    """
    opened = {part: open_source(source, folder) for part, source in sources.items()}
    frames = [
        rows.frame if part is None else rows.frame.with_columns(pl.lit(part).alias(PART))
        for part, rows in opened.items()
    ]
    _require_same_columns({part: frame.collect_schema().names() for part, frame in zip(opened, frames, strict=True)})
    table = pl.concat(frames, how="vertical_relaxed").with_row_index(ROW_ID)
    return Opened(table, next(iter(opened.values())).image_shape)


def open_source(source: AnySource, folder: Path) -> Opened:
    """Open one source: `sklearn:NAME`, or a file in `folder`."""
    if not isinstance(source, Source):
        raise ParamsError(f"ingest.source: a {type(source).__name__} is not read yet: give a file")
    scheme, colon, name = source.file.partition(":")
    if colon and scheme == "sklearn":
        return _open_sklearn(name, pinned=source.sha256 is not None)
    suffix = Path(source.file).suffix.lower()
    if suffix not in SUFFIXES or "://" in source.file:
        raise ParamsError(
            f"ingest.source '{source.file}': nothing reads this. Give `sklearn:NAME` ({', '.join(SKLEARN)}), "
            f"or a file in {folder} that ends in {', '.join(SUFFIXES)}."
        )
    path = _find(source, folder)
    frame = _scan_parquet(path) if suffix == ".parquet" else _scan_text(path, source)
    taken = [name for name in frame.collect_schema().names() if name in RESERVED]
    if taken:
        raise DataError(f"{source.file}: the names {taken} are slipway's own: rename these columns in the source")
    return Opened(frame)


def _find(source: Source, folder: Path) -> Path:
    """Return the file's path once it is there and is the pinned one."""
    path = folder / source.file
    if Path(source.file).is_absolute() or ".." in Path(source.file).parts:
        raise ParamsError(f"ingest.source '{source.file}' leaves {folder}: put the file, or a link to it, there")
    if not path.is_file():
        there = sorted(each.name for each in folder.glob("[!.]*"))
        near = difflib.get_close_matches(source.file, there, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"it holds {', '.join(there) or 'nothing'}."
        raise DataError(f"{path} does not exist: {hint} Put the file there, or correct ingest.source in params.yaml.")
    if source.sha256 is not None and (found := sha256_of(path)) != source.sha256:
        raise DataError(
            f"{path} is not the pinned file: its sha256 is {found},\nbut ingest.source says {source.sha256}.\n"
            "Put the right file there, or pin the new one if the change is meant."
        )
    return path


def _scan_parquet(path: Path) -> pl.LazyFrame:
    """Open a Parquet file; dictionaries become plain text and decimals floats, which every later step knows."""
    try:
        frame = pl.scan_parquet(path)
        dtypes = frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} is no Parquet file: {_first_line(error)}") from None
    texts = [name for name, dtype in dtypes.items() if isinstance(dtype, pl.Categorical | pl.Enum)]
    decimals = [name for name, dtype in dtypes.items() if dtype.is_decimal()]
    return frame.with_columns(pl.col(texts).cast(pl.String), pl.col(decimals).cast(pl.Float64))


def _scan_text(path: Path, source: Source) -> pl.LazyFrame:
    """Open a delimited file; types come from all of its rows, since the first thousand may lie.

    Empty values are missing, and a line that is too short ends in missing values.
    """
    delimiter = delimiter_of(source)
    names = _names(path, source, delimiter)
    try:
        frame = pl.scan_csv(
            path,
            separator=delimiter,
            has_header=source.read.header,
            new_columns=names,
            schema_overrides=dict.fromkeys(source.read.strings, pl.String),
            null_values=source.read.missing,
            infer_schema_length=None,
        )
        frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise DataError(broken_text(path, source, error)) from None
    return frame


def delimiter_of(source: Source) -> str:
    """Return the character between values: as stated, else a tab in .tsv and a comma in other files."""
    if "delimiter" not in source.read.model_fields_set and source.file.lower().endswith(".tsv"):
        return "\t"
    return source.read.delimiter


def _names(path: Path, source: Source, delimiter: str) -> list[str]:
    """Return the columns' names, checked against the first line and the read options."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = next(csv.reader(file, delimiter=delimiter), [])
    if not first:
        raise DataError(f"{path} is empty, or its first line is")
    other = next((one for one in ";\t|," if len(first) == 1 and one in first[0] and one != delimiter), None)
    if other is not None:
        raise ParamsError(
            f"{path}: its first line is one value, {first[0][:60]!r}: "
            f"set ingest.source to {{file: {path.name}, read: {{delimiter: {other!r}}}}}"
        )
    names = first if source.read.header else source.read.columns
    if names is None:
        raise ParamsError(
            f"{path} has no header (ingest.source.read.header: false): name its {len(first)} columns in read.columns"
        )
    if len(names) != len(first):
        raise ParamsError(f"ingest.source.read.columns names {len(names)} columns, but {path} has {len(first)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        raise DataError(
            f"{path}: the columns {twice or ['']} have no name of their own: name each column once, in its first line"
        )
    unknown = sorted(set(source.read.strings) - set(names))
    if unknown:
        raise ParamsError(
            f"ingest.source.read.strings names {unknown}, which {path} does not have: it has {', '.join(names)}"
        )
    return names


def broken_text(path: Path, source: Source, error: Exception) -> str:
    """Say which line of a delimited file is broken: polars does not, so the file is read again until there."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter=delimiter_of(source), strict=True)
        try:
            width = len(next(lines))
            for values in lines:
                if len(values) > width:
                    return (
                        f"{path}, line {lines.line_num}: {len(values)} values, but the first line has {width}.\n"
                        f'Quote values that hold "{delimiter_of(source)}", or correct the line.'
                    )
        except UnicodeDecodeError as broken:
            return f"{path} is not UTF-8 near line {lines.line_num + 1} ({broken.reason}): save it as UTF-8"
        except (csv.Error, StopIteration) as broken:
            line = f"{path}, line {lines.line_num + 1} or a later one"
            return f"{line}: {broken}. Close its quotes."
    return f"{path}: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _require_same_columns(columns: dict[str | None, list[str]]) -> None:
    (first, names), *others = columns.items()
    for part, other in others:
        if other != names:
            differ = sorted(set(names) ^ set(other)) or "their order"
            raise DataError(
                f"ingest.source: '{part}' and '{first}' do not have the same columns: they differ in {differ}"
            )


def _open_sklearn(name: str, *, pinned: bool) -> Opened:
    """Build one of scikit-learn's toy sets; the import costs a second, so it is made here."""
    if name not in SKLEARN:
        near = difflib.get_close_matches(name, SKLEARN, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ParamsError(f"ingest.source 'sklearn:{name}' is unknown: {hint}allowed: {', '.join(SKLEARN)}")
    if pinned:
        raise ParamsError(f"ingest.source 'sklearn:{name}' is no file: remove its sha256")
    import sklearn.datasets

    data = getattr(sklearn.datasets, f"load_{name}")()
    labels = pl.Series("target", data.target)
    if name == "digits":
        images = data.images.astype(np.uint8)  # [N, 8, 8] in 0..16
        frame = pl.DataFrame({"image": [image.tobytes() for image in images], "target": labels.cast(pl.String)})
        return Opened(frame.lazy(), (8, 8, 1))
    if name != "diabetes":  # a regression; the others number their classes
        labels = pl.Series("target", [str(data.target_names[label]) for label in data.target])
    frame = pl.DataFrame(dict(zip(map(str, data.feature_names), data.data.T, strict=True))).with_columns(labels)
    return Opened(frame.lazy())


SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "wine")
