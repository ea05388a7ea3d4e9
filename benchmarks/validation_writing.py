"""What benchmarks/validation.py measures in one process: writing alone beside writing while validating."""

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from validation_table import suite

if TYPE_CHECKING:
    from slipway.suites.suite import Suite

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
