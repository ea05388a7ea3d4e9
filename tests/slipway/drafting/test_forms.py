import gzip
import io
import tarfile
import zipfile

import polars as pl
import pytest

from slipway.drafting.forms import form_of, peel
from slipway.errors import DataError

TABLE = b"a,b\n1,2\n3,4\n"


def write(path, content):
    path.write_bytes(content)
    return path


def tar_of(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_each_form_is_told_from_its_first_bytes(tmp_path):
    frame = pl.DataFrame({"a": [1]})
    frame.write_parquet(tmp_path / "x.csv")
    frame.write_ipc(tmp_path / "y.csv")
    assert form_of((tmp_path / "x.csv").read_bytes()) == "parquet"
    assert form_of((tmp_path / "y.csv").read_bytes()) == "arrow"
    assert form_of(b'{"a": 1}\n{"a": 2}\n') == "ndjson"
    assert form_of(b"{not json}\n") == "delimited"
    assert form_of(b"\x00\x00\x08\x03rest") == "idx"
    assert form_of(b"\x89PNG\r\n\x1a\nrest") == "image"
    assert form_of(b"BMI,age\n22,31\n") == "delimited"
    assert form_of(TABLE) == "delimited"


def test_wrappers_are_peeled_off(tmp_path):
    peeled = peel(write(tmp_path / "a.gz", gzip.compress(TABLE)))
    assert (peeled.wraps, peeled.inside, peeled.head, peeled.whole) == (("gzip",), None, TABLE, True)
    peeled = peel(write(tmp_path / "a.tgz", tar_of({"README.txt": b"read " * 99, "d/x.csv": TABLE, "d/y.csv": TABLE})))
    assert (peeled.wraps, peeled.alike, peeled.head) == (("gzip", "tar"), ("d/x.csv", "d/y.csv"), TABLE)


def test_of_a_zip_the_largest_file_is_read_with_those_of_its_shape(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Readme.txt", "words " * 100)
        archive.writestr("day.csv", "a,b\n1,2\n")
        archive.writestr("hour.csv", "a,b,c\n1,2,3\n4,5,6\n")
    peeled = peel(tmp_path / "a.zip")
    assert (peeled.wraps, peeled.inside, peeled.alike) == (("zip",), "hour.csv", ("hour.csv",))


def test_a_workbook_is_a_zip_but_no_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    assert form_of(peel(tmp_path / "a.xlsx").head) == "excel"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and then nothing", "is damaged"),
        (b"\x1f\x8b\x08\x00garbage that is no deflate stream at all", "is damaged"),
    ],
)
def test_what_cannot_be_opened_is_said_so(tmp_path, content, reason):
    with pytest.raises(DataError, match=reason):
        peel(write(tmp_path / "x", content))


def test_an_archive_of_documents_holds_no_data(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("README.md", "words")
    with pytest.raises(DataError, match="holds no data among its 1 files"):
        peel(tmp_path / "a.zip")
