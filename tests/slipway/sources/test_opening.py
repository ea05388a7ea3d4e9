"""Sources: what can be read, and what is said of the rest."""

import gzip

import polars as pl
import pytest
from PIL import Image

from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.product.ingest import Ingest, Read, Source
from slipway.sources.opening import open_source, open_sources


def read(folder, **source):
    return open_source(Source(**source), folder).frame.collect()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.csv").write_text("name,age\nAda,36\nBob,\n")
    return tmp_path


def test_a_csv_file_is_read_with_its_types(folder):
    rows = read(folder, file="rows.csv")
    assert rows.to_dict(as_series=False) == {"name": ["Ada", "Bob"], "age": [36, None]}


def test_types_come_from_all_rows_not_from_the_first(folder):
    (folder / "long.csv").write_text("x\n" + "1\n" * 20_000 + "2.5\n")
    assert read(folder, file="long.csv")["x"].dtype == pl.Float64


def test_a_tsv_file_has_tabs_unless_it_says_otherwise(folder):
    (folder / "rows.tsv").write_text("a\tb\n1\t2\n")
    assert read(folder, file="rows.tsv").columns == ["a", "b"]
    (folder / "odd.tsv").write_text("a;b\n1;2\n")
    assert read(folder, file="odd.tsv", read=Read(delimiter=";")).columns == ["a", "b"]


def test_columns_without_header_are_named_by_the_product(folder):
    (folder / "bare.csv").write_text("007,x\n008,y\n")
    rows = read(folder, file="bare.csv", read=Read(header=False, columns=["code", "kind"], strings=["code"]))
    assert rows["code"].to_list() == ["007", "008"]


def test_a_parquet_file_is_read_with_plain_types(folder):
    table = pl.DataFrame({"c": ["a", "b"], "d": ["1.5", "2.5"]})
    table.select(pl.col("c").cast(pl.Categorical), pl.col("d").cast(pl.Decimal(10, 2))).write_parquet(
        folder / "t.parquet"
    )
    rows = read(folder, file="t.parquet")
    assert rows.schema == {"c": pl.String, "d": pl.Float64}


def test_a_set_that_came_split_carries_its_parts_and_counts_on(folder):
    (folder / "test.csv").write_text("name,age\nCyd,4.5\n")
    ingest = Ingest.model_validate({"source": {"train": {"file": "rows.csv"}, "test": {"file": "test.csv"}}})
    rows = open_sources(ingest, folder, folder / "scratch", exact=True).frame.collect()
    assert rows["_split"].to_list() == ["train", "train", "test"]
    assert rows["_id"].to_list() == [0, 1, 2]
    assert rows["age"].to_list() == [36.0, None, 4.5]


def test_parts_with_other_columns_are_refused(folder):
    (folder / "test.csv").write_text("name,years\nCyd,4\n")
    ingest = Ingest.model_validate({"source": {"train": {"file": "rows.csv"}, "test": {"file": "test.csv"}}})
    with pytest.raises(DataError, match=r"differ in \['age', 'years'\]"):
        open_sources(ingest, folder, folder / "scratch", exact=True)


@pytest.mark.parametrize(("name", "rows", "classes"), [("iris", 150, 3), ("wine", 178, 3), ("breast_cancer", 569, 2)])
def test_scikit_learns_tables_have_named_labels(tmp_path, name, rows, classes):
    table = read(tmp_path, file=f"sklearn:{name}")
    assert table.height == rows
    assert table["target"].dtype == pl.String
    assert table["target"].n_unique() == classes


def test_cancer_says_which_class_is_which(tmp_path):
    table = read(tmp_path, file="sklearn:breast_cancer")
    assert dict(table["target"].value_counts().rows()) == {"malignant": 212, "benign": 357}
    assert table["mean radius"][0] == 17.99


def test_diabetes_is_a_regression(tmp_path):
    assert read(tmp_path, file="sklearn:diabetes")["target"].to_list()[:2] == [151.0, 75.0]


def test_digits_are_images_of_a_byte_a_pixel(tmp_path):
    rows = open_source(Source(file="sklearn:digits"), tmp_path)
    assert rows.image_shape == (8, 8, 1)
    first = rows.frame.collect().row(0, named=True)
    assert first["target"] == "0"
    assert list(first["image"][:8]) == [0, 0, 5, 13, 9, 1, 0, 0]


def test_the_pinned_file_is_read_and_another_refused_with_both_hashes(folder):
    true = sha256_of(folder / "rows.csv")
    assert read(folder, file="rows.csv", sha256=true).height == 2
    with pytest.raises(DataError) as error:
        read(folder, file="rows.csv", sha256="0" * 64)
    assert true in str(error.value)
    assert "0" * 64 in str(error.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"file": "sklearn:irsi"}, "did you mean 'iris'"),
        ({"file": "sklearn:iris", "sha256": "0" * 64}, "remove its sha256"),
        ({"file": "../rows.csv"}, "leaves"),
        ({"file": "/rows.csv"}, "leaves"),
        ({"file": "rows.csv", "read": {"header": False}}, "name its 2 columns"),
        ({"file": "rows.csv", "read": {"header": False, "columns": ["a"]}}, "names 1 columns, but .* has 2"),
        ({"file": "rows.csv", "read": {"strings": ["ages"]}}, "does not have: it has name, age"),
    ],
)
def test_a_wrong_source_is_named_with_its_mend(folder, source, message):
    with pytest.raises(ParamsError, match=message):
        open_source(Source.model_validate(source), folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "does not exist"),
        ("empty.csv", b"", "is empty"),
        ("twice.csv", b"a,b,a\n1,2,3\n", r"\['a'\] have no name of their own"),
        ("nameless.csv", b",b\n1,2\n", "no name of their own"),
        ("taken.csv", b"_id,_reasons\n1,2\n", r"\['_id', '_reasons'\] are slipway's own"),
        ("text.parquet", b"a,b\n1,2\n", "is no Parquet file"),
    ],
)
def test_a_broken_file_is_named_with_its_mend(folder, name, content, message):
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_source(Source(file=name), folder)


def test_a_column_of_numbers_with_a_missing_marker_is_one_of_numbers(folder):
    (folder / "rows.csv").write_text("age,job\n31,?\n?,cook\n")
    source = Source.model_validate({"file": "rows.csv", "read": {"missing": ["?"]}})
    assert open_source(source, folder).frame.collect().rows() == [(31, None), (None, "cook")]


def test_another_delimiter_than_the_files_is_told_with_the_right_one(folder):
    (folder / "rows.csv").write_text("age;job\n31;cook\n")
    with pytest.raises(ParamsError, match=r"read: \{delimiter: ';'\}"):
        open_source(Source(file="rows.csv"), folder)


def test_a_file_with_a_slip_in_its_name_is_found_near(folder):
    with pytest.raises(DataError, match=r"did you mean 'rows\.csv'"):
        open_source(Source(file="row.csv"), folder)


@pytest.mark.parametrize(
    ("name", "content", "read", "known"),
    [
        ("adult.data", b"a,b\n1,2\n", {}, "delimited"),
        ("rows", b"a,b\n1,2\n", {}, "delimited"),
        ("rows.tsv.gz", gzip.compress(b"a\tb\n1\t2\n", mtime=0), {}, "delimited"),
        ("lines", b'{"a": 1, "b": 2}\n', {}, "ndjson"),
        ("lines.txt", b'{"a": 1, "b": 2}\n', {"format": "ndjson"}, "ndjson"),
    ],
)
def test_a_format_is_told_by_the_name_else_by_the_first_bytes_unless_it_is_stated(folder, name, content, read, known):
    (folder / name).write_bytes(content)
    assert open_source(Source.model_validate({"file": name, "read": read}), folder).frame.collect().rows() == [(1, 2)]


@pytest.mark.parametrize("write", ["write_parquet", "write_ipc", "write_excel"])
def test_binary_formats_are_known_by_their_first_bytes(folder, write):
    getattr(pl.DataFrame({"a": [1], "b": [2]}), write)(folder / "rows.any")
    (folder / "rows.any").rename(folder / "rows")
    assert open_source(Source(file="rows"), folder).frame.collect().rows() == [(1, 2)]


@pytest.mark.parametrize(
    ("name", "content"),
    [("rows.json", b"[]"), ("rows.pdf", b"%PDF"), ("rows", bytes(100)), ("page.html", b"<html>")],
)
def test_a_format_that_nothing_reads_is_told(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(ParamsError, match=r"nothing reads this\. Give a file that ends in \.csv, \.tsv"):
        open_source(Source(file=name), folder)


def test_files_of_several_formats_are_no_table(folder):
    (folder / "rows.ndjson").write_text("{}")
    with pytest.raises(ParamsError, match="files of several formats: delimited, ndjson"):
        open_source(Source(file="rows.*"), folder)


@pytest.mark.parametrize(
    ("name", "read", "message"),
    [
        ("rows.csv", {"sheet": "a"}, "read.sheet does nothing for a file of the format delimited"),
        ("rows.parquet", {"missing": ["?"]}, "read.missing does nothing .* What is read there: nothing"),
        ("rows.ndjson", {"delimiter": ";"}, "read.delimiter does nothing"),
        ("rows.xlsx", {"broken": "quarantine"}, "read.broken does nothing"),
    ],
)
def test_a_read_option_that_would_do_nothing_is_refused(folder, name, read, message):
    (folder / name).touch()
    with pytest.raises(ParamsError, match=message):
        open_source(Source.model_validate({"file": name, "read": read}), folder)


def test_parts_of_images_must_have_one_shape(folder):
    for part, size in (("a", 1), ("b", 2)):
        (folder / part / "x").mkdir(parents=True)
        Image.new("L", (size, size)).save(folder / part / "x" / "1.png")
    ingest = Ingest.model_validate({"source": {"train": {"images": "a"}, "test": {"images": "b"}}})
    with pytest.raises(DataError, match="set shape in each"):
        open_sources(ingest, folder, folder / "scratch", exact=True)
