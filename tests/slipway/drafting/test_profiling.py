import datetime

import polars as pl

from slipway.drafting.dates import date_format
from slipway.drafting.profiling import profile


def of(tmp_path, *, missing=(), **columns):
    return profile(pl.LazyFrame(columns), missing=list(missing), work=tmp_path)


def test_texts_of_numbers_are_numbers_and_their_dirt_is_counted(tmp_path):
    seen = of(tmp_path, x=[*(f" {n}.5" for n in range(99)), "twelve"], y=["a"] * 100)
    x = seen.columns["x"]
    assert (x.kind, x.dtype, x.dirt, x.nulls, x.minimum, x.maximum) == ("number", "String", 1, 0, 0.5, 98.5)
    assert seen.sample["x"].dtype == pl.Float64


def test_markers_that_the_first_lines_do_not_hold_are_found_in_all_rows(tmp_path):
    seen = of(tmp_path, x=[*map(str, range(3000)), "?"], y=[*["red", "blue"] * 1500, "-"])
    assert seen.missing == ["?"]
    assert seen.columns["x"].nulls == 1
    assert seen.columns["y"].counts == {"blue": 1500, "red": 1500, "-": 1}


def test_a_weak_marker_means_missing_among_numbers_alone(tmp_path):
    assert of(tmp_path, x=[*map(str, range(99)), "unknown"]).missing == ["unknown"]
    assert of(tmp_path, x=[*["red", "blue"] * 50, "unknown"]).missing == []


def test_numbers_with_leading_zeros_stay_texts(tmp_path):
    zip_code = of(tmp_path, zip=["01234", "99999", "10000"]).columns["zip"]
    assert (zip_code.kind, zip_code.has_leading_zeros) == ("text", True)


def test_gaps_ranges_domains_and_quantiles_are_those_of_the_rows(tmp_path):
    seen = of(tmp_path, n=[1.0, 2.0, None, float("nan"), 5.5], t=["b", "a", "b", None, "b"], e=[None] * 5)
    n, t, e = seen.columns.values()
    assert (n.nulls, n.minimum, n.maximum, n.unique, n.whole, n.quantiles[0.5]) == (2, 1.0, 5.5, 3, False, 2.0)
    assert (t.counts, t.lengths, t.unique) == ({"b": 3, "a": 1}, (1, 1), 2)
    assert e.kind == "empty"


def test_a_row_number_counts_the_rows(tmp_path):
    seen = of(tmp_path, up=range(1, 101), down=range(100, 0, -1), some=[n * n for n in range(100)])
    assert [name for name, column in seen.columns.items() if column.is_row_number] == ["up"]


def test_exact_copies_are_counted_and_images_left_alone(tmp_path):
    assert of(tmp_path, a=[1, 1, 2, None, None], b=["x", "x", "x", "y", "y"], c=[0.5] * 5).copies == 2
    assert of(tmp_path, a=[1, 1], image=[b"x", b"x"]).copies == 0


def test_rows_of_nothing_and_of_one_value_are_profiled(tmp_path):
    assert of(tmp_path, x=pl.Series([], dtype=pl.Int64)).rows == 0
    assert of(tmp_path, x=[1]).columns["x"].unique == 1


def test_the_format_of_dates_is_the_one_that_nearly_all_keep():
    days = pl.Series([datetime.date(2020, 1, 1) + datetime.timedelta(days=17 * n) for n in range(100)])
    for written in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d %b %Y"):
        found = date_format(days.dt.strftime(written))
        assert found is not None
        assert (found.format, found.ambiguous) == (written, False)
    times = days.cast(pl.Datetime).dt.offset_by("7h5m").dt.strftime("%Y-%m-%dT%H:%M:%S")
    assert date_format(times).format == "%Y-%m-%dT%H:%M:%S"


def test_day_and_month_that_could_be_swapped_are_said_to_be():
    assert date_format(pl.Series(["01/02/2020", "03/04/2021", "12/11/2020"])).ambiguous
    assert date_format(pl.Series(["5.5", "6.5"])) is None
    assert date_format(pl.Series(["7:10 a.m.", "8:15 p.m."])) is None
