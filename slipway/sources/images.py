"""Images in folders or archives, decoded into rows of bytes in batches, each written to the disk before the next."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import ImageSource, Located
from slipway.sources.batches import Batches
from slipway.sources.finding import find
from slipway.sources.names import require_names
from slipway.sources.workplace import Broken, File, Opened, Workplace, require_few

MODES = {1: "L", 3: "RGB"}
GREY = frozenset(["1", "L", "LA", "La"])
DEEP = ("I", "F")  # 16 and 32 bits a pixel
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
ROWS_OF_PATHS = 10_000

Shape = tuple[int, int, int]


class Pictured(NamedTuple):
    """A row before its image is read."""

    name: str
    file: File | None
    values: dict[str, Any]


def open_images(source: ImageSource, place: Workplace, open_table: Callable[[], Opened] | None) -> Opened:
    """Read every image once, brought to one shape; rows keep the order of the table, or of the files' names.

    Args:
        source: What params.yaml says.
        place: Where decoded rows go.
        open_table: Opens the table of paths; None where folders are the classes.

    Raises:
        DataError: An image is broken, or has another shape, and `broken` is fail, or more of them than allowed.
    """
    located = Located(file=source.images) if isinstance(source.images, str) else source.images
    files, sha256 = find(located, place, everything=True)
    relative = {file.name.removeprefix(f"{located.file}/"): file for file in files}
    table = open_table() if open_table is not None else None
    rows = _rows_of_folders(relative, source) if table is None else _rows_of_table(relative, source, table)
    batches, broken, used, good = Batches(place), [], 0, 0
    shape = source.shape
    for row in rows:
        used += row.file is not None
        try:
            image, found = _decode(row, shape, is_resized=source.shape is not None)
        except _Unusable as error:
            broken.append(Broken(row.name, None, "", str(error)))
            _require_whole(broken, good, source)
            continue
        shape, good = found, good + 1
        batches.add({name: image if value is ... else value for name, value in row.values.items()}, len(image))
    if broken:
        require_few(broken, good, source.max_broken_pct, located.file)
    if shape is None or not good:
        raise DataError(f"{located.file} holds no images: nothing can be built on it")
    aside = broken + (table.broken if table is not None else [])
    origin: dict[str, str | int | None] = {
        "file": located.file,
        "sha256": sha256,
        "files": len(files),
        "unused_files": len(files) - used,
    }
    return Opened(batches.finish(), shape, broken=aside, origin=origin)


class _Unusable(Exception):
    """Why an image is no row."""


def _rows_of_folders(files: dict[str, File], source: ImageSource) -> Iterator[Pictured]:
    if source.target == "image":
        raise ParamsError("ingest.source.target is 'image', the name of the column of images: choose another")
    require_names([source.target], "ingest.source.target")
    for name in sorted(files):
        folder = PurePosixPath(name).parent.name
        if not folder:
            raise DataError(
                f"the image {name} stands in no sub-folder, so it has no class: move it into one, "
                "or give ingest.source.table"
            )
        yield Pictured(name, files[name], {"image": ..., source.target: folder})


def _rows_of_table(files: dict[str, File], source: ImageSource, table: Opened) -> Iterator[Pictured]:
    names = table.frame.collect_schema().names()
    if source.path not in names:
        raise ParamsError(f"ingest.source.path = {source.path!r}: the table has the columns {', '.join(names[:20])}")
    if "image" in names and source.path != "image":
        raise DataError("the table of images has a column 'image' already: rename it")
    for batch in table.frame.collect_batches(chunk_size=ROWS_OF_PATHS, engine="streaming"):
        for row in batch.iter_rows(named=True):
            path = str(row[source.path])
            values = {
                ("image" if name == source.path else name): ... if name == source.path else row[name] for name in names
            }
            yield Pictured(path, files.get(PurePosixPath(path).as_posix()), values)


def _decode(row: Pictured, shape: Shape | None, *, is_resized: bool) -> tuple[bytes, Shape]:
    """Return an image's bytes, height x width x channels, and its shape."""
    from PIL import Image, ImageOps

    if row.file is None:
        raise _Unusable("there is no such file below ingest.source.images")
    try:
        with Image.open(row.file.path) as opened:
            if getattr(opened, "n_frames", 1) > 1 and opened.format != "MPO":  # a photograph and its preview
                raise _Unusable("holds several pictures")
            if opened.mode.startswith(DEEP):
                raise _Unusable(f"has more than 8 bits a channel (mode {opened.mode}): convert it")
            channels = shape[2] if shape is not None else (1 if opened.mode in GREY else 3)
            if not is_resized and (opened.mode in GREY) != (channels == 1):
                raise _Unusable(f"is {'grey' if opened.mode in GREY else 'coloured'}, unlike those before it")
            image = ImageOps.exif_transpose(opened).convert(MODES[channels])
    except (*UNREADABLE, Image.DecompressionBombError) as error:
        raise _Unusable(f"cannot be read: {_reason(error, row)}") from None
    found = (image.height, image.width, channels)
    if shape is not None and found != shape:
        if not is_resized:
            raise _Unusable(f"is {_shown(found)}, but those before it are {_shown(shape)}: set ingest.source.shape")
        image = image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
        found = shape
    return image.tobytes(), found


def _reason(error: Exception, row: Pictured) -> str:
    """Return what Pillow says, without the path that the file has on this disk."""
    path = str(row.file.path) if row.file is not None else ""
    return str(error).replace(repr(path), "it").replace(path, "it") or type(error).__name__


def _shown(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _require_whole(broken: list[Broken], good: int, source: ImageSource) -> None:
    first = broken[0]
    if source.broken == "fail":
        raise DataError(
            f"the image {first.source} {first.reason}.\n"
            "Mend or remove it, or set ingest.source.broken: quarantine to go on without broken images."
        )
