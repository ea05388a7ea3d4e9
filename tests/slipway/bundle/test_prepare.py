"""Plain Python cleans a value as preprocess' polars expressions clean its column."""

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slipway.bundle.prepare import Prepare, parse_prepare
from slipway.errors import BundleError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.cleaning import clean, prepare
from slipway.tables.schema import Column, Schema

NUMBERLIKE = st.text(alphabet="+-.eE0123456789_ infatyx", max_size=8)
TEXTS = st.text(max_size=6) | NUMBERLIKE | st.sampled_from(["?", " NA ", "NaN", "null", "\x1c1", "\u20091\u3000", "٣"])


def polars_cleaned(values: list, dtype: type[pl.DataType], params: Preprocess) -> list:
    schema = Schema(product=Product(kind="tabular"), columns=[Column(name="x", dtype=str(dtype()))], classes=None)
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return clean(frame.lazy(), schema, params).collect()["x"].to_list()


@pytest.mark.parametrize("types", [{}, {"x": "number"}, {"x": "category"}])
@given(texts=st.lists(TEXTS | st.none(), min_size=1, max_size=20), trim=st.booleans())
@example(texts=["1e999", "1_000", "inf", "nan", ".5", "5.", "+.5e+3", "1\n", " "], trim=False)
def test_texts_are_cleaned_as_polars_cleans_them(types, texts, trim):
    params = Preprocess(types=types, trim=trim)
    ours = Prepare(missing=params.missing, trim=trim, types=types)
    assert [ours.clean("x", text) for text in texts] == polars_cleaned(texts, pl.String, params)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_whole_numbers_become_the_categories_that_polars_makes_of_them(numbers):
    ours = Prepare(types={"x": "category"})
    params = Preprocess(types={"x": "category"})
    wanted = polars_cleaned(numbers, pl.Int64, params)
    assert [ours.clean("x", number) for number in numbers] == wanted
    assert [ours.clean("x", float(number)) for number in numbers] == wanted
    assert polars_cleaned([float(number) for number in numbers], pl.Float64, params) == wanted


def test_what_preprocess_writes_reads_as_a_prepare(tmp_path):
    schema = Schema(product=Product(kind="tabular"), columns=[Column(name="x", dtype="String")], classes=None)
    written = Prepare.model_validate(prepare(schema, Preprocess(types={"x": "number"})))
    written.write(tmp_path)
    assert parse_prepare((tmp_path / "prepare.json").read_bytes()) == written
    assert written.types == {"x": "number"}


def test_a_damaged_file_is_named():
    with pytest.raises(BundleError, match=r"prepare\.json"):
        parse_prepare(b'{"trim": "perhaps"}')
