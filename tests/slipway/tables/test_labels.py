"""Labels: one spelling, one order."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.suites.rules import as_text
from slipway.tables.labels import label, order_classes


def labels(values, dtype):
    return pl.DataFrame({"y": pl.Series(values, dtype=dtype)}).select(label("y", dtype())).to_series().to_list()


def test_whole_floats_are_spelt_as_integers():
    assert labels([1.0, 0.0, -3.0, None, float("nan"), 0.5], pl.Float64) == ["1", "0", "-3", None, None, "0.5"]


@pytest.mark.parametrize(
    ("values", "dtype", "texts"),
    [([1, None], pl.Int8, ["1", None]), ([True, False], pl.Boolean, ["true", "false"]), (["a"], pl.String, ["a"])],
)
def test_other_types_are_spelt_as_they_are(values, dtype, texts):
    assert labels(values, dtype) == texts


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_server_spells_numbers_the_same(values):
    assert labels(values, pl.Float64) == [as_text(value) for value in values]


def test_integers_are_ordered_by_value_and_other_texts_as_texts():
    assert order_classes({"10", "9", "1"}) == ["1", "9", "10"]
    assert order_classes({"10", "9", "x"}) == ["10", "9", "x"]
