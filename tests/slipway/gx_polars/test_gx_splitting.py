"""Rows parted into good and bad: all of them, in order, with every reason; those that depend on others included."""

import random
from collections import Counter

import polars as pl
import pytest

from slipway.gx_polars import dependent_rules
from slipway.gx_polars.splitting import Split, find_broken


def broken(rows, name, **kwargs):
    found = find_broken(f"expect_{name}", kwargs, rows.lazy())
    if found.rows is not None:
        return found.rows.arg_true().to_list()
    return rows.select(pl.repeat(False, pl.len()).or_(found.expr).alias("broken"))["broken"].arg_true().to_list()


@pytest.mark.parametrize(
    ("name", "values", "kwargs", "rows"),
    [
        ("column_values_to_be_unique", [1, 2, None, 1, None], {}, [0, 3]),
        ("column_values_to_be_unique", [1, 2, 3, None], {}, []),
        ("column_values_to_be_unique", ["a", "b", "a"], {}, [0, 2]),
        ("column_values_to_be_unique", [1, 1, 2, 2], {"row_condition": "v > 1"}, [2, 3]),
        ("column_values_to_be_increasing", [1, None, 0, 2, 2], {}, [2]),
        ("column_values_to_be_increasing", [1, None, 0, 2, 2], {"strictly": True}, [2, 4]),
        ("column_values_to_be_decreasing", [3, 2, 2, 5], {}, [3]),
        ("column_value_z_scores_to_be_less_than", [0, 0, 0, 0, 9], {"threshold": 1.5}, [4]),
        ("column_value_z_scores_to_be_less_than", [0.1, 0.1, 0.1], {"threshold": 1}, []),
        ("column_values_to_not_be_outliers", [1, 2, 3, 2, 99], {}, [4]),
        ("column_values_to_not_be_outliers", [1, 2, 3, 2, 99], {"method": "std", "multiplier": 1}, [4]),
        ("column_values_to_not_be_outliers", [None, None], {}, []),
    ],
)
def test_rows_that_break_an_expectation_about_the_others_are_found(name, values, kwargs, rows):
    table = pl.DataFrame({"v": values}, schema_overrides={"v": pl.Float64} if values == [None, None] else None)
    assert broken(table, name, column="v", **kwargs) == rows


def test_combinations_are_unique_missing_values_included():
    rows = pl.DataFrame({"a": [1, 1, 1, None, None], "b": ["x", "y", "x", None, None]})
    kwargs = {"column_list": ["a", "b"]}
    assert broken(rows, "compound_columns_to_be_unique", **kwargs) == [0, 2]
    assert broken(rows, "compound_columns_to_be_unique", **kwargs, ignore_row_if="never") == [0, 2, 3, 4]


@pytest.mark.parametrize("texts", [False, True])
def test_keys_are_counted_in_partitions_of_bounded_size(monkeypatch, texts):
    monkeypatch.setattr(dependent_rules, "ROWS_PER_PARTITION", 10)
    draw = random.Random(0)
    values = [draw.randrange(60) for _ in range(97)]
    times = Counter(values)
    rows = pl.DataFrame({"v": [f"t{value}" for value in values] if texts else values})
    assert broken(rows, "column_values_to_be_unique", column="v") == [
        place for place, value in enumerate(values) if times[value] > 1
    ]


def test_an_unknown_method_of_outliers_is_refused():
    with pytest.raises(ValueError, match="'mad', not one of iqr, std"):
        broken(pl.DataFrame({"v": [1]}), "column_values_to_not_be_outliers", column="v", method="mad")


def split(tmp_path, rows, *expectations):
    found = [(title, find_broken(f"expect_{name}", kwargs, rows.lazy())) for title, name, kwargs in expectations]
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    Split(rows.lazy(), found, reasons="_why").write(good, bad)
    return pl.read_parquet(good), pl.read_parquet(bad)


def test_good_and_bad_rows_are_all_rows_in_order_with_their_reasons(tmp_path):
    rows = pl.DataFrame({"key": list(range(1000)), "v": [place % 7 for place in range(1000)]})
    rows = rows.with_columns(w=pl.col("key").clip(0, 990))
    good, bad = split(
        tmp_path,
        rows,
        ("high", "column_values_to_be_between", {"column": "v", "max_value": 5}),
        ("twice", "column_values_to_be_unique", {"column": "w"}),
    )
    is_high, is_twice = pl.col("v") > 5, pl.col("key") >= 990
    assert good.equals(rows.filter(~(is_high | is_twice)))
    assert bad["key"].to_list() == rows.filter(is_high | is_twice)["key"].to_list()
    reasons = dict(zip(bad["key"], bad["_why"].to_list(), strict=True))
    assert reasons[6] == ["high"]
    assert reasons[991] == ["twice"]
    assert reasons[993] == (["high", "twice"] if 993 % 7 > 5 else ["twice"])


def test_without_rules_all_rows_are_good_and_the_quarantine_has_its_columns(tmp_path):
    rows = pl.DataFrame({"x": [float("nan"), None, 1.0]})
    good, bad = split(tmp_path, rows)
    assert good.equals(rows)  # NaN as it came
    assert bad.schema == {"x": pl.Float64, "_why": pl.List(pl.String)}
