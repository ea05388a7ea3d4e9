"""Plain Python cleans a value as preprocess' polars expressions clean its column."""

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slipway.bundle.prepare import Prepare, parse_prepare
from slipway.errors import BundleError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.cleaning import Cleaning, date_parts, prepare
from slipway.tables.leaving import Leaving
from slipway.tables.schema import Column, Schema

NUMBERLIKE = st.text(alphabet="+-.,'eE0123456789_ infatyx\u00a0", max_size=9)
TEXTS = (
    st.text(max_size=6)
    | NUMBERLIKE
    | st.sampled_from(
        ["?", " NA ", "NaN", "null", "\x1c1", "\u20091\u3000", "٣", "ΑΣ", "İ", "e\u0301", "ﬁ  x", "Yes", "0"]
    )
)
DIGITS = st.text(alphabet="0123456789-/.:TZ ABDJadnbpr", max_size=20)
TIMES = st.datetimes(min_value=datetime(1, 1, 1)).map(str) | st.dates().map(str)
FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y %H:%M", "%Y%m%d", "%d %b %Y", "%Y-%m-%dT%H:%M:%S", "%d%m%Y"]
PARTS = ["year", "quarter", "month", "week", "day", "day_of_year", "weekday", "hour", "minute", "second", "days"]


def is_older_than_both_tables(text: str | None) -> bool:
    """Say whether Python's Unicode tables, which may be older than polars', know every letter."""
    import unicodedata

    return text is None or all(unicodedata.category(letter) != "Cn" for letter in text)


def schema_of(dtype: pl.DataType) -> Schema:
    return Schema(product=Product(kind="tabular"), columns=[Column(name="x", dtype=str(dtype))], classes=None)


def polars_cleaned(values: list, dtype: pl.DataType | type[pl.DataType], params: Preprocess) -> list:
    """Clean a column; a value that sends its row to quarantine is "refused"."""
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)}).lazy()
    schema = schema_of(frame.collect_schema()["x"])
    cleaning = Cleaning(frame, schema, params)
    clean = cleaning.clean(frame).with_columns(Leaving(schema, params).is_quarantined.alias("away"))
    parts = date_parts(cleaning).get("x")
    rows = clean.select("away", *(parts or ["x"])).collect().rows()
    return ["refused" if away else list(value) if parts else value[0] for away, *value in rows]


def server_cleaned(values: list, dtype: pl.DataType | type[pl.DataType], params: Preprocess) -> list:
    server = Prepare.model_validate(prepare(schema_of(pl.Series([], dtype=dtype).dtype), params))
    clean = server.cleaner("x")

    def answer(value):
        try:
            cleaned = clean(value)
        except ValueError:
            return "refused"
        return server.parts(params.dates_of("x").parts, cleaned) if "x" in server.dates else cleaned

    return [answer(value) for value in values]


def same(values: list, dtype, params: Preprocess) -> None:
    assert server_cleaned(values, dtype, params) == polars_cleaned(values, dtype, params)


RULES = [
    {},
    {"collapse": False, "unicode": None},
    {"trim": False},
    {"unicode": "NFKC", "lower": ["x"]},
    {"types": {"x": "number"}},
    {"types": {"x": "number"}, "separators": {"x": {"decimal": ",", "thousands": "."}}},
    {"types": {"x": "number"}, "separators": {"x": {"thousands": "'"}}},
    {"types": {"x": "number"}, "separators": {"x": {"thousands": "\u00a0", "decimal": ","}}, "collapse": False},
    {"types": {"x": "category"}},
    {"types": {"x": "text"}, "fill": {"x": "none"}},
    {"types": {"x": "boolean"}, "fill": {"x": False}},
    {"replace": {"x": {"?": "unknown", "Yes": None, "0": "zero"}}},
    {"types": {"x": "number"}, "bounds": {"x": {"low": -1.5, "high": 3}}},
    {"types": {"x": "number"}, "bounds": {"x": {"low": 0, "action": "clip"}}, "fill": {"x": 7}},
    {"types": {"x": "number"}, "bounds": {"x": {"high": 9, "action": "null"}}, "fill": {"x": -1}},
    {"anonymise": {"generalise": {"x": {"prefix": 2}}}},
    {"types": {"x": "number"}, "anonymise": {"generalise": {"x": {"width": 0.3}}}},
    {"types": {"x": "number"}, "anonymise": {"generalise": {"x": {"edges": [0, 2, 10.5]}}}},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
@given(texts=st.lists((TEXTS | st.none()).filter(is_older_than_both_tables), min_size=1, max_size=20))
@example(texts=["1e999", "1_000", "inf", "nan", ".5", "5.", "+.5e+3", "1\n", " ", "1.234,5", "1'234.5", "1\u00a0234"])
def test_texts_are_cleaned_as_polars_cleans_them(rules, texts):
    same(texts, pl.String, Preprocess.model_validate(rules))


@pytest.mark.parametrize("format_", [None, *FORMATS])
@given(texts=st.lists(DIGITS | TIMES | st.none(), min_size=1, max_size=20))
@example(texts=["2024-02-30", "2024-02-29", "0000-01-01", "2026-1-2", "20261122", "2026111", "1/2/2011 3:04"])
@example(
    texts=["2026-11-22T24:00:00", "2026-11-22T23:59:60", "2026-11-22 09:30", "2026-11-22T09:30:00.5Z", "3 Mar 2026"]
)
def test_dates_become_the_parts_that_polars_makes_of_them(format_, texts):
    same(texts, pl.String, Preprocess.model_validate({"dates": {"x": {"format": format_, "parts": PARTS}}}))


@pytest.mark.parametrize("format_", FORMATS)
@given(times=st.lists(st.datetimes(min_value=datetime(1000, 1, 1)), min_size=1))
def test_a_date_in_its_format_is_read_back(format_, times):
    params = Preprocess.model_validate({"dates": {"x": {"format": format_, "parts": PARTS}}})
    texts = [time.strftime(format_) for time in times]
    same(texts, pl.String, params)
    assert [row[:2] for row in server_cleaned(texts, pl.String, params)] == [
        [time.year, (time.month + 2) // 3] for time in times
    ]


@given(times=st.lists(st.datetimes(min_value=datetime(1, 1, 1)), min_size=1))
def test_a_column_of_times_has_the_parts_that_a_server_makes_of_their_texts(times):
    params = Preprocess.model_validate({"dates": {"x": {"parts": PARTS}}})
    wanted = polars_cleaned(times, pl.Datetime("us"), params)
    assert server_cleaned([time.isoformat() for time in times], pl.Datetime("us"), params) == wanted
    days = [time.date() for time in times]
    assert server_cleaned([str(day) for day in days], pl.Date, params) == polars_cleaned(days, pl.Date, params)


def test_a_number_is_no_date():
    assert server_cleaned([20261122, None], pl.Date, Preprocess(types={"x": "date"})) == ["refused", [None] * 3]


NUMERIC = [
    {},
    {"replace": {"x": {-1: None, 2: 5.5}}},
    {"bounds": {"x": {"low": -1, "high": 3}}},
    {"bounds": {"x": {"low": -0.5, "high": 3.5, "action": "clip"}}},
    {"bounds": {"x": {"low": 0, "action": "null"}}, "fill": {"x": 7}},
    {"anonymise": {"generalise": {"x": {"width": 10}}}},
    {"anonymise": {"generalise": {"x": {"width": 0.1}}}},
    {"anonymise": {"generalise": {"x": {"edges": [-3, 0, 18.5, 100]}}}},
    {"types": {"x": "boolean"}},
    {"types": {"x": "number"}, "fill": {"x": 0.5}},
    {"fill": {"x": 0.5}},
]


@pytest.mark.parametrize("rules", NUMERIC, ids=str)
@given(
    floats=st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    integers=st.lists(st.none() | st.integers(-(2**40), 2**40) | st.integers(-5, 5), min_size=1),
)
def test_numbers_are_cleaned_as_polars_cleans_them(rules, floats, integers):
    params = Preprocess.model_validate(rules)
    same(floats, pl.Float64, params)
    same(integers, pl.Int64, params)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_whole_numbers_become_the_categories_that_polars_makes_of_them(numbers):
    params = Preprocess(types={"x": "category"})
    ours = Prepare.model_validate(prepare(schema_of(pl.Int64()), params))
    wanted = polars_cleaned(numbers, pl.Int64, params)
    assert [ours.clean("x", number) for number in numbers] == wanted
    assert [ours.clean("x", float(number)) for number in numbers] == wanted
    assert polars_cleaned([float(number) for number in numbers], pl.Float64, params) == wanted


def test_what_a_server_does_again_concerns_features_alone():
    columns = [Column(name=name, dtype="String") for name in ("x", "id", "day", "y")]
    schema = Schema(product=Product(kind="tabular", target="y", identifiers=["id"]), columns=columns, classes=None)
    content = prepare(schema, Preprocess(lower=["id", "x"], replace={"y": {"a": "b"}}, types={"day": "date"}))
    assert (content["lower"], content["replace"]) == (["x"], {})
    assert content["dates"] == {"day": {"format": None, "parts": ["year", "month", "weekday"]}}


def test_what_preprocess_writes_reads_as_a_prepare(tmp_path):
    params = Preprocess.model_validate({"types": {"x": "number"}, "bounds": {"x": {"low": 1}}, "fill": {"x": 2}})
    written = Prepare.model_validate(prepare(schema_of(pl.String()), params))
    written.write(tmp_path)
    assert parse_prepare((tmp_path / "prepare.json").read_bytes()) == written
    assert written.types == {"x": "number"}


def test_a_damaged_file_is_named():
    with pytest.raises(BundleError, match=r"prepare\.json"):
        parse_prepare(b'{"trim": "perhaps"}')


def test_a_date_of_a_column_is_a_day_of_the_calendar():
    params = Preprocess.model_validate({"dates": {"x": {"parts": ["days"]}}})
    assert (
        server_cleaned(["1970-01-02"], pl.String, params)
        == [[1]]
        == polars_cleaned([date(1970, 1, 2)], pl.Date, params)
    )
