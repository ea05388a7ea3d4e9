"""Which columns become features, and which cannot."""

import polars as pl
import pytest
from fits import fitted, schema_of

from slipway.errors import DataError
from slipway.product.steps import Image, Numbers
from slipway.tables.plan import Plan
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from slipway.transform.fitting import fit_transform

TABLE = pl.DataFrame(
    {"age": [20, 40, None, 60], "job": ["cook", None, "cook", "nurse"], "target": ["a", "b", "a", "b"]}
)


def test_numbers_come_first_then_what_was_missing_then_categories_then_words() -> None:
    table = TABLE.with_columns(note=pl.Series(["x y", "x", None, "y"]))
    transform = fitted(table, Plan(numbers=Numbers(scale="none", indicator=True)), texts=["note"])
    made = features(table, transform)
    assert transform.feature_shape == (6,)
    assert made[2].tolist() == [40, 1, 1, 0, 0, 0]


def test_the_transform_survives_its_file(tmp_path) -> None:
    table = TABLE.with_columns(note=pl.Series(["x y", "x", None, "y"]))
    transform = fitted(table, Plan(numbers=Numbers(scale="quantile", indicator=True)), texts=["note"])
    transform.write(tmp_path)
    assert read_transform(tmp_path) == transform


def test_a_table_that_is_scanned_is_fitted_as_one_in_memory(tmp_path) -> None:
    table = TABLE.with_columns(note=pl.Series(["x y", "x", None, "y"]))
    table.write_parquet(tmp_path / "table.parquet")
    schema = schema_of(table, texts=["note"])
    scanned = fit_transform(pl.scan_parquet(tmp_path / "table.parquet"), schema, Plan())
    assert scanned == fit_transform(table, schema, Plan())


def test_constant_columns_are_named_and_are_no_features() -> None:
    table = TABLE.with_columns(one=0.1, same=pl.lit("x"), text=pl.lit("no news"), dots=pl.Series([".", "!", "", "?"]))
    transform = fitted(table, texts=["text", "dots"])
    assert transform.constant == ["one", "same", "text", "dots"]
    assert features(table, transform).shape == (4, 3)


def test_a_number_with_gaps_is_constant_unless_they_are_a_feature() -> None:
    table = pl.DataFrame({"x": [1.0, None, 1.0], "y": [1, 2, 3], "target": list("aba")})
    assert fitted(table).constant == ["x"]
    indicated = fitted(table, Plan(numbers=Numbers(indicator=True)))
    assert indicated.constant == []
    assert features(table, indicated)[:, [0, 2]].tolist() == [[0, 0], [0, 1], [0, 0]]


def test_a_category_with_gaps_is_a_feature() -> None:
    table = pl.DataFrame({"u": ["x", None, "x"], "target": list("aba")})
    assert features(table, fitted(table)).tolist() == [[1], [0], [1]]


def test_a_table_of_constants_is_refused() -> None:
    with pytest.raises(DataError, match=r"no column is left.*\['x', 'u'\] holds one value"):
        fitted(pl.DataFrame({"x": [1, 1], "u": ["a", "a"], "target": ["a", "b"]}))


@pytest.mark.parametrize("dtype", [pl.Float64, pl.String])
@pytest.mark.parametrize("texts", [[], ["x"]])
def test_a_column_without_any_value_is_refused_by_name(dtype: pl.DataType, texts: list[str]) -> None:
    table = pl.DataFrame({"x": pl.Series([None, None], dtype=dtype), "target": ["a", "b"]})
    with pytest.raises(DataError, match="'x' has no value.*product.ignore"):
        fitted(table, texts=texts if dtype == pl.String else [])


def test_a_table_without_features_is_refused() -> None:
    with pytest.raises(DataError, match="no column is left"):
        fitted(TABLE.select("target"))


def test_images_become_scaled_pixels_with_channels_first() -> None:
    table = pl.DataFrame({"image": [bytes([0, 10, 5, 15]), bytes([10, 0, 10, 10])], "target": ["a", "b"]})
    schema = schema_of(table, kind="images").model_copy(update={"image_shape": (1, 2, 2)})
    transform, _ = fit_transform(table, schema, Plan(image=Image(max_value=10, scale="none")))
    assert transform.feature_shape == (2, 1, 2)
    assert features(table, transform)[0].tolist() == [[[0, 0.5]], [[1, 1.5]]]
    scaled = features(table, fit_transform(table, schema, Plan(image=Image(max_value=10)))[0])
    assert (scaled.mean(), scaled.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-6))


@pytest.mark.parametrize(
    ("other", "texts"), [({"age": [1]}, []), ({"note": ["x"]}, ["note"]), ({"second": [b"x"]}, [])]
)
def test_an_image_beside_other_features_is_refused(other, texts) -> None:
    table = pl.DataFrame({"image": [b"1234"], **other, "target": ["a"]})
    schema = schema_of(table, texts=texts).model_copy(update={"image_shape": (1, 2, 2)})
    with pytest.raises(DataError, match=rf"\['image', '{next(iter(other))}'\]"):
        fit_transform(table, schema, Plan())
