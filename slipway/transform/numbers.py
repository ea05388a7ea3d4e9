"""Fit the steps of columns of numbers: bounds, imputation, scale."""

from typing import Any

import numpy as np
import polars as pl

from slipway.product.steps import Numbers
from slipway.tables.plan import Plan
from slipway.tables.schema import REASONS, Schema
from slipway.transform.applying import plain_number
from slipway.transform.columns import Counts, column, known
from slipway.transform.fitted import Bounds, Number
from slipway.transform.quantiles import Floats, fit_knots


def fit_bounds(train: pl.DataFrame | pl.LazyFrame, schema: Schema, plan: Plan) -> dict[str, Bounds]:
    """Fit the bounds of all columns of numbers that declare a rule for outliers."""
    found = {}
    for name in schema.names("number"):
        if (rule := plan.numbers_of(name).outliers) is None:
            continue
        values = known(column(train.lazy(), plain_number(name))).to_numpy()
        if rule.name == "iqr":
            low, high = np.quantile(values, [0.25, 0.75])
            reach = rule.factor * (high - low)
        else:
            low = high = values.mean()
            reach = rule.threshold * values.std()
        if reach > 0:
            found[name] = Bounds(low=float(low - reach), high=float(high + reach), action=rule.action)
    return found


def split_outliers(
    train: pl.DataFrame | pl.LazyFrame, bounds: dict[str, Bounds]
) -> tuple[pl.LazyFrame, pl.LazyFrame, dict[str, dict[str, Any]]]:
    """Take the rows out that a quarantine's bounds exclude.

    Returns:
        The good rows, the others with `_reasons`, and for each column with bounds what they are and how many rows lie
        beyond them.
    """
    beyond = {
        name: ~plain_number(name).is_between(each.low, each.high).fill_null(True) for name, each in bounds.items()
    }
    excluding = {name: each.reason for name, each in bounds.items() if each.action == "quarantine"}
    rows = train.lazy()
    found = rows.select(excluded.sum().alias(name) for name, excluded in beyond.items()).collect(engine="streaming")
    report = {
        name: {**each.model_dump(), "rows": found[name].item()} for name, each in bounds.items() if found[name].item()
    }
    is_bad = pl.any_horizontal(pl.lit(False), *(beyond[name] for name in excluding))
    said = [pl.when(beyond[name]).then(pl.lit(f"{name}: {reason}")) for name, reason in excluding.items()]
    reasons = pl.concat_list(said or pl.lit(None, dtype=pl.String)).list.drop_nulls().alias(REASONS)
    return rows.filter(~is_bad), rows.filter(is_bad).with_columns(reasons), report


def fit_number(values: pl.Series, steps: Numbers, bounds: Bounds | None, counts: Counts) -> Number | None:
    """Fit the steps of one column of numbers (Float64); None where all rows are alike."""
    present = known(values).to_numpy()
    if bounds is not None and bounds.action == "null":
        present = present[(present >= bounds.low) & (present <= bounds.high)]
    elif bounds is not None:
        present = np.clip(present, bounds.low, bounds.high)
    num_missing = len(values) - len(present)
    impute = _impute(present, steps)
    filled = np.concatenate([present, np.full(num_missing, impute)]) if num_missing else present
    if bounds is not None and bounds.action != "null":
        filled = np.clip(filled, bounds.low, bounds.high)
    if num_missing:
        counts.missing[values.name] = num_missing
    indicator = steps.indicator and num_missing > 0
    low, high = float(filled.min()), float(filled.max())
    # Rounding errors of a constant must not become the unit of what is served.
    constant = high - low <= 1e-12 * max(abs(low), abs(high))
    if constant and not indicator:
        return None
    number = Number(column=values.name, impute=impute, bounds=bounds, indicator=indicator)
    if constant:
        return number.model_copy(update={"center": low})
    if steps.scale == "quantile":
        return number.model_copy(update={"knots": fit_knots(filled, steps.quantile)})
    center, scale = _scale(filled, steps)
    return number.model_copy(update={"center": center, "scale": scale})


def _impute(present: Floats, steps: Numbers) -> float:
    if isinstance(steps.impute, float):
        return steps.impute
    if steps.impute == "mode":
        values, rows = np.unique(present, return_counts=True)
        return float(values[rows.argmax()])  # the least of the most frequent
    return {"median": float(np.median(present)), "mean": float(present.mean()), "zero": 0.0}[steps.impute]


def _scale(filled: Floats, steps: Numbers) -> tuple[float, float]:
    """Return center and scale; where half of the values are equal, an interquartile range of zero counts as one."""
    if steps.scale == "standard":
        return float(filled.mean()), float(filled.std())
    if steps.scale == "minmax":
        return float(filled.min()), float(filled.max() - filled.min())
    if steps.scale == "robust":
        quarter, median, three_quarters = np.quantile(filled, [0.25, 0.5, 0.75]).tolist()
        return median, (three_quarters - quarter) or 1.0
    return 0.0, 1.0
