"""Rows that are there more than once are found by their hashes, exactly."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.tables.duplicates import at, shared, surplus
from slipway.tables.hashing import row_hash

rows = st.lists(st.tuples(st.none() | st.integers(0, 2), st.none() | st.sampled_from(["", "a", "b"])), max_size=30)


def frame_of(rows):
    return pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String}, orient="row").with_row_index("row")


@pytest.mark.parametrize("keep", ["first", "last", "none"])
@given(rows)
def test_the_surplus_is_what_polars_would_drop(keep, rows):
    table = frame_of(rows)
    dtypes = {"a": pl.Int64(), "b": pl.String()}
    hashes = table.select(row_hash(dtypes, seed=7)).to_series()
    found = surplus(table.lazy(), hashes, dtypes, keep=keep, seed=7)
    kept = table.unique(["a", "b"], keep=keep, maintain_order=True)["row"].to_list()
    assert [row for row in range(len(rows)) if row not in set(found.tolist())] == kept


def test_rows_whose_first_hash_alone_is_shared_stay():
    table = pl.DataFrame({"row": [0, 1, 2], "a": [1, 2, 1]}).cast({"row": pl.get_index_type()})
    collided = pl.Series([5, 5, 5], dtype=pl.UInt64)
    assert surplus(table.lazy(), collided, {"a": pl.Int64()}, keep="first", seed=7).tolist() == [2]


def test_rows_without_a_hash_are_no_copies():
    assert shared(pl.Series([None, None, 3, 4, 3], dtype=pl.UInt64)).tolist() == [2, 4]
    assert shared(pl.Series([], dtype=pl.UInt64)).tolist() == []


def test_a_mask_picks_rows_by_their_positions():
    table = frame_of([(1, "a"), (2, "b"), (3, None)]).lazy()
    assert table.filter(at(np.array([True, True, False]))).collect()["a"].to_list() == [1, 2]
