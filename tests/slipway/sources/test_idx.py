"""IDX files."""

import gzip
import struct

import numpy as np
import pytest

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import IdxSource
from slipway.sources import idx
from slipway.sources.opening import open_at


def idx_bytes(array, kind=0x08):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2)
LABELS = np.array([7, 0, 255], dtype=np.uint8)


def opened(place, images, labels=None, **source):
    (place.folder / "i.gz").write_bytes(gzip.compress(images))
    if labels is not None:
        (place.folder / "l").write_bytes(labels)
        source["labels"] = "l"
    return open_at(IdxSource.model_validate({"idx": "i.gz", **source}), place, exact=True)


@pytest.mark.parametrize("batch_bytes", [1, 8, 1 << 20])
def test_images_and_labels_become_rows(place, monkeypatch, batch_bytes):
    monkeypatch.setattr(idx, "BATCH_BYTES", batch_bytes)
    found = opened(place, idx_bytes(IMAGES), idx_bytes(LABELS), target="digit")
    assert found.frame.collect().to_dict(as_series=False) == {
        "image": [image.tobytes() for image in IMAGES],
        "digit": ["7", "0", "255"],
    }
    assert found.image_shape == (2, 2, 1)
    assert {"sha256", "labels_sha256"} <= set(found.origin)


def test_images_may_have_colours_and_no_labels(place):
    found = opened(place, idx_bytes(np.zeros((2, 4, 5, 3), np.uint8)))
    assert found.image_shape == (4, 5, 3)
    assert found.frame.collect().columns == ["image"]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (b"PNG", None, "is no IDX file"),
        (idx_bytes(IMAGES)[:-1], None, "holds 11 bytes of values, but its header promises 12"),
        (idx_bytes(IMAGES) + b"x", None, "holds 13 bytes of values, but its header promises 12"),
        (idx_bytes(IMAGES)[:10], None, "ends in its header"),
        (idx_bytes(IMAGES.astype(np.float32), 0x0D), None, "type 0x0d: only unsigned bytes"),
        (idx_bytes(LABELS), None, "is 3, which are no images"),
        (idx_bytes(np.zeros((2, 4, 5, 2), np.uint8)), None, "2 x 4 x 5 x 2, which are no images"),
        (idx_bytes(np.zeros((0, 4, 5), np.uint8)), None, "0 x 4 x 5, which are no images"),
        (idx_bytes(IMAGES), idx_bytes(LABELS[:2]), "l holds 2 labels, but i holds 3 images"),
        (idx_bytes(IMAGES), idx_bytes(IMAGES), "holds 3 x 2 x 2 labels"),
    ],
)
def test_a_file_that_is_cut_short_or_another_is_refused(place, images, labels, message):
    with pytest.raises(DataError, match=message):
        opened(place, images, labels)


def test_the_labels_need_a_name_of_their_own(place):
    with pytest.raises(ParamsError, match="the name of the column of images"):
        opened(place, idx_bytes(IMAGES), target="image")
