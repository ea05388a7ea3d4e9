import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.drafting.cells import MARKERS, WEAK_MARKERS
from slipway.drafting.sniffing import sniff
from slipway.errors import DataError


def dialect(text, encoding="utf-8", **options):
    return sniff(text.encode(encoding), **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", " "])
def test_the_delimiter_is_the_one_that_gives_rows_of_one_width(delimiter):
    lines = [["name", "age", "city"], ["ann", "31", "Rome"], ["bob", "47", "Oslo"], ["eve", "28", "Lima"]]
    found = dialect("\n".join(delimiter.join(line) for line in lines) + "\n")
    assert (found.delimiter, found.header, found.names) == (delimiter, True, ["name", "age", "city"])
    assert found.rows == lines[1:]


def test_a_decimal_comma_is_no_delimiter():
    found = dialect("when;a;b\n2014-01-01 10:00:00;1,5;2,25\n2014-01-01 11:00:00;3,5;-4,0\n")
    assert (found.delimiter, found.decimal_comma) == (";", True)
    assert not dialect("a;b\n1.5;x,y\n2.5;z\n").decimal_comma


def test_commas_inside_quotes_are_no_delimiters():
    found = dialect('city,note\n"Rome, Italy","said ""no"""\n"Oslo, Norway",yes\n')
    assert (found.delimiter, found.quote, found.num_odd) == (",", '"', 0)
    assert found.rows[0] == ["Rome, Italy", 'said "no"']


def test_quotes_that_never_close_are_part_of_the_texts():
    lines = ["text\tlabel", *(f'"{word} it is\t{n % 2}' for n, word in enumerate(["good", "bad", "odd", "nice"]))]
    found = dialect("\n".join(lines) + "\n")
    assert (found.delimiter, found.quote) == ("\t", None)
    assert len(found.rows) == 4


@pytest.mark.parametrize(
    ("encoding", "bom", "wanted"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8-sig", b"", "utf-8"),
        ("latin-1", b"", "latin-1"),
        ("utf-16", b"", "utf-16"),
        ("utf-16-le", b"", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(encoding, bom, wanted):
    found = sniff(bom + "straße,größe\nälter,3\nüber,4\n".encode(encoding))
    assert (found.encoding, found.names) == (wanted, ["straße", "größe"])


def test_windows_1252_is_read_as_ingest_reads_it_and_its_ellipsis_ends_no_line():
    found = sniff("price €,note…\n007,and so on…\n012,more…\n".encode("cp1252"))
    assert (found.encoding, found.names, found.codes) == ("latin-1", ["price €", "note…"], ["price €"])
    assert (found.rows, found.num_odd) == ([["007", "and so on…"], ["012", "more…"]], 0)


def test_a_separator_within_a_value_ends_no_line():
    found = dialect("a,b\n1,x\u2028y\n2,x\x0by\n")
    assert (found.rows, found.num_odd) == ([["1", "x\u2028y"], ["2", "x\x0by"]], 0)


def test_a_character_that_the_end_of_the_sample_cuts_in_two_is_no_latin_1():
    head = ("a,b\n" + "ä,1\n" * 10).encode()[:-4]
    assert head[-1] == "ä".encode()[0]
    assert sniff(head, whole=False).encoding == "utf-8"


def test_lines_before_the_table_are_junk():
    found = dialect("exported on Monday\n\nid,x\n1,2.5\n2,3.5\n3,1.5\n")
    assert (found.skip_lines, found.header, found.names) == (2, True, ["id", "x"])
    found = dialect("|1x3 Cross validator\n25, a, 3\n38, b, 4\n28, a, 5\n")
    assert (found.skip_lines, found.header, found.delimiter, found.trim) == (1, False, ",", True)


def test_without_a_header_the_columns_are_numbered():
    found = dialect("A11,6,x\nA12,48,y\nA11,12,x\n")
    assert (found.header, found.names) == (False, ["column_1", "column_2", "column_3"])


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("sentence\tlabel\nso good\t1\nso bad\t0\n", True),
        ("yes,no\nno,no\nyes,yes\nno,yes\n", False),
        ("colour,size\nred,small\nblue,small\nred,large\nblue,large\nred,small\n", True),
        ("1,2\n3,4\n5,6\n", False),
        ("country,1990,2000\nItaly,56.7,56.9\nNorway,4.2,4.5\n", True),
        ("2020-01-01,5\n2020-01-02,6\n", False),
        ("age,plan,age\n31,plus,32\n45,pro,46\n31,plus,31\n", True),
        ("red,big,red\nblue,big,red\nred,big,blue\nblue,small,red\n", False),
        ("unknown,red,unknown\n1,blue,5\n2,red,6\n3,green,7\n", False),
        ("age,plan,age\n", True),
    ],
)
def test_a_header_is_a_line_that_is_unlike_what_stands_below(text, header):
    assert dialect(text).header is header


def test_markers_of_missing_values_are_found_where_they_mean_it():
    assert dialect("a,b\n1,?\n2,x\nNA,y\n").missing == ["?", "NA"]
    assert dialect("a,b\n" + "".join(f"{n},x\n" for n in range(30)) + "-,unknown\n").missing == ["-"]
    assert dialect("a,b\nred,1\nunknown,2\nblue,3\n").missing == []


def test_numbers_with_leading_zeros_are_codes():
    assert dialect("zip,n\n01234,1\n99999,2\n").codes == ["zip"]


def test_a_column_alone_needs_no_delimiter():
    found = dialect("price\n1.5\n2.5\n3.5\n")
    assert (found.delimiter, found.names) == (None, ["price"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no lines of text"),
        (b"\n\n", "no lines of text"),
        (b"\x00\x01\x02abc\x00\xff" + b"text" * 50, "no text"),
        (
            b"To be, or not to be, that is\nthe question:\nWhether tis nobler in the mind to suffer\nThe slings\n",
            "prose",
        ),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(content, reason):
    with pytest.raises(DataError, match="running text" if reason == "prose" else reason):
        sniff(content)


WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäéß"), min_size=1, max_size=8).filter(
    lambda word: word not in MARKERS | WEAK_MARKERS
)


@st.composite
def tables(draw):
    """A table with a column of numbers and one of words at least, as a file would have it."""
    names = draw(st.lists(WORDS, min_size=2, max_size=6, unique=True))
    kinds = ["number", "word", *draw(st.lists(st.sampled_from(["number", "word", "date"]), max_size=4))][: len(names)]
    domain = draw(st.lists(WORDS, min_size=2, max_size=5, unique=True).filter(lambda own: not set(own) & set(names)))
    cells = {
        "number": st.decimals(-999, 999, places=2).map(str),
        "word": st.sampled_from(domain),
        "date": st.dates().map(str),
    }
    kinds += ["number"] * (len(names) - len(kinds))
    rows = draw(st.lists(st.tuples(*(cells[kind] for kind in kinds)), min_size=12, max_size=30))
    return names, [list(row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    header=st.booleans(),
    marker=st.sampled_from(["", "?", "NA", "N/A", "null", "NaN"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_written_in_any_way_is_read_back(table, delimiter, header, marker, encoding, ends):
    names, rows = table
    rows = [[marker if n % 5 == 3 and i == 0 else cell for i, cell in enumerate(row)] for n, row in enumerate(rows)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ends)
    writer.writerows([names, *rows] if header else rows)
    found = sniff(out.getvalue().encode(encoding))
    assert (found.delimiter, found.header, found.skip_lines) == (delimiter, header, 0)
    assert found.rows == rows
    assert found.missing == ([marker] if marker else [])
