"""Files of one JSON object a line: every line parsed once, for the broken ones and the types, then opened lazily."""

import codecs
from pathlib import Path

import orjson
import polars as pl

from slipway.errors import DataError
from slipway.product.ingest import Read
from slipway.sources.columnar import first_line, plain
from slipway.sources.copying import Copy, Cut
from slipway.sources.lines import Lines
from slipway.sources.names import require_known, require_names
from slipway.sources.workplace import Broken, File, Opened, Workplace, require_sound

TYPES = {
    frozenset(["bool"]): pl.Boolean(),
    frozenset(["int"]): pl.Int64(),
    frozenset(["float"]): pl.Float64(),
    frozenset(["int", "float"]): pl.Float64(),
}
Kinds = dict[str, set[str]]


def open_ndjson(files: list[File], read: Read, place: Workplace) -> Opened:
    """Open files one after the other; a key that a line lacks is a missing value.

    Numbers and texts in one column are texts; so are objects and lists mixed with others, as JSON.

    Raises:
        DataError: A line is broken and `read.broken` is fail, or more of them than allowed.
    """
    kinds: Kinds = {}
    paths: list[Path] = []
    broken: list[Broken] = []
    blank = 0
    for file in files:
        copy = Copy(file.path, place.new_path(".ndjson"))
        lines = _check(file, read, copy, kinds)
        paths.append(copy.finish())
        broken += lines.broken
        blank += lines.blank
    if not kinds:
        raise DataError(f"{files[0].name} holds no JSON object: nothing can be built on it")
    require_names(list(kinds), files[0].name)
    require_known(read.strings, list(kinds), files[0].name)
    return Opened(_scan(paths, kinds, read, files[0].name), broken=broken, blank_lines=blank)


def _check(file: File, read: Read, copy: Copy, kinds: Kinds) -> Lines:
    lines = Lines()
    offset = 0
    with file.path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            start, offset = offset, offset + len(line)
            if number == 1 and line.startswith(codecs.BOM_UTF8):
                lines.cuts.append(Cut(0, len(codecs.BOM_UTF8)))
                line = line[len(codecs.BOM_UTF8) :]
            if not line.strip():
                lines.blank += 1
                continue
            reason = _note(line, read, kinds)
            if reason is None:
                lines.rows += 1
                continue
            lines.cuts.append(Cut(start, offset))
            text = line.rstrip(b"\r\n").decode(errors="backslashreplace")
            lines.broken.append(Broken(file.name, number, text, reason))
            require_sound(lines.broken, lines.rows, read, file.name, is_end=False)
            copy.leave_out(lines.cuts)
            lines.cuts.clear()
    copy.leave_out(lines.cuts)
    require_sound(lines.broken, lines.rows, read, file.name, is_end=True)
    return lines


def _note(line: bytes, read: Read, kinds: Kinds) -> str | None:
    """Note the kinds of a line's values; return why the line is broken, if it is."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"is no JSON ({error})"
    if not isinstance(content, dict):
        return f"is a JSON {type(content).__name__}, not an object"
    for name, value in content.items():
        seen = kinds.setdefault(name, set())
        if value is None:
            continue
        kind = type(value).__name__
        if kind == "int" and not -(2**63) <= value < 2**63:
            kind = "str"
        seen.add("missing" if kind == "str" and value in read.missing else kind)
    return None


def _scan(paths: list[Path], kinds: Kinds, read: Read, name: str) -> pl.LazyFrame:
    """Scan with the types that were seen; polars tells those of objects and lists itself."""
    types = {column: _type(seen) for column, seen in kinds.items()} | dict.fromkeys(read.strings, pl.String())
    nested = [column for column, dtype in types.items() if dtype is None]
    schema = {
        column: pl.String() if "missing" in kinds[column] else dtype
        for column, dtype in types.items()
        if dtype is not None
    }
    try:
        if nested:
            frame = pl.scan_ndjson(paths, schema_overrides=schema, infer_schema_length=None)
        else:
            frame = pl.scan_ndjson(paths, schema=schema)
        frame = frame.select(list(kinds))
        frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{name}: objects or lists in {nested} are not all of one form: {first_line(error)}") from None
    marked = [(column, types[column]) for column, seen in kinds.items() if "missing" in seen]
    return plain(frame.with_columns(_without_markers(column, dtype or pl.String(), read) for column, dtype in marked))


def _type(seen: set[str]) -> pl.DataType | None:
    """Return the type of a column by the kinds of its values; None for objects alone or lists alone."""
    values = seen - {"missing"}
    if values in ({"dict"}, {"list"}) and values == seen:
        return None
    return TYPES.get(frozenset(values), pl.String())


def _without_markers(name: str, dtype: pl.DataType, read: Read) -> pl.Expr:
    value = pl.col(name)
    value = pl.when(~value.is_in(read.missing)).then(value)
    return (value == "true" if dtype == pl.Boolean else value.cast(dtype)).alias(name)
