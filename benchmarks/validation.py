"""What validating a table costs: 26 typical expectations on a Parquet file, ours beside other validators.

    pip install -e '.[bench]'
    python benchmarks/validation.py --rows 10_000_000

Each tool runs in a fresh process, its imports included: CPU seconds and peak memory of that process. Every
peer checks what it can express of the 26. Then, in one process, writing alone beside writing while validating.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from slipway.suites.suite import Suite

ROOT = Path(__file__).resolve().parents[1]
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


LIGHT = ("_null", "mean", "stdev", "_min_", "_max_")
ROW_LEVEL = (*LIGHT, "_between", "_set", "_length", "_regex", "_greater_than_b")
HEAVY = ("median", "quantile", "unique", "distinct", "table", "_kl_")


def light_suite(parts: tuple[str, ...]) -> "Suite":
    """Take from the 26 what one pass can reduce."""
    from slipway.suites.suite import Suite

    light = [
        {"type": name, "kwargs": {**kwargs, **({"mostly": 1.0} if "mostly" in kwargs else {})}, "severity": "warning"}
        for name, kwargs in suite(1, "Int64")
        if any(part in name for part in parts) and not any(heavy in name for heavy in HEAVY)
    ]
    return Suite.model_validate({"name": "light", "expectations": light})


def writing(path: Path, repeats: int) -> None:
    """Print what validating while writing costs in one process, in which Great Expectations has run before."""
    from slipway.gx_polars.batch import WhileWriting
    from slipway.suites.checking import check
    from slipway.suites.splitting import check_and_split

    copy, bad, where = path.with_name("copy.parquet"), path.with_name("bad.parquet"), Path("bench")
    cheap, rules = light_suite(LIGHT), light_suite(ROW_LEVEL)

    def while_writing(rows: pl.LazyFrame) -> None:
        sink = rows.sink_parquet(copy, compression="lz4", lazy=True)
        check(WhileWriting(rows, [sink], pl.scan_parquet(copy)), cheap, where=where)

    steps = {
        "write alone": lambda rows: rows.sink_parquet(copy, compression="lz4"),
        f"write, and {len(cheap.expectations)} cheap reductions": while_writing,
        f"write good rows and quarantine by {len(rules.expectations)} expectations": lambda rows: check_and_split(
            rows, rules, good=copy, bad=bad, where=where
        ),
    }
    for run in steps.values():
        run(pl.scan_parquet(path).head(1000))
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, run in steps.items():
            start = time.process_time()
            run(pl.scan_parquet(path))
            spent[name].append(time.process_time() - start)
    alone = statistics.median(spent["write alone"])
    print("| | CPU, s | above the write |\n|---|---|---|")
    for name, seconds in spent.items():
        print(f"| {name} | {statistics.median(seconds):.2f} | {statistics.median(seconds) / alone - 1:.0%} |")


TOOLS = {
    "slipway.gx_polars": run_ours,
    "GX, pandas": run_gx_pandas,
    "dataframely": run_dataframely,
    "pandera, polars": run_pandera,
    "pointblank": run_pointblank,
}


def measure(tool: str, path: Path, num_rows: int) -> dict[str, Any]:
    """Run a tool in a fresh process; its CPU seconds and peak memory."""
    command = [sys.executable, __file__, "--tool", tool, "--table", str(path), "--rows", str(num_rows)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    assert process.stdout
    assert process.stderr
    out, err = process.stdout.read(), process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        return {"error": err.strip().splitlines()[-1] if err.strip() else f"status {status}"}
    return {**json.loads(out.splitlines()[-1]), "cpu": used.ru_utime + used.ru_stime, "gib": used.ru_maxrss / 2**20}


def report(names: list[str], path: Path, num_rows: int, repeats: int) -> None:
    """Measure the tools in turn, `repeats` times, and print their medians as a table."""
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            figures[name].append(measure(name, path, num_rows))
    print("| | checks | that failed | CPU, s | ratio | peak memory, GiB | ratio |\n|---|---|---|---|---|---|---|")
    base: dict[str, float] = {}
    for name, runs in figures.items():
        if errors := [run["error"] for run in runs if "error" in run]:
            print(f"| {name} | {errors[0]} | | | | | |")
            continue
        cpu, gib = (statistics.median(run[key] for run in runs) for key in ("cpu", "gib"))
        base = base or {"cpu": cpu, "gib": gib}
        print(
            f"| {name} | {runs[0]['checks']} | {runs[0]['failed']} | {cpu:.1f} | {cpu / base['cpu']:.2f} "
            f"| {gib:.2f} | {gib / base['gib']:.2f} |",
            flush=True,
        )


def main() -> None:
    """Make the table, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="tools to measure")
    parser.add_argument("--tool", help="run one tool in this process (for the benchmark itself)")
    parser.add_argument("--table", type=Path, help="the Parquet file; made where it is not given")
    words = parser.parse_args()
    if words.tool:
        print(json.dumps(TOOLS[words.tool](words.table, words.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = words.table or Path(folder) / "table.parquet"
        if not path.exists():
            write_table(path, words.rows)
        print(f"{words.rows:,} rows x {len(NAMES)} columns, {path.stat().st_size / 2**20:.0f} MiB of Parquet\n")
        names = [name for name in TOOLS if words.only is None or name in words.only]
        if names:
            report(names, path, words.rows, words.repeats)
            print()
        writing(path, words.repeats)


if __name__ == "__main__":
    main()
