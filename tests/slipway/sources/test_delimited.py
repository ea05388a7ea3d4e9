"""Delimited text: options, types, and what polars reads of it."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Read
from slipway.sources.delimited import open_delimited
from slipway.sources.workplace import File, Workplace


def opened(place, content, *, name="x.csv", exact=True, **read):
    path = place.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_delimited([File(name, path)], Read.model_validate(read), place, exact=exact)


def rows(place, content, **options):
    return opened(place, content, **options).frame.collect(engine="streaming")


@pytest.mark.parametrize(
    ("content", "read", "expected"),
    [
        ("a;b\n1,5;x\n2;y\n", {"delimiter": ";", "decimal_comma": True}, [(1.5, "x"), (2.0, "y")]),
        ("a|b\n1|x\n", {"delimiter": "|"}, [(1, "x")]),
        ("\ufeffa,b\n1,x\n", {}, [(1, "x")]),
        ("\ufeff1,x\n2,y\n", {"header": False, "columns": ["a", "b"]}, [(1, "x"), (2, "y")]),
        ("junk\n\na,b\n1,x\n", {"skip_lines": 2}, [(1, "x")]),
        ("|1x3 junk\n1,x\n", {"skip_lines": 1, "header": False, "columns": ["a", "b"]}, [(1, "x")]),
        ('"a\nb",c\n1,x\n', {}, [(1, "x")]),
        ("a,b\n'x,y',5\n", {"quote": "'"}, [("x,y", 5)]),
        ('a,b\n"x,5\n', {"quote": None}, [('"x', 5)]),
        ("a,b\n?,NA\n1,\n", {"missing": ["?", "NA"]}, [(None, None), (1, None)]),
        ('a,b\n"",""\n"1","x"\n', {}, [(None, None), (1, "x")]),
        (' a, b\n 39, "x, y"\n40 , ?\n', {"trim": True, "missing": ["?"]}, [(39, "x, y"), (40, None)]),
        (
            "a;b\n 1,5 ; true\n2;FALSE\n",
            {"trim": True, "delimiter": ";", "decimal_comma": True},
            [(1.5, True), (2.0, False)],
        ),
        ("a,b\r\n1,x\r\n", {}, [(1, "x")]),
        ("a,b\n007,1\n", {"strings": ["a"]}, [("007", 1)]),
        ("a\n1\n\n3\n", {}, [(1,), (None,), (3,)]),
        ("a,b\nJ\xfcrg \x80,1\n".encode("latin-1"), {"encoding": "latin-1"}, [("Jürg €", 1)]),
        ("a,b\nJürg €,1\n".encode("utf-16"), {"encoding": "utf-16"}, [("Jürg €", 1)]),
        ("a,b\nJürg €,1\n".encode("utf-16-le"), {"encoding": "utf-16"}, [("Jürg €", 1)]),
        ("a,b\nJürg €,1\n".encode("utf-16-be"), {"encoding": "utf-16"}, [("Jürg €", 1)]),
    ],
)
def test_each_read_option_does_what_it_says(place, content, read, expected):
    assert rows(place, content, **read).rows() == expected


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "-2", ""], pl.Int64),
        (["1", "2.5", "1e3", ".5", "5.", "NaN", "inf"], pl.Float64),
        (["true", "FALSE", ""], pl.Boolean),
        (["1", "true"], pl.String),
        (["", ""], pl.String),
        (["12345678901234567890123", "1"], pl.String),
        (["12345678901234567890", "1.5"], pl.Float64),
        (["1", "x"], pl.String),
        (["2020-01-01"], pl.String),
        (["1_000"], pl.String),
        (["+5"], pl.Int64),
    ],
)
@pytest.mark.parametrize("at_end", [False, True])
def test_types_come_from_all_rows(place, values, dtype, at_end):
    first = [values[0]] * 10_001 if at_end else []
    content = "a,b\n" + "".join(f"{value},x\n" for value in first + values)
    assert opened(place, content).frame.collect_schema()["a"] == dtype
    assert rows(place, content).schema["a"] == dtype


def test_a_column_whose_first_values_are_missing_has_the_type_of_the_others(place):
    content = "a,b\n" + ",x\n" * 10_001 + "1,x\n"
    assert rows(place, content, exact=False)["a"].to_list()[-1] == 1


def test_without_exactness_a_late_value_of_another_type_is_refused_and_not_lost(place):
    content = "a,b\n" + "1,x\n" * 10_001 + "q,x\n"
    with pytest.raises(pl.exceptions.ComputeError, match="q"):
        rows(place, content, exact=False)


def test_files_with_the_same_columns_are_one_table(place):
    files = []
    for index, content in enumerate(["a,b\n1,x\n", '"a",b\n2.5,y\n\n', 'a,"b"\n3,"z\nz"\n']):
        path = place.folder / f"{index}.csv"
        path.write_text(content)
        files.append(File(path.name, path))
    found = open_delimited(files, Read(), place, exact=True)
    assert found.frame.collect().rows() == [(1.0, "x"), (2.5, "y"), (3.0, "z\nz")]
    assert found.blank_lines == 1
    (place.folder / "1.csv").write_text("b,a\n1,2\n")
    with pytest.raises(DataError, match=r"1\.csv and 0\.csv do not have the same columns: they differ in their order"):
        open_delimited(files, Read(), place, exact=True)


def test_broken_lines_are_put_aside_and_the_others_read(place):
    content = "a,b\n1,x\n2\n3,y,z\n4,w\n"
    found = opened(place, content, broken="quarantine", max_broken_pct=50)
    assert found.frame.collect().rows() == [(1, "x"), (4, "w")]
    assert [(line.line, line.text) for line in found.broken] == [(3, "2"), (4, "3,y,z")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_by_default_a_broken_line_is_an_error_with_its_number_and_the_mend(place, encoding):
    content = "junk\na,b\n1,x\n2\n".encode(encoding)
    with pytest.raises(DataError, match=r"x\.csv, line 4: 1 value instead of 2: '2'\.\n.*read.broken: quarantine"):
        opened(place, content, skip_lines=1, encoding=encoding)


def test_half_a_pair_of_utf_16_is_a_broken_line(place):
    content = "a,b\n1,x\n2,\ud800\n".encode("utf-16", "surrogatepass")
    with pytest.raises(DataError, match=r"line 3: is not UTF-8"):
        opened(place, content, encoding="utf-16")


def test_more_broken_lines_than_allowed_mean_that_the_file_is_read_wrongly(place):
    with pytest.raises(
        DataError, match=r"2 of 4 are broken, more than max_broken_pct = 20 allows; the first, line 3: 1"
    ):
        opened(place, "a,b\n1,x\n2\n3\n4,y\n", broken="quarantine", max_broken_pct=20)


def test_very_many_broken_lines_stop_the_reading_early(place):
    content = "a,b\n" + "1\n" * 3_000_000
    with pytest.raises(DataError, match=r"of [0-9,]+ are broken") as error:
        opened(place, content, broken="quarantine")
    assert "3,000,000" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "read", "error", "message"),
    [
        ("", {}, DataError, "is empty"),
        ("\n\n", {"skip_lines": 1}, DataError, r"is empty, or its first line is \(after read.skip_lines = 1\)"),
        ("a,b,a\n1,2,3\n", {}, DataError, r"\['a'\] have no name of their own"),
        (",b\n1,2\n", {}, DataError, "no name of their own"),
        ("_id,_reasons\n1,2\n", {}, DataError, r"\['_id', '_reasons'\] are slipway's own"),
        ("a;b\n1;2\n", {}, ParamsError, r"read: \{delimiter: ';'\}"),
        ("1,2\n", {"header": False}, ParamsError, "name its 2 columns"),
        ("1,2\n", {"header": False, "columns": ["a"]}, ParamsError, "names 1 columns, but x.csv has 2"),
        ("a,b\n", {"columns": ["a", "b"]}, ParamsError, "set header: false"),
        ("a,b\n", {"strings": ["c"]}, ParamsError, "does not have: it has a, b"),
        ("a,b\rc,d\r", {}, DataError, "Lines must end in LF"),
        ("a,b\n1,2\n".encode("utf-16"), {}, DataError, "set read.encoding: utf-16"),
        ("a,b\n1,2\n", {"encoding": "utf-16"}, DataError, "is not UTF-16"),
        ("a,b\n1,2\n".encode("utf-16") + b"x", {"encoding": "utf-16"}, DataError, "in the middle of a character"),
    ],
)
def test_a_file_and_options_that_do_not_fit_are_told_with_the_mend(place, content, read, error, message):
    with pytest.raises(error, match=message):
        opened(place, content, **read)


def test_ten_thousand_columns_are_read(place):
    names = [f"c{index}" for index in range(10_000)]
    content = ",".join(names) + "\n" + (",".join(["1"] * 5_000 + ["x"] * 5_000) + "\n") * 2
    table = rows(place, content)
    assert table.shape == (2, 10_000)
    assert (table.schema["c0"], table.schema["c9999"]) == (pl.Int64, pl.String)


def test_a_file_without_rows_has_columns(place):
    assert rows(place, "a,b\n").schema == {"a": pl.String, "b": pl.String}


CELL = st.text(alphabet='a1 ,"\né.', max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_texts_come_back_as_they_were_written(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("csv")
    content = pl.DataFrame(written, schema=["a", "b"], orient="row").write_csv(quote_style="always")
    found = rows(Workplace(folder, folder / "scratch"), content, strings=["a", "b"])
    assert found.rows() == [tuple(value or None for value in row) for row in written]
