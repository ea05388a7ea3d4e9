"""What reading a table costs: ingest's way from CSV to Parquet, beside pandas and a plain polars sink.

    python benchmarks/ingest.py --rows 5000000 --peer-python ~/peers/bin/python

Each contender runs in a process of its own and writes the same table as Parquet: ingest checks every line, finds types
that all rows have, and writes four files; the plain sink checks nothing and takes types from the first hundred rows.
CPU seconds and peak memory are the process's, start and imports included. pandas writes Parquet with
pyarrow, which slipway does not install: `--peer-python` is a Python that has both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
BLOCK_ROWS = 500_000

INGEST = """
import sys
from pathlib import Path
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from tasks.ingest import ingest
folder, file = Path(sys.argv[1]), sys.argv[2]
ingest(folder, folder / "data" / "ingest", Ingest(source=file), Product(kind="tabular", target="label"))
"""

POLARS = """
import sys, polars as pl
pl.scan_csv(f"{sys.argv[1]}/{sys.argv[2]}").sink_parquet(f"{sys.argv[1]}/plain.parquet")
"""

PANDAS = """
import sys, pandas as pd
pd.read_csv(f"{sys.argv[1]}/{sys.argv[2]}").to_parquet(f"{sys.argv[1]}/pandas.parquet")
"""


def write_table(path: Path, num_rows: int) -> None:
    """Write 20 columns: ten of decimals, five of whole numbers, four of categories, one of labels."""
    rng = np.random.default_rng(7)
    colours, labels = np.array(["red", "green", "blue", "black"]), np.array(["no", "yes"])
    with path.open("wb") as file:
        for start in range(0, num_rows, BLOCK_ROWS):
            size = min(BLOCK_ROWS, num_rows - start)
            columns = {f"decimal{i}": rng.normal(size=size).round(4) for i in range(10)}
            columns |= {f"whole{i}": rng.integers(0, 1000, size) for i in range(5)}
            columns |= {f"colour{i}": colours[rng.integers(0, 4, size)] for i in range(4)}
            columns |= {"label": labels[rng.integers(0, 2, size)]}
            pl.DataFrame(columns).write_csv(file, include_header=start == 0)


def cost(python: str, code: str, folder: Path, file: str) -> tuple[float, float]:
    """Run code in a process of its own; return its CPU seconds and its peak memory in MiB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([python, "-c", code, str(folder), file], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{code} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-python", help="a Python with pandas and pyarrow; without it pandas is left out")
    arguments = parser.parse_args()
    contenders = {"ingest": (sys.executable, INGEST), "polars, plain sink": (sys.executable, POLARS)}
    if arguments.peer_python:
        contenders["pandas, read_csv and to_parquet"] = (str(Path(arguments.peer_python).expanduser()), PANDAS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "rows.csv", arguments.rows)
        size_mib = (folder / "rows.csv").stat().st_size / 2**20
        print(f"{arguments.rows:,} rows x 20 columns, {size_mib:,.0f} MiB of CSV; medians of {arguments.repeats}\n")
        figures: dict[str, list[tuple[float, float]]] = {each: [] for each in contenders}
        for _ in range(arguments.repeats):
            for each, (python, code) in contenders.items():
                figures[each].append(cost(python, code, folder, "rows.csv"))
    print("| | CPU, s | to ingest | peak memory, MiB |\n|---|---|---|---|")
    first = statistics.median(cpu for cpu, _ in figures["ingest"])
    for each, costs in figures.items():
        cpu, memory = (statistics.median(values) for values in zip(*costs, strict=True))
        print(f"| {each} | {cpu:.1f} | {cpu / first:.2f} | {memory:,.0f} |")


if __name__ == "__main__":
    main()
