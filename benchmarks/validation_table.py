"""What benchmarks/validation.py validates: a table of 15 columns with a few defects, and 26 typical expectations."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

CATEGORIES = ["alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta"]
SHARES = [0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05]
NAMES = ["id", "user_id", "ts", "age", "income", "score", "category", "country", "email", "name"]
NAMES += ["price", "qty", "start_date", "end_date", "label"]
EMAIL, COUNTRY = r"^[a-z0-9]+@[a-z]+\.com$", "^[A-Z]{2}$"
CHUNK = 1_000_000


def make_rows(start: int, stop: int, num_rows: int) -> pl.DataFrame:
    """Draw some of the rows; about 3 in 100 have a defect."""
    draw, num = np.random.default_rng(start), stop - start
    numbers = np.arange(start, stop)
    countries = np.array([a + b for a in "ABCDEFGHIJ" for b in "KLMNOPQRST"])
    begin, handle, luck = draw.integers(0, 3000, num), draw.integers(0, 1 << 40, num), pl.col("luck")
    columns = {
        "id": numbers,
        "user_id": draw.integers(0, max(10, num_rows // 10), num),
        "ts": pl.Series(numbers * 1_000_000 + 1_600_000_000_000_000).cast(pl.Datetime("us")),
        "age": np.clip(draw.normal(42, 15, num), 0, 110).astype(np.int64),
        "income": draw.lognormal(10, 0.6, num),
        "score": np.clip(draw.normal(0, 1, num), -5.9, 5.9),
        "category": np.array(CATEGORIES)[draw.choice(8, num, p=SHARES)],
        "country": countries[draw.integers(0, 100, num)],
        "email": handle,
        "name": handle % 100_000,
        "price": np.round(draw.gamma(2, 20, num), 2),
        "qty": draw.integers(1, 20, num),
        "start_date": begin.astype(np.int32),
        "end_date": (begin + draw.integers(0, 400, num)).astype(np.int32),
        "label": draw.integers(0, 2, num),
        "luck": draw.random(num),
    }
    gap, wrong, backwards = luck < 0.01, luck.is_between(0.01, 0.0102), luck.is_between(0.7, 0.7005)
    person = "Name " + pl.col("name").cast(pl.String)
    address = "user" + pl.col("email").cast(pl.String) + "@example.com"
    return pl.DataFrame(columns).select(
        *NAMES[:3],
        pl.when(gap).then(None).when(wrong).then(200).otherwise("age").alias("age"),
        pl.when(luck.is_between(0.5, 0.52)).then(None).otherwise("income").alias("income"),
        "score",
        pl.when(luck > 0.9999).then(pl.lit("ZZZ")).otherwise("category").alias("category"),
        pl.when(luck.is_between(0.2, 0.2003)).then(pl.lit("x1")).otherwise("country").alias("country"),
        pl.when(luck.is_between(0.3, 0.301)).then(pl.lit("no email")).otherwise(address).alias("email"),
        pl.when(luck.is_between(0.6, 0.61)).then(None).otherwise(person).alias("name"),
        "price",
        "qty",
        pl.col("start_date").cast(pl.Date),
        pl.when(backwards).then(pl.col("start_date") - 3).otherwise("end_date").cast(pl.Date).alias("end_date"),
        "label",
    )


def write_table(path: Path, num_rows: int) -> None:
    """Write the table chunk by chunk."""
    parts = []
    for start in range(0, num_rows, CHUNK):
        part = path.with_name(f"part_{start:012}.parquet")
        make_rows(start, min(start + CHUNK, num_rows), num_rows).write_parquet(part)
        parts.append(part)
    pl.scan_parquet(parts).sink_parquet(path, row_group_size=250_000)
    for part in parts:
        part.unlink()


def suite(num_rows: int, whole_number: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the 26 expectations; types are named as the engine names them."""
    quantiles = {"quantiles": [0.05, 0.5, 0.95], "value_ranges": [[5000, 12000], [20000, 24000], [50000, 70000]]}
    bins = {"bins": [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0], "weights": [0.0214, 0.1359, 0.3413, 0.3413, 0.1359, 0.0242]}
    tails = {"threshold": 0.1, "tail_weight_holdout": 0.002}
    shares = {"values": CATEGORIES, "weights": SHARES}
    return [
        ("expect_table_row_count_to_be_between", {"min_value": int(num_rows * 0.9), "max_value": int(num_rows * 1.1)}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": NAMES}),
        ("expect_column_to_exist", {"column": "label"}),
        ("expect_column_values_to_be_of_type", {"column": "id", "type_": whole_number}),
        ("expect_column_values_to_not_be_null", {"column": "id"}),
        ("expect_column_values_to_not_be_null", {"column": "income", "mostly": 0.95}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_be_in_set", {"column": "category", "value_set": CATEGORIES}),
        ("expect_column_values_to_be_in_set", {"column": "label", "value_set": [0, 1]}),
        ("expect_column_values_to_be_between", {"column": "age", "min_value": 0, "max_value": 120}),
        ("expect_column_values_to_be_between", {"column": "score", "min_value": -6, "max_value": 6}),
        ("expect_column_values_to_match_regex", {"column": "email", "regex": EMAIL, "mostly": 0.99}),
        ("expect_column_values_to_match_regex", {"column": "country", "regex": COUNTRY}),
        ("expect_column_value_lengths_to_be_between", {"column": "name", "min_value": 3, "max_value": 20}),
        ("expect_column_mean_to_be_between", {"column": "income", "min_value": 20000, "max_value": 40000}),
        ("expect_column_stdev_to_be_between", {"column": "score", "min_value": 0.9, "max_value": 1.1}),
        ("expect_column_median_to_be_between", {"column": "price", "min_value": 10, "max_value": 60}),
        ("expect_column_min_to_be_between", {"column": "price", "min_value": 0, "max_value": 5}),
        ("expect_column_max_to_be_between", {"column": "qty", "min_value": 1, "max_value": 19}),
        ("expect_column_quantile_values_to_be_between", {"column": "income", "quantile_ranges": quantiles}),
        ("expect_column_kl_divergence_to_be_less_than", {"column": "category", "partition_object": shares, **tails}),
        ("expect_column_kl_divergence_to_be_less_than", {"column": "score", "partition_object": bins, **tails}),
        ("expect_column_unique_value_count_to_be_between", {"column": "country", "min_value": 90, "max_value": 105}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "category", "value_set": [*CATEGORIES, "ZZZ"]}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["user_id", "ts"]}),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "end_date", "column_B": "start_date", "or_equal": True},
        ),
    ]
