"""Fit the steps of columns of categories: which values are known, and the code of each."""

import math

import polars as pl

from slipway.product.steps import Categories
from slipway.transform.applying import plain_text
from slipway.transform.columns import Counts, no_value
from slipway.transform.fitted import Category
from slipway.transform.words import bucket


def fit_category(rows: pl.LazyFrame, name: str, steps: Categories, counts: Counts) -> Category | None:
    """Fit the steps of one column of categories; None where all rows are alike."""
    texts = rows.select(value=plain_text(name)).group_by("value").agg(rows=pl.len()).collect(engine="streaming")
    counted = texts.drop_nulls("value").sort(["rows", "value"], descending=[True, False])
    if counted.is_empty():
        raise no_value(name)
    num_rows, mode = int(texts["rows"].sum()), counted["value"][0]
    if num_missing := num_rows - int(counted["rows"].sum()):
        counts.missing[name] = num_missing
    if steps.encode == "hashing":
        hashed = Category(column=name, encode="hashing", buckets=steps.buckets)
        codes = {value: bucket(value, steps.buckets) for value in counted["value"]}
        return _coded(hashed, set(codes.values()), num_missing, steps, codes[mode])
    values = steps.values or _frequent(counted, steps, num_rows=num_rows)
    num_rare = int(counted.filter(~pl.col("value").is_in(values))["rows"].sum())
    if num_rare:
        counts.rare[name] = num_rare
    other = len(values) if steps.other and num_rare else -1
    step = Category(column=name, encode=steps.encode, values=values, other=other)
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
