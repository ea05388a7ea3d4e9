"""The check of lines: what polars would fill in silence or refuse without a line's number."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.sources import lines as module
from slipway.sources import records
from slipway.sources.copying import Copy
from slipway.sources.lines import Lines, check_lines
from slipway.sources.records import Layout


def checked(path, content: bytes, width: int, *, delimiter=",", quote='"', block=1 << 20) -> tuple[Lines, bytes]:
    """Check a file without a header in blocks of this size; return what was found, and what polars would see."""
    path.write_bytes(content)
    copy = Copy(path, path.with_name(f"{path.name}.copy"))
    path.with_name(f"{path.name}.copy").unlink(missing_ok=True)
    before, module.BLOCK_BYTES = module.BLOCK_BYTES, block
    try:
        for found in check_lines(path, path.name, Layout(delimiter, quote, width), start=0, line=1):
            copy.leave_out(found.cuts)
            found.cuts.clear()
    finally:
        module.BLOCK_BYTES = before
    return found, copy.finish().read_bytes()


BLOCKS = pytest.mark.parametrize("block", [1, 7, 1 << 20])


@BLOCKS
@pytest.mark.parametrize(
    ("content", "width", "rows", "broken"),
    [
        (b"1,2\n3,4\n", 2, 2, []),
        (b"1,2\n3,4", 2, 2, []),
        (b'"1"\ry,2\n"3","4"\r\n', 2, 1, [(1, '"1"\ry,2', "text follows a closing quote")]),
        (b"1,2\r\n3,4\r\n", 2, 2, []),
        (b'"a,b",2\n"c\nd",4\n', 2, 2, []),
        (b'"a ""b"" c",2\n"""",""\n', 2, 2, []),
        (b"1\n\n3\n", 1, 3, []),
        (b"1,2\n3\n5,6\n", 2, 2, [(2, "3", "1 value instead of 2")]),
        (b"1,2\n3,4,5\n5,6\n", 2, 2, [(2, "3,4,5", "3 values instead of 2")]),
        (b"1,2\n3", 2, 1, [(2, "3", "1 value instead of 2, and the file ends in the middle of this line")]),
        (b'1,2\n3,"4\n5,6\n7,8\n', 2, 3, [(2, '3,"4', "a quote is never closed")]),
        (b'1,2\n3,"4\n5,"6"\n7,8\n', 2, 3, [(2, '3,"4', "text follows a closing quote")]),
        (b'1,2\n"3"x,4\n5,6\n', 2, 2, [(2, '"3"x,4', "text follows a closing quote")]),
        (b'1,2\n"3\n4",5,6\n7,8\n', 2, 2, [(2, '"3\n4",5,6', "3 values instead of 2")]),
        (b"1,2\n3,\xff\n5,6\n", 2, 2, [(2, "3,\\xff", "is not UTF-8")]),
        (b'1,2\n3,"\xff\n"\n5,6\n', 2, 2, [(2, '3,"\\xff\n"', "is not UTF-8")]),
        (b"1,2\n\xff\n\xfe,1\n5,6\n", 2, 2, [(2, "\\xff", "is not UTF-8"), (3, "\\xfe,1", "is not UTF-8")]),
        (b'1,2\n3" x,4\ra\n"5\r\n6",\r\n', 2, 3, []),
    ],
)
def test_each_broken_line_is_named_and_the_others_are_kept(tmp_path, content, width, rows, broken, block):
    found, seen = checked(tmp_path / "x.csv", content, width, block=block)
    assert [(line.line, line.text, line.reason) for line in found.broken] == broken
    assert found.rows == rows
    read = list(csv.reader(io.StringIO(seen.decode().replace("\r", ""), newline="")))
    assert [len(each or [""]) for each in read] == [width] * rows


@BLOCKS
def test_a_quote_inside_an_unquoted_value_is_a_character_like_any_other(tmp_path, block):
    found, seen = checked(tmp_path / "x.csv", b'5" pipe,3\n"q",4\n', 2, block=block)
    assert (found.rows, found.broken) == (2, [])
    assert seen == b'"5"" pipe",3\n"q",4\n'


@BLOCKS
def test_blank_lines_are_counted_and_left_out(tmp_path, block):
    found, seen = checked(tmp_path / "x.csv", b"1,2\n\n3,4\n\r\n", 2, block=block)
    assert (found.rows, found.blank, found.broken) == (2, 2, [])
    assert seen == b"1,2\n3,4\n"


def test_without_quoting_a_quote_is_a_character(tmp_path):
    found, seen = checked(tmp_path / "x.csv", b'"a,2\nb",4\n', 2, quote=None)
    assert (found.rows, found.broken) == (2, [])
    assert seen == b'"a,2\nb",4\n'


def test_a_quote_that_never_closes_does_not_swallow_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(module, "MAX_RECORD_LINES", 50)
    monkeypatch.setattr(records, "MAX_RECORD_LINES", 50)
    content = b"1,2\n" * 100 + b'3,"4\n' + b"5,6\n" * 5000
    found, _ = checked(tmp_path / "x.csv", content, 2, block=500)
    assert [(line.line, line.reason) for line in found.broken] == [(101, "a quote is never closed")]
    assert found.rows == 5100


def test_a_value_longer_than_the_csv_modules_limit_is_no_mistake(tmp_path):
    content = b'"' + b"y" * 200_000 + b'",1\n"x"x,2\n'
    found, _ = checked(tmp_path / "x.csv", content, 2)
    assert (found.rows, len(found.broken)) == (1, 1)
    assert csv.field_size_limit() == 131072


VALUES = st.text(alphabet='ab,"\n\r é;', max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=8), st.integers(1, 40), st.booleans())
def test_what_the_csv_module_writes_is_never_broken(tmp_path_factory, rows, block, all_quoted):
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    content = text.getvalue().encode()
    found, seen = checked(tmp_path_factory.mktemp("csv") / "x.csv", content, 3, block=block)
    assert (found.rows, found.broken) == (len(rows), [])
    assert seen == content


@settings(max_examples=400, deadline=None)
@example(b',""\r\n')
@given(st.lists(st.sampled_from([b"\n", b"\n", b",", b",", b'"', b"a", b"\r", b"\xff"]), max_size=40).map(b"".join))
def test_no_line_is_lost_and_none_is_counted_twice(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("csv")
    whole, seen = checked(folder / "x.csv", content, 2)
    in_pieces, seen_in_pieces = checked(folder / "x.csv", content, 2, block=3)
    assert (whole.rows, whole.blank, whole.broken) == (in_pieces.rows, in_pieces.blank, in_pieces.broken)
    assert seen == seen_in_pieces
    text = seen.decode().replace("\r\n", "\n").replace("\r", "-")
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [len(each) for each in read] == [2] * whole.rows
