"""Images: folders as classes, tables of paths, shapes, and what is no image."""

import io
import zipfile

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pydantic import ValidationError

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import ImageSource
from slipway.sources import batches
from slipway.sources.opening import open_at


def picture(value, size=(3, 2), mode="L"):
    return Image.new(mode, size, value)


@pytest.fixture
def photos(place):
    for name, value in {"dog/2.png": 20, "cat/1.png": 10, "cat/0.jpg": 30}.items():
        path = place.folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(value).save(path)
    (place.folder / "photos" / ".DS_Store").write_bytes(b"x")
    return place.folder / "photos"


def opened(place, **source):
    return open_at(ImageSource.model_validate(source), place, exact=True)


def test_a_class_is_a_sub_folder_and_rows_stand_in_the_order_of_names(place, photos):
    found = opened(place, images="photos")
    assert found.frame.collect().to_dict(as_series=False) == {
        "image": [bytes([30] * 6), bytes([10] * 6), bytes([20] * 6)],
        "target": ["cat", "cat", "dog"],
    }
    assert found.image_shape == (2, 3, 1)
    assert (found.origin["files"], found.origin["unused_files"], len(str(found.origin["sha256"]))) == (3, 0, 64)


def test_globs_and_archives_hold_images_too(place, photos):
    with zipfile.ZipFile(place.folder / "x.zip", "w") as archive:
        for path in sorted(photos.rglob("*.png")):
            archive.write(path, path.relative_to(place.folder))
    for images in (
        "photos/*/*.png",
        "x.zip",
        {"file": "x.zip", "inside": "*.png"},
        {"file": "photos", "inside": "*.png"},
    ):
        assert opened(place, images=images, target="pet").frame.collect()["pet"].to_list() == ["cat", "dog"]


def test_a_table_of_paths_gives_the_other_columns(place, photos):
    (place.folder / "list.csv").write_text("weight,file,pet\n1.5,dog/2.png,rex\n2,./cat/1.png,tom\n")
    found = opened(place, images="photos", table="list.csv")
    assert found.frame.collect().rows() == [(1.5, bytes([20] * 6), "rex"), (2.0, bytes([10] * 6), "tom")]
    assert found.frame.collect_schema().names() == ["weight", "image", "pet"]
    assert found.origin["unused_files"] == 1
    with pytest.raises(ParamsError, match=r"path = 'name': the table has the columns weight, file, pet"):
        opened(place, images="photos", table="list.csv", path="name")
    (place.folder / "list.csv").write_text("file\ndog/9.png\n")
    with pytest.raises(DataError, match=r"the image dog/9\.png there is no such file below ingest\.source\.images"):
        opened(place, images="photos", table="list.csv")


def test_images_are_brought_to_a_stated_shape(place, photos):
    picture((10, 20, 30), size=(40, 40), mode="RGB").save(photos / "dog" / "3.png")
    found = opened(place, images="photos", shape=[4, 5, 3])
    images = found.frame.collect()["image"].to_list()
    assert found.image_shape == (4, 5, 3)
    assert {len(image) for image in images} == {60}
    assert tuple(images[-1][:3]) == (10, 20, 30)
    grey = opened(place, images="photos", shape=[1, 1, 1]).frame.collect()["image"].to_list()
    assert [list(image) for image in grey][:3] == [[30], [10], [20]]


def test_the_order_of_bytes_is_height_width_channels(place):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    (place.folder / "p" / "a").mkdir(parents=True)
    Image.fromarray(pixels).save(place.folder / "p" / "a" / "x.png")
    found = opened(place, images="p")
    assert found.frame.collect()["image"][0] == pixels.tobytes()
    assert found.image_shape == (2, 3, 3)


def deep():
    return Image.fromarray(np.full((2, 3), 70_000 % 65_536, np.uint16))


def animated():
    out = io.BytesIO()
    picture(1).save(out, "GIF", save_all=True, append_images=[picture(2)])
    return out.getvalue()


def cut_short():
    out = io.BytesIO()
    Image.effect_noise((40, 40), 50).save(out, "PNG")
    return out.getvalue()[:600]


def saved(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no image", "cannot be read: cannot identify image file it"),
        (b"", "cannot be read"),
        (cut_short(), "cannot be read"),
        (saved(picture(0, size=(9, 9))), r"is 9 x 9 x 1, but those before it are 2 x 3 x 1: set ingest\.source\.shape"),
        (saved(picture((1, 2, 3), mode="RGB")), "is coloured, unlike those before it"),
        (saved(deep()), r"has more than 8 bits a channel \(mode I;16\)"),
        (animated(), "holds several pictures"),
    ],
)
def test_what_is_no_image_of_that_shape_is_an_error_or_put_aside(place, photos, content, reason):
    (photos / "dog" / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=rf"the image dog/bad\.png {reason}"):
        opened(place, images="photos")
    found = opened(place, images="photos", broken="quarantine", max_broken_pct=30)
    assert [(each.source, each.line) for each in found.broken] == [("dog/bad.png", None)]
    assert found.frame.collect()["target"].to_list() == ["cat", "cat", "dog"]
    with pytest.raises(DataError, match=r"photos: 1 of 4 are broken, .*the first, dog/bad\.png"):
        opened(place, images="photos", broken="quarantine", max_broken_pct=20)


def test_images_are_written_in_batches(place, photos, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_BYTES", 7)
    assert opened(place, images="photos").frame.collect().height == 3
    assert len(list(place.scratch.glob("*.parquet"))) == 2


@pytest.mark.parametrize(
    ("names", "source", "error", "message"),
    [
        (["a.png"], {}, DataError, "stands in no sub-folder"),
        ([], {}, DataError, "holds no files"),
        (["a/a.png"], {"target": "image"}, ParamsError, "the name of the column of images"),
        (["a/a.png"], {"target": "_id"}, DataError, "slipway's own"),
        (["a/a.png"], {"path": "photo"}, ValidationError, "no table is named"),
        (["a/a.png"], {"table": "x.csv", "target": "y"}, ValidationError, "the table has its own"),
    ],
)
def test_a_folder_that_is_no_table_of_images_is_told(place, names, source, error, message):
    (place.folder / "p").mkdir()
    for name in names:
        (place.folder / "p" / name).parent.mkdir(exist_ok=True)
        picture(1).save(place.folder / "p" / name)
    with pytest.raises(error, match=message):
        opened(place, images="p", **source)


def test_a_broken_line_of_the_table_is_put_aside_with_the_images(place, photos):
    (place.folder / "list.csv").write_text("file,pet\ndog/2.png,rex\ncat/1.png\n")
    table = {"file": "list.csv", "read": {"broken": "quarantine", "max_broken_pct": 50}}
    found = opened(place, images="photos", table=table)
    assert [(each.source, each.line) for each in found.broken] == [("list.csv", 3)]
    assert found.frame.select(pl.len()).collect().item() == 1


def test_a_photograph_with_a_preview_of_itself_is_one_picture(place):
    (place.folder / "p" / "a").mkdir(parents=True)
    picture(7).save(place.folder / "p" / "a" / "x.jpg", "MPO", save_all=True, append_images=[picture(9, size=(1, 1))])
    assert opened(place, images="p").frame.collect()["image"].to_list() == [bytes([7] * 6)]
