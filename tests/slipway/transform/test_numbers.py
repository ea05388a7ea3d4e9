"""Columns of numbers: bounds, imputation, scale, and scikit-learn as the judge where it has the same."""

import numpy as np
import polars as pl
import pytest
from fits import fitted, schema_of, through_onnx
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from slipway.errors import DataError
from slipway.product.steps import Iqr, Numbers, Quantile, ZScore
from slipway.tables.plan import Plan
from slipway.transform.applying import features
from slipway.transform.numbers import fit_bounds, split_outliers

RNG = np.random.default_rng(3)
SKEWED = np.round(RNG.lognormal(size=500), 1)  # rounded: with ties, as real columns have them


def column(values, **steps):
    """Features of one column, fitted on it."""
    table = pl.DataFrame({"x": values, "target": ["a"] * len(values)}, schema_overrides={"x": pl.Float64})
    transform = fitted(table, Plan(numbers=Numbers(**steps)))
    made = features(table, transform)
    np.testing.assert_allclose(through_onnx(table, transform), made, rtol=1e-6, atol=1e-6)
    return made, transform.numbers[0]


@pytest.mark.parametrize(
    ("impute", "value"), [("median", 2), ("mean", 3), ("mode", 1), ("zero", 0), (-5, -5), (2.5, 2.5)]
)
def test_a_missing_value_is_imputed(impute, value) -> None:
    made, _ = column([1, 1, 2, 3, 8, None, float("nan")], impute=impute, scale="none")
    assert made[:, 0].tolist() == [1, 1, 2, 3, 8, value, value]


def test_the_mode_is_the_least_of_the_most_frequent() -> None:
    assert column([3, 3, 1, 1, 2, None], impute="mode")[1].impute == 1


def test_an_indicator_says_what_was_missing_if_the_training_rows_miss_any() -> None:
    made, _ = column([1, None, 3], indicator=True)
    assert made[:, 1].tolist() == [0, 1, 0]
    assert column([1, 2, 3], indicator=True)[0].shape == (3, 1)


@pytest.mark.parametrize(
    ("scale", "oracle"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())]
)
@pytest.mark.parametrize("impute", ["median", "mean", "mode"])
def test_scales_are_those_of_scikit_learn(scale, oracle, impute) -> None:
    values = np.where(RNG.random(500) < 0.1, np.nan, SKEWED)
    strategy = {"mode": "most_frequent"}.get(impute, impute)
    expected = oracle.fit_transform(SimpleImputer(strategy=strategy).fit_transform(values[:, None]))
    np.testing.assert_allclose(column(values, scale=scale, impute=impute)[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("output", ["uniform", "normal"])
@pytest.mark.parametrize("knots", [2, 20, 100])
def test_quantiles_are_those_of_scikit_learn_ties_and_ends_included(output, knots) -> None:
    made, _ = column(SKEWED, scale="quantile", quantile=Quantile(knots=knots, output=output))
    oracle = QuantileTransformer(n_quantiles=min(knots, 500), output_distribution=output, subsample=None)
    oracle.fit(SKEWED[:, None])
    np.testing.assert_allclose(made, oracle.transform(SKEWED[:, None]), rtol=1e-5, atol=1e-6)
    beyond = np.array([-1e9, SKEWED.min(), 0.15, 1.23, SKEWED.max(), 1e9])
    table = pl.DataFrame({"x": beyond})
    transform = fitted(
        pl.DataFrame({"x": SKEWED, "target": ["a"] * 500}),
        Plan(numbers=Numbers(scale="quantile", quantile=Quantile(knots=knots, output=output))),
    )
    np.testing.assert_allclose(features(table, transform), oracle.transform(beyond[:, None]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(through_onnx(table, transform), features(table, transform), rtol=1e-6, atol=1e-6)


def test_a_knot_for_each_row_gives_ranks_and_tells_equal_values_from_rounding_errors() -> None:
    smooth = RNG.normal(size=300)
    made, _ = column(smooth, scale="quantile", quantile=Quantile(knots=10_000))
    oracle = QuantileTransformer(n_quantiles=300, subsample=None).fit_transform(smooth[:, None])
    np.testing.assert_allclose(made, oracle, rtol=1e-5, atol=1e-6)
    _, step = column(SKEWED, scale="quantile", quantile=Quantile(knots=10_000))
    assert step.knots.values == sorted(set(SKEWED))


def test_half_of_the_values_being_equal_leaves_the_robust_unit_one() -> None:
    assert column([0, 0, 0, 0, 7], scale="robust")[0][:, 0].tolist() == [0, 0, 0, 0, 7]


def test_large_numbers_keep_their_digits() -> None:
    made, _ = column(1e9 + np.arange(5), scale="minmax")
    assert made[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]


VALUES = [1.0, 2.0, 3.0, 4.0, 100.0, None]  # quartiles 2 and 4: bounds -1 and 7


@pytest.mark.parametrize(
    ("action", "made"), [("clip", [1, 2, 3, 4, 7, 3]), ("null", [1, 2, 3, 4, 2.5, 2.5]), (None, [1, 2, 3, 4, 2.5, 2.5])]
)
def test_outliers_by_interquartile_range_are_clipped_or_missing(action, made) -> None:
    outliers = {"name": "iqr", "factor": 1.5, "action": action}
    assert column(VALUES, outliers=outliers, scale="none")[0][:, 0].tolist() == made


def test_a_nulled_outlier_is_told_by_the_indicator() -> None:
    made, _ = column(VALUES, outliers=Iqr(name="iqr", action="null"), scale="none", indicator=True)
    assert made[:, 1].tolist() == [0, 0, 0, 0, 1, 1]


def test_outliers_by_standard_deviations() -> None:
    made, step = column([0.0] * 99 + [50.0], outliers=ZScore(name="zscore", threshold=2), scale="none")
    values = np.array([0.0] * 99 + [50.0])
    assert step.bounds.high == pytest.approx(values.mean() + 2 * values.std())
    assert made.max() == pytest.approx(step.bounds.high)


def test_rows_of_a_quarantine_leave_with_their_reason_before_the_rest_is_fitted() -> None:
    table = pl.DataFrame({"x": VALUES, "y": [1, 2, 3, 4, 5, 600], "target": list("ababab")})
    plan = Plan(numbers=Numbers(outliers=Iqr(name="iqr", action="quarantine"), scale="none"))
    schema = schema_of(table)
    bounds = fit_bounds(table, schema, plan)
    good, bad, report = split_outliers(table, bounds)
    good, bad = pl.collect_all([good, bad])
    assert good["x"].to_list() == [1, 2, 3, 4]
    assert bad["_reasons"].to_list() == [
        ["x: must be at least -1 and at most 7, or it is an outlier among the training rows"],
        ["y: must be at least -1.5 and at most 8.5, or it is an outlier among the training rows"],
    ]
    assert report["x"] == {"low": -1, "high": 7, "action": "quarantine", "rows": 1}
    transform = fitted(table, plan)
    assert transform.numbers[0].impute == 2.5
    assert features(table, transform)[4].tolist() == [7, 5], "in validation and test the value counts as the bound"


def test_without_a_quarantine_all_rows_stay() -> None:
    table = pl.DataFrame({"x": VALUES, "target": list("ababab")})
    good, bad, _ = split_outliers(table, fit_bounds(table, schema_of(table), Plan()))
    good, bad = pl.collect_all([good, bad])
    assert good.equals(table)
    assert bad.is_empty()
    assert bad.schema["_reasons"] == pl.List(pl.String)


def test_a_column_without_spread_gets_no_bounds() -> None:
    table = pl.DataFrame({"x": [0.0] * 9 + [5.0], "target": ["a"] * 10})
    plan = Plan(numbers=Numbers(outliers=Iqr(name="iqr")))
    assert fit_bounds(table, schema_of(table), plan) == {}


def test_a_column_of_nothing_has_no_bounds_but_an_error() -> None:
    table = pl.DataFrame({"x": pl.Series([None], dtype=pl.Float64), "target": ["a"]})
    with pytest.raises(DataError, match="'x' has no value"):
        fit_bounds(table, schema_of(table), Plan(numbers=Numbers(outliers=Iqr(name="iqr"))))
