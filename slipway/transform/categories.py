"""Fit the steps of columns of categories: which values are known, and the code of each."""

import math

import polars as pl

from slipway.product.steps import Categories
from slipway.transform.columns import Counts, known
from slipway.transform.fitted import Category
from slipway.transform.words import bucket


def fit_category(texts: pl.Series, steps: Categories, counts: Counts) -> Category | None:
    """Fit the steps of one column of categories (String, null for missing); None where all rows are alike."""
    counted = known(texts).alias("value").value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
    mode, num_missing = counted["value"][0], texts.null_count()
    if num_missing:
        counts.missing[texts.name] = num_missing
    if steps.encode == "hashing":
        hashed = Category(column=texts.name, encode="hashing", buckets=steps.buckets)
        codes = {value: bucket(value, steps.buckets) for value in counted["value"]}
        return _coded(hashed, set(codes.values()), num_missing, steps, codes[mode])
    values = steps.values or _frequent(counted, steps, num_rows=len(texts))
    num_rare = int(counted.filter(~pl.col("value").is_in(values))["rows"].sum())
    if num_rare:
        counts.rare[texts.name] = num_rare
    other = len(values) if steps.other and num_rare else -1
    step = Category(column=texts.name, encode=steps.encode, values=values, other=other)
    codes = {value: code for code, value in enumerate(values)}
    occupied = {codes.get(value, other) for value in counted["value"]}
    return _coded(step, occupied, num_missing, steps, codes.get(mode, other))


def _coded(step: Category, occupied: set[int], num_missing: int, steps: Categories, mode: int) -> Category | None:
    """Give missing values their code; None where all rows have one code."""
    places = {"none": -1, "mode": mode, "category": step.num_codes if num_missing else -1}
    coded = step.model_copy(update={"missing": places[steps.missing]})
    return coded if len(occupied | ({coded.missing} if num_missing else set())) > 1 else None


def _frequent(counted: pl.DataFrame, steps: Categories, *, num_rows: int) -> list[str]:
    """Return the values that are not rare, sorted."""
    least = max(steps.min_rows, math.ceil(steps.min_share * num_rows))
    return sorted(counted.filter(pl.col("rows") >= least).head(steps.max_values)["value"].to_list())
