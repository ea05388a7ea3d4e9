"""Sheets of Excel files."""

import datetime

import polars as pl
import pytest
import xlsxwriter

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Read
from slipway.sources.excel import open_excel
from slipway.sources.workplace import File

DAY = datetime.datetime(2026, 1, 2)


def written(place, *sheets, name="x.xlsx"):
    path = place.folder / name
    with xlsxwriter.Workbook(str(path)) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for index, rows in enumerate(sheets):
            sheet = book.add_worksheet(f"s{index}")
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    if isinstance(value, datetime.datetime):
                        sheet.write_datetime(row, column, value, date)
                    elif value is not None:
                        sheet.write(row, column, value)
    return File(name, path)


ROWS = [["a", "b", "c", "d"], [1, "x", 1.5, DAY], [2, None, 2, None]]


def read(file, **options):
    return open_excel([file], Read.model_validate(options)).frame.collect()


def test_cells_have_their_types(place):
    table = read(written(place, ROWS))
    assert table.rows() == [(1, "x", 1.5, DAY), (2, None, 2.0, None)]
    assert table.schema["d"] == pl.Datetime("ms")


def test_the_options_that_excel_has_do_what_they_say(place):
    file = written(place, [["junk"], [" a", "b", "c"], [" 1", "007", "?"], ["2", "x", 3.5]], ROWS)
    table = read(file, sheet="s0", skip_lines=1, trim=True, missing=["?", "x"], strings=["b"])
    assert table.rows() == [("1", "007", None), ("2", None, 3.5)]
    bare = read(written(place, ROWS[1:]), header=False, columns=list("wxyz"))
    assert bare.rows() == [(1, "x", 1.5, DAY), (2, None, 2.0, None)]


def test_a_column_of_several_types_is_one_of_texts(place):
    assert read(written(place, [["a"], [1], ["x"]]))["a"].to_list() == ["1", "x"]


def test_several_files_are_one_table(place):
    files = [written(place, [["a"], [value]], name=f"{value}.xlsx") for value in (1, 2.5)]
    assert open_excel(files, Read()).frame.collect()["a"].to_list() == [1.0, 2.5]


@pytest.mark.parametrize(
    ("sheets", "options", "error", "message"),
    [
        ([ROWS, ROWS], {}, ParamsError, "has the sheets s0, s1: say which in ingest.source.read.sheet"),
        ([ROWS], {"sheet": "s9"}, ParamsError, "sheet = 's9': x.xlsx has s0"),
        ([[["a", "a"], [1, 2]]], {}, DataError, r"\['a'\] have no name of their own"),
        ([[["a", None, "b"], [1, 2, 3]]], {}, DataError, "no name of their own"),
        ([[]], {}, DataError, "is empty"),
    ],
)
def test_a_sheet_that_is_no_table_is_told_with_the_mend(place, sheets, options, error, message):
    with pytest.raises(error, match=message):
        read(written(place, *sheets), **options)


def test_a_file_that_is_cut_short_or_locked_is_refused(place):
    file = written(place, ROWS)
    content = file.path.read_bytes()
    for damaged in (content[:2000], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"text"):
        file.path.write_bytes(damaged)
        with pytest.raises(DataError, match="is no Excel file, damaged, or locked by a password"):
            read(file)
