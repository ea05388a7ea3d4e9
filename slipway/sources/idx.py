"""IDX files, the format of MNIST: a magic number, sizes, then the values."""

import math
import struct
from typing import NamedTuple

import numpy as np
import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import IdxSource, Located
from slipway.sources.batches import BATCH_BYTES, Batches
from slipway.sources.finding import find
from slipway.sources.names import require_names
from slipway.sources.workplace import File, Opened, Workplace

UNSIGNED_BYTES = 0x08


class Layout(NamedTuple):
    """Where the values of an IDX file start, and how many there are in each direction."""

    start: int
    sizes: tuple[int, ...]


def open_idx(source: IdxSource, place: Workplace) -> Opened:
    """Open images, and their labels as texts.

    Raises:
        DataError: A file is no IDX file, cut short, or the labels are not as many as the images.
    """
    if source.target == "image":
        raise ParamsError("ingest.source.target is 'image', the name of the column of images: choose another")
    require_names([source.target], "ingest.source.target")
    images, sha256 = _found(source.idx, place)
    layout = _layout(images)
    shape = _shape(layout.sizes, images.name)
    origin: dict[str, str | int | None] = {"file": images.name, "sha256": sha256}
    labels = None
    if source.labels is not None:
        file, labels_sha256 = _found(source.labels, place)
        labels = _labels(file, layout.sizes[0], images.name)
        origin |= {"labels": file.name, "labels_sha256": labels_sha256}
    size = math.prod(shape)
    pixels = np.memmap(images.path, np.uint8, "r", layout.start, (layout.sizes[0], size))
    batches = Batches(place)
    step = max(BATCH_BYTES // size, 1)
    for start in range(0, layout.sizes[0], step):
        frame = pl.DataFrame({"image": [image.tobytes() for image in pixels[start : start + step]]})
        if labels is not None:
            texts = pl.Series(source.target, labels[start : start + step]).cast(pl.String)
            frame = frame.with_columns(texts)
        batches.add_frame(frame)
    return Opened(batches.finish(), shape, origin=origin)


def _found(located: str | Located, place: Workplace) -> tuple[File, str]:
    files, sha256 = find(Located(file=located) if isinstance(located, str) else located, place)
    if len(files) > 1:
        raise ParamsError(f"ingest.source: {len(files)} files fit, but IDX images and labels are one file each")
    return files[0], sha256


def _layout(file: File) -> Layout:
    with file.path.open("rb") as opened:
        start = opened.read(4)
        if len(start) < 4 or start[:2] != b"\0\0":
            raise DataError(f"{file.name} is no IDX file: it starts with {start!r}")
        if start[2] != UNSIGNED_BYTES:
            raise DataError(f"{file.name} holds values of type {start[2]:#04x}: only unsigned bytes (0x08) are images")
        sizes = opened.read(4 * start[3])
        if len(sizes) < 4 * start[3]:
            raise DataError(f"{file.name} is cut short: it ends in its header")
    layout = Layout(4 + len(sizes), struct.unpack(f">{start[3]}I", sizes))
    held, promised = file.path.stat().st_size - layout.start, math.prod(layout.sizes)
    if held != promised:
        raise DataError(
            f"{file.name} holds {held:,} bytes of values, but its header promises {promised:,} "
            f"({' x '.join(map(str, layout.sizes))}): it is cut short or damaged; copy or download it again"
        )
    return layout


def _shape(sizes: tuple[int, ...], name: str) -> tuple[int, int, int]:
    shape = (*sizes[1:], 1) if len(sizes) == 3 else sizes[1:]
    if len(shape) != 3 or shape[2] not in (1, 3) or 0 in sizes:
        raise DataError(
            f"{name} is {' x '.join(map(str, sizes)) or 'nothing'}, which are no images: "
            "give images x height x width (x 1 or 3 channels)"
        )
    return (shape[0], shape[1], shape[2])


def _labels(file: File, num_images: int, images: str) -> np.ndarray:
    layout = _layout(file)
    if layout.sizes != (num_images,):
        shown = " x ".join(map(str, layout.sizes))
        raise DataError(f"{file.name} holds {shown} labels, but {images} holds {num_images:,} images")
    return np.fromfile(file.path, np.uint8, offset=layout.start)
