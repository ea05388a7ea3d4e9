"""The keyed hash of a row: pinned, so that no update of a library deals rows out anew."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slipway.tables.hashing import row_hash


def hashes(table, *, seed=7):
    return table.lazy().select(row_hash(table.schema, seed=seed)).collect(engine="streaming").to_series().to_list()


def test_texts_go_through_xxh3_as_its_authors_publish_it():
    import polars_hash

    assert polars_hash.__version__
    assert pl.select(pl.lit("").nchash.xxh3_64(seed=0)).item() == 0x2D06800538D394C2


def test_the_hash_is_pinned():
    table = pl.DataFrame({"a": [1.5], "b": ["x"], "c": [b"\x00"], "d": [date(2026, 11, 22)], "e": [None], "f": [True]})
    assert hashes(table) == [18329377303344679269]


def test_whole_numbers_hash_alike_as_integers_and_floats():
    integers = pl.DataFrame({"a": [1, 2, -7, None]})
    assert hashes(integers) == hashes(integers.cast(pl.Float64)) == hashes(integers.cast(pl.Int8))
    assert hashes(pl.DataFrame({"a": [0.0]})) == hashes(pl.DataFrame({"a": [-0.0]}))


def test_the_order_of_columns_does_not_matter():
    table = pl.DataFrame({"a": [1], "b": ["x"]})
    assert hashes(table) == hashes(table.select("b", "a"))


def test_another_seed_is_another_hash():
    table = pl.DataFrame({"a": ["x", None]})
    assert set(hashes(table)).isdisjoint(hashes(table, seed=8))


values = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(max_size=3),
    st.none() | st.floats(allow_nan=False),
)


@given(st.lists(values, unique=True, min_size=2))
def test_different_rows_have_different_hashes(rows):
    table = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Float64}, orient="row")
    assert len(set(hashes(table))) == len(set(rows))


def test_columns_that_no_step_prepares_can_still_be_compared():
    table = pl.DataFrame({"a": [[1], [2], [1]], "s": [{"x": 1}, {"x": 1}, {"x": 1}]})
    first, second, third = hashes(table)
    assert first == third != second
