"""The keyed-hash split: a row keeps its part, equal rows share one, shares come out right."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import DataError
from slipway.tables.schema import PARTS
from slipway.tables.splitting import hash_rows, require_rows, with_part

values = st.tuples(st.none() | st.integers(-5, 5), st.none() | st.text(max_size=3), st.none() | st.binary(max_size=3))
tables = st.lists(values, min_size=1, max_size=30)


def table_of(rows):
    return pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Binary}, orient="row")


def parts(table, *, by=("a", "b", "c"), seed=7, validation=0.3, test=0.3):
    return with_part(table, by=by, seed=seed, validation=validation, test=test)["_split"].to_list()


@given(tables, tables)
def test_a_row_keeps_its_part_when_the_data_grows(rows, more):
    assert parts(table_of(rows + more))[: len(rows)] == parts(table_of(rows))


@given(tables, st.randoms())
def test_a_rows_part_does_not_depend_on_the_order(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    before = parts(table_of(rows))
    assert parts(table_of([rows[place] for place in order])) == [before[place] for place in order]


@given(tables)
def test_rows_equal_in_the_hashed_columns_share_a_part(rows):
    part_of = {}
    for row, part in zip(rows, parts(table_of(rows), by=["a"]), strict=True):
        assert part_of.setdefault(row[0], part) == part


def test_shares_come_out_right_and_another_seed_deals_anew():
    table = pl.DataFrame({"a": range(20_000)})
    dealt = parts(table, by=["a"], validation=0.15, test=0.2)
    assert dealt.count("test") / 20_000 == pytest.approx(0.2, abs=0.01)
    assert dealt.count("validation") / 20_000 == pytest.approx(0.15, abs=0.01)
    assert dealt != parts(table, by=["a"], seed=8, validation=0.15, test=0.2)


def test_a_larger_share_of_validation_takes_from_train_alone():
    table = pl.DataFrame({"a": range(1000)})
    small, large = (parts(table, by=["a"], validation=share, test=0.2) for share in (0.1, 0.3))
    assert [part == "test" for part in small] == [part == "test" for part in large]


def test_whole_numbers_hash_alike_as_integers_and_floats():
    integers = pl.DataFrame({"a": [1, 2, None]})
    assert hash_rows(integers, seed=7).to_list() == hash_rows(integers.cast(pl.Float64), seed=7).to_list()


def test_the_order_of_columns_does_not_matter():
    table = pl.DataFrame({"a": [1], "b": ["x"]})
    assert hash_rows(table, seed=7).to_list() == hash_rows(table.select("b", "a"), seed=7).to_list()


def test_the_hash_is_pinned_so_that_no_update_deals_anew():
    assert hash_rows(pl.DataFrame({"a": [1.5], "b": ["x"], "c": [b"\x00"]}), seed=7).to_list() == [1007574879825906392]


def test_a_set_that_came_split_keeps_its_parts():
    table = pl.DataFrame({"a": [1, 2, 3], "_split": ["train", "validation", "test"]})
    assert parts(table, by=["a"]) == ["train", "validation", "test"]


def test_validation_is_taken_from_train_where_it_came_without():
    table = pl.DataFrame({"a": range(1000), "_split": ["train"] * 800 + ["test"] * 200})
    dealt = parts(table, by=["a"], validation=0.25)
    assert dealt[800:] == ["test"] * 200
    assert set(dealt[:800]) == {"train", "validation"}
    assert dealt.count("validation") / 800 == pytest.approx(0.25, abs=0.05)


def test_an_empty_part_is_refused_with_the_counts():
    require_rows(dict.fromkeys(PARTS, 1))
    with pytest.raises(DataError, match=r"no rows fell to test \(train 3, validation 1, test 0\)"):
        require_rows({"train": 3, "validation": 1})
