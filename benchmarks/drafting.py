"""What it costs to draft a product from data nobody has seen, in CSV and in Parquet.

    python benchmarks/drafting.py --rows 1000000

The table is made up: ten columns of numbers, four of categories, one of dates, a target; some values missing. The
parts of drafting are timed one after the other; `read` is what every tool has to do first.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from slipway.drafting.drafting import draft


def made_up(rows: int) -> pl.DataFrame:
    """Return a table of 16 columns."""
    dice = np.random.default_rng(7)
    columns: dict[str, object] = {f"number_{n}": dice.normal(100 * n, 10, rows).round(3) for n in range(8)}
    columns |= {f"count_{n}": dice.poisson(20, rows) for n in range(2)}
    for n in range(4):
        domain = np.array([f"value {n} {k}" for k in range(5 * 4**n)])
        columns[f"category_{n}"] = domain[dice.integers(0, len(domain), rows)]
    columns["day"] = (np.datetime64("2020-01-01") + dice.integers(0, 1500, rows)).astype(str)
    columns["target"] = np.where(dice.random(rows) < 0.3, "yes", "no")
    frame = pl.DataFrame(columns)
    gaps = pl.Series(dice.random(rows) < 0.05)
    return frame.with_columns(number_0=pl.when(gaps).then(None).otherwise(pl.col("number_0")))


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the medians of wall and CPU seconds."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def drafted(path: Path) -> None:
    """Draft in a folder of its own."""
    with tempfile.TemporaryDirectory() as work:
        draft(path, Path(work))


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        csv, parquet = Path(folder) / "table.csv", Path(folder) / "table.parquet"
        frame = made_up(arguments.rows)
        frame.write_csv(csv, null_value="?")
        frame.write_parquet(parquet)
        readers: dict[Path, Callable[[], object]] = {
            csv: lambda: pl.read_csv(csv, null_values="?", infer_schema_length=None),
            parquet: lambda: pl.read_parquet(parquet),
        }
        for path, reader in readers.items():
            size = path.stat().st_size / 2**20
            for name, work in (("polars reads", reader), ("slipway drafts", lambda path=path: drafted(path))):
                wall, cpu = timed(work, arguments.repeats)
                what = f"{path.suffix} {size:,.0f} MiB, {arguments.rows:,} rows"
                print(f"{what}: {name:15} {wall:.2f} s wall, {cpu:.2f} s CPU")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"peak memory {peak:,.0f} MiB, the made-up table included")


if __name__ == "__main__":
    main()
