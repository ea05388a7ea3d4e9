"""How each tool that benchmarks/validation.py measures checks the table: ours, and what every peer can express."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from validation_table import CATEGORIES, COUNTRY, EMAIL, NAMES, suite


def run_gx_pandas(path: Path, num_rows: int) -> dict[str, int]:
    """Run the suite on Great Expectations' pandas engine."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations.expectations.registry import get_expectation_impl

    built: list[Any] = [get_expectation_impl(name)(**kwargs) for name, kwargs in suite(num_rows, "int64")]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # Great Expectations leaks NumPy's bool out of this one, and its own engine's run stops on it
    quantile = get_expectation_impl("expect_column_quantile_values_to_be_between")
    old = quantile._validate
    quantile._validate = lambda *args, **kwargs: (lambda answer: {**answer, "success": bool(answer["success"])})(
        old(*args, **kwargs)
    )
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": pd.read_parquet(path)})
    result = batch.validate(gx.ExpectationSuite(name="bench", expectations=built), result_format="SUMMARY")
    return {"checks": len(result.results), "failed": sum(not each.success for each in result.results)}


def run_ours(path: Path, num_rows: int) -> dict[str, int]:
    """Run the suite as the validate stage does, from the file."""
    from slipway.suites.checking import check
    from slipway.suites.suite import Suite

    each = [{"type": name, "kwargs": kwargs, "severity": "warning"} for name, kwargs in suite(num_rows, "Int64")]
    expected = Suite.model_validate({"name": "bench", "expectations": each})
    report = check(pl.scan_parquet(path), expected, where=Path("bench"))
    return {"checks": len(report.findings), "failed": len(report.failed())}


def run_dataframely(path: Path, num_rows: int) -> dict[str, int]:
    """Check 16 of the 26: what is about rows, columns and types."""
    import dataframely as dy

    class Table(dy.Schema):
        id = dy.Int64(nullable=False)
        user_id = dy.Int64(nullable=True)
        ts = dy.Datetime(nullable=True)
        age = dy.Int64(nullable=True, min=0, max=120)
        income = dy.Float64(nullable=True)
        score = dy.Float64(nullable=True, min=-6, max=6)
        category = dy.String(nullable=True, check=lambda col: col.is_in(CATEGORIES))
        country = dy.String(nullable=True, regex=COUNTRY)
        email = dy.String(nullable=True, regex=EMAIL)
        name = dy.String(nullable=True, min_length=3, max_length=20)
        price = dy.Float64(nullable=True)
        qty = dy.Int64(nullable=True)
        start_date = dy.Date(nullable=True)
        end_date = dy.Date(nullable=True)
        label = dy.Int64(nullable=True, check=lambda col: col.is_in([0, 1]))

        @dy.rule()
        def end_after_start(cls) -> pl.Expr:
            return pl.col("end_date") >= pl.col("start_date")

        @dy.rule()
        def income_mostly_there(cls) -> pl.Expr:
            return pl.col("income").is_not_null().mean() >= 0.95

        @dy.rule()
        def id_unique(cls) -> pl.Expr:
            return pl.col("id").is_unique()

        @dy.rule()
        def pair_unique(cls) -> pl.Expr:
            return pl.struct("user_id", "ts").is_unique()

    _, failure = Table.filter(pl.read_parquet(path))
    return {"checks": 16, "failed": len(failure.counts())}


def run_pandera(path: Path, num_rows: int) -> dict[str, int]:
    """Check 20 of the 26: rows, columns, types and simple aggregates."""
    import pandera.polars as pa

    def of(name: str, rule: Callable[[pl.Expr], pl.Expr]) -> pa.Check:
        return pa.Check(lambda data: data.lazyframe.select(rule(pl.col(data.key))), name=name)

    between, isin, matches, length = (pa.Check.in_range, pa.Check.isin, pa.Check.str_matches, pa.Check.str_length)
    column = pa.Column
    schema = pa.DataFrameSchema(
        {
            "id": column(pl.Int64, unique=True),
            "user_id": column(nullable=True),
            "ts": column(nullable=True),
            "age": column(pl.Int64, between(0, 120), nullable=True),
            "income": column(
                pl.Float64,
                [
                    of("mostly", lambda col: col.is_not_null().mean() >= 0.95),
                    of("mean", lambda col: col.mean().is_between(20000, 40000)),
                ],
                nullable=True,
            ),
            "score": column(pl.Float64, [between(-6, 6), of("std", lambda col: col.std().is_between(0.9, 1.1))]),
            "category": column(pl.String, isin(CATEGORIES), nullable=True),
            "country": column(
                pl.String, [matches(COUNTRY), of("distinct", lambda col: col.n_unique().is_between(90, 105))]
            ),
            "email": column(pl.String, matches(EMAIL), nullable=True),
            "name": column(pl.String, length(3, 20), nullable=True),
            "price": column(
                pl.Float64,
                [
                    of("min", lambda col: col.min().is_between(0, 5)),
                    of("median", lambda col: col.median().is_between(10, 60)),
                ],
            ),
            "qty": column(pl.Int64, of("max", lambda col: col.max().is_between(1, 19))),
            "start_date": column(pl.Date),
            "end_date": column(pl.Date),
            "label": column(pl.Int64, isin([0, 1])),
        },
        checks=pa.Check(lambda data: data.lazyframe.select(pl.col("end_date") >= pl.col("start_date"))),
        unique=["user_id", "ts"],
        ordered=True,
    )
    try:
        schema.validate(pl.read_parquet(path), lazy=True)
    except pa.errors.SchemaErrors as error:
        return {"checks": 20, "failed": len(error.schema_errors)}
    return {"checks": 20, "failed": 0}


def run_pointblank(path: Path, num_rows: int) -> dict[str, int]:
    """Check 16 of the 26."""
    import pointblank as pb

    done = (
        pb.Validate(pl.read_parquet(path))
        .row_count_match(num_rows, tol=0.1)
        .col_exists("label")
        .col_schema_match(pb.Schema(columns=[(name,) for name in NAMES]))
        .col_vals_not_null("id")
        .col_vals_not_null("income", thresholds=0.05)
        .rows_distinct(columns_subset="id")
        .col_vals_in_set("category", CATEGORIES)
        .col_vals_in_set("label", [0, 1])
        .col_vals_between("age", 0, 120, na_pass=True)
        .col_vals_between("score", -6, 6)
        .col_vals_regex("email", EMAIL, thresholds=0.01)
        .col_vals_regex("country", COUNTRY)
        .col_vals_expr(pl.col("name").str.len_chars().is_between(3, 20).fill_null(True))
        .rows_distinct(columns_subset=["user_id", "ts"])
        .col_vals_ge("end_date", pb.col("start_date"))
        .col_vals_expr(pl.col("price").min().is_between(0, 5))
        .interrogate(collect_extracts=False)
    )
    return {"checks": 16, "failed": sum(count > 0 for count in done.n_failed().values())}


TOOLS = {
    "slipway.gx_polars": run_ours,
    "GX, pandas": run_gx_pandas,
    "dataframely": run_dataframely,
    "pandera, polars": run_pandera,
    "pointblank": run_pointblank,
}
