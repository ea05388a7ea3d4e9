"""The first three stages as functions on generated rows, beside the same work in pandas and scikit-learn.

    python benchmarks/preprocessing.py --rows 5000000 --peer
    python benchmarks/preprocessing.py --rows 50000000

One process runs the three stages, another the peer in the same three steps: each step reads a table and writes one,
which is deleted as soon as the next has read it. A figure is wall and CPU seconds, imports included, and the peak
resident memory of the process until then. The peer reads the same files, applies the same rules, finds the same copies
and writes the same tables, without counting what it changes. It needs `pip install pyarrow`, which slipway does not.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ROWS_PER_FILE = 1_000_000
COPIES_PCT = 2
STAGES = (("ingest", "source"), ("validate", "ingest"), ("preprocess", "validate"))

RAW_SUITE = """
name: raw
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: y}, severity: critical}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: y, value_set: ["no", "yes"]}, severity: warning}
  - {type: expect_column_values_to_be_between, kwargs: {column: i0, min_value: 0, max_value: 990}, severity: warning}
  - {type: expect_column_values_to_be_between, kwargs: {column: f0, min_value: -6, max_value: 6}, severity: warning}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: i1}, severity: warning}
  - {type: expect_column_mean_to_be_between, kwargs: {column: f1, min_value: -1, max_value: 1}, severity: critical}
"""
CLEAN_SUITE = """
name: clean
expectations:
  - {type: expect_column_values_to_be_between, kwargs: {column: f2, min_value: -3, max_value: 3}, severity: critical}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: f3}, severity: critical}
"""
PREPROCESS = {
    "types": {"amount": "number"},
    "lower": ["c0", "c1"],
    "bounds": {"f2": {"low": -3, "high": 3, "action": "clip"}, "i2": {"high": 995, "action": "quarantine"}},
    "fill": {"f3": 0.0},
}
TOWNS = [" Ulm", "Bonn", "ulm", "K\u00f6ln ", "?", "Bad  Urach", "Hof"]


def generate(folder: Path, num_rows: int, seed: int = 7) -> None:
    """Write Parquet files of 20 columns: 8 floats, 5 integers, 5 texts, a text of numbers, a target; 2 % are copies."""
    import numpy as np
    import polars as pl

    folder.mkdir(parents=True)
    first: pl.DataFrame | None = None
    for number, start in enumerate(range(0, num_rows, ROWS_PER_FILE)):
        rng = np.random.default_rng([seed, number])
        size = min(ROWS_PER_FILE, num_rows - start)
        num_copies = size * COPIES_PCT // 100
        towns = pl.Series(TOWNS)
        frame = pl.DataFrame(
            {
                **{f"f{index}": rng.normal(size=size) for index in range(8)},
                **{f"i{index}": rng.integers(0, 1000, size) for index in range(5)},
                **{f"c{index}": towns.gather(rng.integers(0, len(TOWNS), size)) for index in range(4)},
                "person": pl.Series(rng.integers(0, 10 * num_rows, size)).cast(pl.String),
                "amount": pl.Series(rng.integers(0, 10_000, size) / 100).cast(pl.String),
                "y": pl.Series(["no", "yes"]).gather(rng.integers(0, 2, size)),
            }
        ).with_columns(pl.when(pl.col("i4") > 50).then("f3"))
        first = frame.head(num_copies) if first is None else first
        if number:
            frame = pl.concat([frame.head(size - len(first)), first])
        frame.write_parquet(folder / f"rows-{number:03}.parquet")


def stage(name: str, work: Path) -> None:
    """Run one stage, in this process."""
    from slipway.product.product import Product

    (work / "raw.suite.yaml").write_text(RAW_SUITE)
    (work / "clean.suite.yaml").write_text(CLEAN_SUITE)
    product = Product(kind="tabular", target="y", classes=["no", "yes"])
    if name == "ingest":
        from slipway.product.ingest import Ingest
        from tasks.ingest import ingest

        ingest(work / "source", work / "ingest", Ingest.model_validate({"source": "rows-*.parquet"}), product)
    elif name == "validate":
        from slipway.product.validate import Validate
        from tasks.validate import validate

        validate(work / "ingest", work / "raw.suite.yaml", work / "validate", Validate(max_quarantine_pct=10))
    else:
        from slipway.product.preprocess import Preprocess
        from tasks.preprocess import preprocess

        params = Preprocess.model_validate(PREPROCESS)
        preprocess(work / "validate", work / "clean.suite.yaml", work / "preprocess", params)


def peer(name: str, work: Path) -> None:
    """Do the same work in pandas and scikit-learn."""
    import pandas as pd

    if name == "ingest":
        rows = pd.concat([pd.read_parquet(path) for path in sorted((work / "source").iterdir())], ignore_index=True)
        rows.to_parquet(made(work / "ingest") / "table.parquet")
    elif name == "validate":
        rows = pd.read_parquet(work / "ingest" / "table.parquet")
        assert rows["y"].notna().all() and -1 < rows["f1"].mean() < 1
        good = rows["y"].isin(["no", "yes"]) & rows["i0"].between(0, 990) & rows["f0"].between(-6, 6)
        good &= rows["i1"].notna()
        rows[~good].to_parquet(made(work / "validate") / "quarantine.parquet")
        rows[good].to_parquet(work / "validate" / "table.parquet")
    else:
        prepared_by_peer(pd.read_parquet(work / "validate" / "table.parquet"), made(work / "preprocess"))


def prepared_by_peer(rows: "pd.DataFrame", out: Path) -> None:
    """Clean the rows and deal them out."""
    import pandas as pd
    from sklearn.model_selection import train_test_split

    for name in ("c0", "c1", "c2", "c3", "person", "amount", "y"):
        text = rows[name].str.strip().str.normalize("NFC").str.replace(r"\s+", " ", regex=True)
        if name in ("c0", "c1"):
            text = text.str.lower()
        rows[name] = text.mask(text.isin(["", "?", "NA", "N/A", "NaN", "null", "None"]))
    rows["amount"] = pd.to_numeric(rows["amount"], errors="coerce")
    rows["f2"], rows["f3"] = rows["f2"].clip(-3, 3), rows["f3"].fillna(0.0)
    rows = rows[rows["y"].notna()]
    rows[rows["i2"] > 995].to_parquet(out / "quarantine.parquet")
    rows = rows[rows["i2"] <= 995].drop_duplicates()
    assert rows["f2"].between(-3, 3).all() and rows["f3"].notna().all()
    train, rest = train_test_split(rows, test_size=0.35, random_state=7)
    validation, test = train_test_split(rest, test_size=0.2 / 0.35, random_state=7)
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        part.to_parquet(out / f"{name}.parquet")


def made(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir()
    return folder


def measured(whose: str, work: Path) -> dict[str, dict[str, float]]:
    """Run the three stages, ours or the peer's, in a process of their own and return what each cost."""
    command = [sys.executable, str(Path(__file__).resolve()), "--run", whose, "--work", str(work)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{whose} failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_here(whose: str, work: Path) -> None:
    """Run the three stages and print what each cost, and all."""
    run = peer if whose == "peer" else stage
    figures = {}
    for name, read in STAGES:
        start, cpu = time.monotonic(), time.process_time()
        run(name, work)
        figures[name] = {
            "wall_seconds": time.monotonic() - start,
            "cpu_seconds": time.process_time() - cpu,
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        }
        if read != "source":
            shutil.rmtree(work / read)
    figures["all three"] = {
        "wall_seconds": sum(one["wall_seconds"] for one in figures.values()),
        "cpu_seconds": time.process_time(),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    print(json.dumps(figures))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--peer", action="store_true", help="measure pandas and scikit-learn, too")
    parser.add_argument("--work", type=Path, help="where to write; a temporary folder by default")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.run:
        sys.path.insert(0, str(ROOT))
        run_here(words.run, words.work)
        return
    work = words.work or Path(tempfile.mkdtemp(prefix="preprocessing."))
    try:
        generate(work / "source", words.rows)
        figures = {"peer": measured("peer", work)} if words.peer else {}
        shutil.rmtree(work / "preprocess", ignore_errors=True)
        figures["slipway"] = measured("slipway", work)
        report = json.loads((work / "preprocess" / "cleaning.json").read_text())
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{words.rows:,} rows x 20 columns; {report['rows']['duplicates']:,} copies dropped")
    print("| | wall s | CPU s | peak GiB |\n|---|---|---|---|")
    for whose, stages in figures.items():
        for name, one in stages.items():
            cost = f"{one['wall_seconds']:.1f} | {one['cpu_seconds']:.1f} | {one['peak_gib']:.2f}"
            print(f"| {whose}, {name} | {cost} |")
    if words.peer:
        wall, cpu = (
            figures["peer"]["all three"][key] / figures["slipway"]["all three"][key]
            for key in ("wall_seconds", "cpu_seconds")
        )
        print(f"pandas and scikit-learn take {wall:.1f} times the wall time and {cpu:.1f} times the CPU time")


if __name__ == "__main__":
    main()
