"""Declared cleaning: what it changes, what it counts, and that a server repeats it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.bundle.prepare import Prepare
from slipway.errors import ParamsError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.cleaning import clean, count_changes, dropped_columns, numbers_as_texts, prepare
from slipway.tables.schema import Column, Schema


def schema_of(table, **product):
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in table.schema.items()]
    return Schema(product=Product(kind="tabular", **product), columns=columns, classes=None)


def cleaned(table, params=None, **product):
    params = params or Preprocess()
    return clean(table.lazy(), schema_of(table, **product), params).collect()


def test_texts_are_trimmed_and_missing_markers_become_null():
    table = pl.DataFrame({"x": [" a ", "?", " NA", "", None, "b"]})
    assert cleaned(table)["x"].to_list() == ["a", None, None, None, None, "b"]


def test_a_class_that_would_become_missing_is_refused():
    table = pl.DataFrame({"y": ["a", "b", "unknown"]})
    schema = schema_of(table, target="y").model_copy(update={"classes": ["a", "b", "unknown"]})
    with pytest.raises(ParamsError, match=r"holds \['unknown'\].* state product.classes without them"):
        clean(table.lazy(), schema, Preprocess(missing=["", "unknown"]))
    numbers = schema_of(table, target="y").model_copy(update={"classes": ["0", "1"]})
    assert clean(pl.LazyFrame({"y": [0, 1]}), numbers, Preprocess(missing=["0"])).collect()["y"].to_list() == ["0", "1"]


def test_without_trimming_white_space_stays():
    assert cleaned(pl.DataFrame({"x": [" a", "?"]}), Preprocess(trim=False))["x"].to_list() == [" a", None]


def test_a_declared_number_is_read_from_text_and_what_is_none_becomes_null():
    table = pl.DataFrame({"x": [" 1.5", "1e3", "inf", "nan", "1_000", "x", "?"]})
    params = Preprocess(types={"x": "number"})
    assert cleaned(table, params)["x"].to_list() == [1.5, 1000.0, None, None, None, None, None]
    changes = count_changes(table.lazy(), schema_of(table), params)
    assert changes == {"trimmed": {"x": 1}, "missing": {"x": 1}, "no_number": {"x": 4}}


def test_a_declared_category_is_spelt_as_a_label():
    table = pl.DataFrame({"x": [1.0, 2.5, None]})
    assert cleaned(table, Preprocess(types={"x": "category"}))["x"].to_list() == ["1", "2.5", None]


def test_floats_that_were_not_measured_become_null_and_are_counted():
    table = pl.DataFrame({"x": [1.0, float("nan"), float("inf"), None]})
    assert cleaned(table)["x"].to_list() == [1.0, None, None, None]
    assert count_changes(table.lazy(), schema_of(table), Preprocess())["no_number"] == {"x": 2}


def test_the_target_is_a_label_or_a_number_by_the_task():
    table = pl.DataFrame({"y": [0, 1]})
    assert cleaned(table, target="y")["y"].to_list() == ["0", "1"]
    texts = pl.DataFrame({"y": ["1.5", "?"]})
    assert cleaned(texts, target="y", task="regression")["y"].to_list() == [1.5, None]


def test_a_table_without_changes_counts_none():
    table = pl.DataFrame({"x": [1, 2]})
    assert count_changes(table.lazy(), schema_of(table), Preprocess()) == {
        "trimmed": {},
        "missing": {},
        "no_number": {},
    }


@pytest.mark.parametrize("name", ["agee", "y", "id"])
def test_a_type_for_what_is_no_feature_is_refused(name):
    table = pl.DataFrame({"age": ["1"], "y": ["a"], "id": ["7"]})
    with pytest.raises(ParamsError, match=f"'{name}' is no feature"):
        cleaned(table, Preprocess(types={name: "number"}), target="y", identifiers=["id"])


def test_numbers_that_came_as_texts_are_named():
    table = pl.DataFrame({"hidden": [" 1", "?"], "mixed": ["1", "x"], "declared": ["1", "2"], "empty": ["?", None]})
    params = Preprocess(types={"declared": "number"})
    assert numbers_as_texts(table.lazy(), schema_of(table), params) == ["hidden"]


def test_identifiers_and_ignored_columns_leave_unless_fairness_is_judged_by_them():
    product = Product(kind="tabular", identifiers=["id"], ignore=["note", "sex"], sensitive=["sex"])
    assert dropped_columns(product, ["id", "note", "sex", "age"]) == ["id", "note"]


texts = st.none() | st.text("0123456789.eE+-_ ?NAanif\t\u00a0\u0661\x1c", max_size=6)


@given(st.lists(st.tuples(texts, texts), min_size=1), st.booleans())
def test_a_server_cleans_a_record_as_the_table_was_cleaned(rows, trim):
    table = pl.DataFrame(rows, schema={"number": pl.String, "text": pl.String}, orient="row")
    params = Preprocess(types={"number": "number"}, trim=trim)
    server = Prepare.model_validate(prepare(schema_of(table), params))
    expected = cleaned(table, params).rows()
    assert [(server.clean("number", number), server.clean("text", text)) for number, text in rows] == expected


@given(st.lists(st.floats(), min_size=1))
def test_a_server_spells_a_category_of_numbers_as_the_table_does(numbers):
    table = pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Float64)})
    params = Preprocess(types={"x": "category"})
    server = Prepare.model_validate(prepare(schema_of(table), params))
    finite = [number for number in numbers if abs(number) < float("inf")]
    expected = [label for label, number in zip(cleaned(table, params)["x"], numbers, strict=True) if number in finite]
    assert [server.clean("x", number) for number in finite] == expected
