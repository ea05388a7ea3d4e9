"""Where files are looked for, and how they are pinned."""

import gzip
import hashlib

import pytest

from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.product.ingest import Located
from slipway.sources.finding import find


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    for name, content in {"one/x.csv": "1", "two/x.csv": "2", "two/y.csv": "3", "two/deep/z.csv": "4"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    monkeypatch.setenv("SLIPWAY_DATA", str(folder))
    return folder


def found(place, **source):
    return [(each.name, each.path.read_text()) for each in find(Located(**source), place)[0]]


def test_the_products_own_file_comes_first(place, data):
    (place.folder / "x.csv").write_text("own")
    assert found(place, file="x.csv") == [("x.csv", "own")]


def test_a_file_is_looked_for_at_any_depth_of_the_data(place, data):
    assert found(place, file="z.csv") == [("z.csv", "4")]
    assert found(place, file="two/x.csv") == [("two/x.csv", "2")]
    assert found(place, file="deep/z.csv") == [("deep/z.csv", "4")]


def test_files_of_one_name_are_told_apart_by_their_hash(place, data):
    with pytest.raises(
        DataError, match=r"several 'x\.csv': one/x\.csv, two/x\.csv\.\nGive more of the path, or its sha"
    ):
        find(Located(file="x.csv"), place)
    assert found(place, file="x.csv", sha256=sha256_of(data / "two" / "x.csv")) == [("x.csv", "2")]
    with pytest.raises(DataError, match=r"nor below .* \(SLIPWAY_DATA\) with the pinned sha256"):
        find(Located(file="x.csv", sha256="0" * 64), place)


def test_a_folder_and_a_glob_stand_for_their_files_in_order(place, data):
    assert found(place, file="two", inside="*.csv") == [("two/deep/z.csv", "4"), ("two/x.csv", "2"), ("two/y.csv", "3")]
    for name in ("b.csv", "a.csv", ".hidden.csv"):
        (place.folder / name).write_text(name)
    assert [name for name, _ in found(place, file="[ab].csv")] == ["a.csv", "b.csv"]
    with pytest.raises(ParamsError, match="two holds 3 files: deep/z.csv, x.csv, y.csv"):
        find(Located(file="two"), place)


def test_several_files_are_pinned_by_the_lines_of_sha256sum(place):
    for name in ("a.csv", "b.csv"):
        (place.folder / name).write_text(name)
    lines = "".join(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a.csv", "b.csv"))
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert find(Located(file="*.csv", sha256=expected), place)[1] == expected
    with pytest.raises(DataError, match="is not the pinned file"):
        find(Located(file="*.csv", sha256="0" * 64), place)


def test_each_packed_file_of_a_glob_is_unpacked(place):
    for name in ("a.csv.gz", "b.csv.gz"):
        (place.folder / name).write_bytes(gzip.compress(name.encode()))
    assert found(place, file="*.gz") == [("a.csv", "a.csv.gz"), ("b.csv", "b.csv.gz")]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ({"file": "../x.csv"}, ParamsError, "leaves"),
        ({"file": "/x.csv"}, ParamsError, "leaves"),
        ({"file": "ftp://host/x.csv"}, ParamsError, r"or give a URL \(http://, https://, s3://\)"),
        ({"file": "rows.csw"}, DataError, r"did you mean 'rows\.csv'"),
        ({"file": "*.tsv"}, DataError, "does not exist: it holds rows.csv"),
        ({"file": "rows.csv", "inside": "a"}, ParamsError, "is no archive and no folder"),
        (
            {"file": "rows.csv", "sha256": "0" * 64},
            DataError,
            r"(?s)its sha256 is [0-9a-f]{64},\nbut ingest.source says 0",
        ),
    ],
)
def test_a_source_that_cannot_be_is_told_with_its_mend(place, source, error, message):
    (place.folder / "rows.csv").write_text("a\n1\n")
    with pytest.raises(error, match=message):
        find(Located(**source), place)
