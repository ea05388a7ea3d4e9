"""Declared cleaning: what it changes, what it counts, and what it refuses."""

from datetime import datetime

import polars as pl
import pytest

from slipway.errors import ParamsError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.cleaning import Cleaning, holds_numbers
from slipway.tables.schema import Column, Schema


def schema_of(table, **product):
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in table.schema.items()]
    return Schema(product=Product(kind="tabular", **product), columns=columns, classes=None)


def cleaning_of(table, rules=None, **product):
    return Cleaning(table.lazy(), schema_of(table, **product), Preprocess.model_validate(rules or {}))


def cleaned(table, rules=None, **product):
    return cleaning_of(table, rules, **product).clean(table.lazy()).collect()


def counted(table, rules=None, **product):
    cleaning = cleaning_of(table, rules, **product)
    rows, marks = cleaning.survey(table.lazy())
    sums = rows.select(pl.len(), *(pl.col(mark).sum() for mark in marks.values())).collect().row(0, named=True)
    return cleaning.counted({key: sums[mark] for key, mark in marks.items()})


def test_texts_are_trimmed_and_missing_markers_become_null():
    table = pl.DataFrame({"x": [" a ", "?", " NA", "", None, "b"]})
    assert cleaned(table)["x"].to_list() == ["a", None, None, None, None, "b"]
    assert counted(table) == {"trimmed": {"x": 2}, "missing": {"x": 3}}


def test_texts_get_one_spelling_and_each_change_is_counted_once():
    table = pl.DataFrame({"x": ["e\u0301", "a \t b", "A", "\ufb01", None]})
    assert cleaned(table)["x"].to_list() == ["\u00e9", "a b", "A", "\ufb01", None]
    rules = {"unicode": "NFKC", "lower": ["x"], "replace": {"x": {"fi": None, "a": "alpha"}}}
    assert cleaned(table, rules)["x"].to_list() == ["\u00e9", "a b", "alpha", None, None]
    assert counted(table, rules) == {
        "unicode": {"x": 2},
        "collapsed": {"x": 1},
        "lowered": {"x": 1},
        "replaced": {"x": 2},
    }


def test_without_its_rules_a_text_stays():
    table = pl.DataFrame({"x": [" a", "?", "e\u0301  b"]})
    rules = {"trim": False, "unicode": None, "collapse": False, "missing": []}
    assert cleaned(table, rules)["x"].to_list() == table["x"].to_list()
    assert counted(table, rules) == {}


def test_numbers_are_replaced_by_value():
    table = pl.DataFrame({"x": [-1, 2, 3]})
    assert cleaned(table, {"replace": {"x": {-1: None, 2: 4}}})["x"].to_list() == [None, 4, 3]
    with pytest.raises(ParamsError, match="replace.x: 'many' is no number"):
        cleaned(table, {"replace": {"x": {"many": 4}}})


def test_a_class_that_would_become_missing_is_refused():
    table = pl.DataFrame({"y": ["a", "b", "unknown"]})
    schema = schema_of(table, target="y").model_copy(update={"classes": ["a", "b", "unknown"]})
    with pytest.raises(ParamsError, match=r"holds \['unknown'\].* state product.classes without them"):
        Cleaning(table.lazy(), schema, Preprocess(missing=["", "unknown"]))
    numbers = schema_of(table, target="y").model_copy(update={"classes": ["0", "1"]})
    rows = pl.LazyFrame({"y": [0, 1]})
    assert Cleaning(rows, numbers, Preprocess(missing=["0"])).clean(rows).collect()["y"].to_list() == ["0", "1"]


def test_a_declared_number_is_read_from_text_and_what_is_none_becomes_null():
    table = pl.DataFrame({"x": [" 1.5", "1e3", "inf", "nan", "1_000", "x", "?"]})
    rules = {"types": {"x": "number"}}
    assert cleaned(table, rules)["x"].to_list() == [1.5, 1000.0, None, None, None, None, None]
    assert counted(table, rules) == {"trimmed": {"x": 1}, "missing": {"x": 1}, "no_number": {"x": 4}}


def test_separators_are_those_that_are_declared():
    table = pl.DataFrame({"x": ["1.234,5", "1234,5", "12.34,5", "1,5.0", "-1.000.000"]})
    rules = {"types": {"x": "number"}, "separators": {"x": {"decimal": ",", "thousands": "."}}}
    assert cleaned(table, rules)["x"].to_list() == [1234.5, 1234.5, None, None, -1e6]


def test_a_declared_category_is_spelt_as_a_label():
    table = pl.DataFrame({"x": [1.0, 2.5, None]})
    assert cleaned(table, {"types": {"x": "category"}})["x"].to_list() == ["1", "2.5", None]


def test_booleans_are_read_in_the_usual_spellings():
    table = pl.DataFrame({"x": ["Yes", "no", "TRUE", "0", "maybe", None], "n": [1, 0, 2, None, 1, 0]})
    rules = {"types": {"x": "boolean", "n": "boolean"}}
    assert cleaned(table, rules)["x"].to_list() == [True, False, True, False, None, None]
    assert cleaned(table, rules)["n"].to_list() == [True, False, None, None, True, False]
    assert counted(table, rules) == {"no_boolean": {"x": 1, "n": 1}}


def test_a_date_is_read_and_what_is_none_is_counted():
    table = pl.DataFrame({"x": ["22.11.2026", "1.2.2026", "30.02.2026", "2026-11-22"]})
    rules = {"dates": {"x": {"format": "%d.%m.%Y"}}}
    assert cleaned(table, rules)["x"].to_list() == [datetime(2026, 11, 22), datetime(2026, 2, 1), None, None]
    assert counted(table, rules) == {"no_date": {"x": 2}}


def test_bounds_clip_or_make_missing_and_a_constant_fills():
    table = pl.DataFrame({"x": [-5.0, 1.0, 50.0, None]})
    clip = {"bounds": {"x": {"low": 0, "high": 9, "action": "clip"}}}
    assert cleaned(table, clip)["x"].to_list() == [0, 1, 9, None]
    assert counted(table, clip) == {"clipped": {"x": 2}}
    null = {"bounds": {"x": {"low": 0, "high": 9, "action": "null"}}, "fill": {"x": 4.5}}
    assert cleaned(table, null)["x"].to_list() == [4.5, 1, 4.5, 4.5]
    assert counted(table, null) == {"out_of_bounds": {"x": 2}, "filled": {"x": 3}}


def test_floats_that_were_not_measured_become_null_and_are_counted():
    table = pl.DataFrame({"x": [1.0, float("nan"), float("inf"), None]})
    assert cleaned(table)["x"].to_list() == [1.0, None, None, None]
    assert counted(table) == {"no_number": {"x": 2}}


def test_the_target_is_a_label_or_a_number_by_the_task():
    table = pl.DataFrame({"y": [0, 1]})
    assert cleaned(table, target="y")["y"].to_list() == ["0", "1"]
    texts = pl.DataFrame({"y": ["1.5", "?"]})
    assert cleaned(texts, target="y", task="regression")["y"].to_list() == [1.5, None]


def test_a_table_without_changes_counts_none():
    assert counted(pl.DataFrame({"x": [1, 2]})) == {}


@pytest.mark.parametrize("name", ["agee", "y", "id"])
def test_a_type_for_what_is_no_feature_is_refused(name):
    table = pl.DataFrame({"age": ["1"], "y": ["a"], "id": ["7"]})
    with pytest.raises(ParamsError, match=f"'{name}' is no feature"):
        cleaned(table, {"types": {name: "number"}}, target="y", identifiers=["id"])


def test_numbers_that_came_as_texts_are_known():
    table = pl.DataFrame({"hidden": ["1", None], "mixed": ["1", "x"], "empty": [None, None]}).cast(pl.String)
    found = table.select(holds_numbers(pl.col(name)).alias(name) for name in table.columns).row(0)
    assert found == (True, False, False)
