"""Training from a table that the memory does not hold, beside training on rows that it does.

    python benchmarks/out_of_core.py                    # 72,000,000 rows, 8 GB of Parquet: takes 17 GB of disk
    python benchmarks/out_of_core.py --rows 8000000     # 1 GB

The table of 30 float32 columns and two classes is random, so that no compression makes it small. A process of its own
learns an epoch of it, streamed; others learn from its first million rows, resident, before and after. All prepare
rows and learn as the stage does, with one thread of torch; rows are counted from the first batch to the last, by wall
and by CPU time, reading included. The peak is the process's resident memory, imports included.
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

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, RESIDENT_ROWS, VALIDATION_ROWS, ROWS_AT_ONCE = 30, 1_000_000, 10_000, 1_000_000
VALIDATION_PIECE = 1_000_000


def generate(folder: Path, num_rows: int) -> None:
    """Write what augment and privatize would leave: tables, schema.json and transform.json."""
    import numpy as np
    import polars as pl

    from slipway.product.product import Product
    from slipway.tables.groups import write_groups
    from slipway.tables.schema import Column, Schema
    from slipway.transform.fitted import Number, Transform

    names = [f"x{index}" for index in range(COLUMNS)]

    def part(number: int, size: int) -> pl.LazyFrame:
        x = np.random.default_rng([7, number]).standard_normal((COLUMNS, size), dtype=np.float32)
        y = pl.Series(["no", "yes"]).gather((x[0] > x[1]).astype(np.int64))
        return pl.LazyFrame({**dict(zip(names, x, strict=True)), "y": y})

    pieces = []
    for number, start in enumerate(range(0, num_rows, ROWS_AT_ONCE)):
        pieces.append(folder / f"piece-{number:03}.parquet")
        part(number, min(ROWS_AT_ONCE, num_rows - start)).sink_parquet(pieces[-1], compression="uncompressed")
    write_groups(pl.scan_parquet(pieces), folder / "train.parquet")
    for piece in pieces:
        piece.unlink()
    write_groups(pl.scan_parquet(folder / "train.parquet").head(RESIDENT_ROWS), folder / "few.parquet")
    part(VALIDATION_PIECE, VALIDATION_ROWS).sink_parquet(folder / "validation.parquet")
    columns = [*(Column(name=name, dtype="Float32") for name in names), Column(name="y", dtype="String")]
    product = Product(kind="tabular", target="y", classes=["no", "yes"])
    Schema(product=product, columns=columns, classes=["no", "yes"]).write(folder)
    numbers = [Number(column=name, impute=0.0) for name in names]
    Transform(numbers=numbers).write(folder)


def learn(folder: Path, table: str, batch_size: int, epochs: int) -> dict[str, float]:
    """Learn from a table of the folder, streamed where it is large, and return what it cost."""
    import torch

    from slipway.learning.devices import keep_freed_memory, repeatable
    from slipway.learning.loop import Training
    from slipway.learning.material import Material, prepared
    from slipway.product.augment import Policy
    from slipway.product.networks import MLP
    from slipway.product.train import Train
    from slipway.tables.schema import read_schema
    from slipway.transform.fitted import read_transform

    keep_freed_memory()
    params = Train(network=MLP(hidden=[64, 64], dropout=0), batch_size=batch_size, epochs=1000, max_resident_gib=0.5)
    material = Material(folder / table, folder / "validation.parquet", read_schema(folder), read_transform(folder))
    device = torch.device("cpu")
    with repeatable(1, 1):
        rows, validation = material.train(params, device), material.validation()
        network, _ = prepared(material, params, rows.known)
        training = Training(network, rows, validation, params, Policy(), seed=1)
        start, cpu = time.monotonic(), time.process_time()
        for _ in range(epochs):
            training.run_epoch()
        return {
            "rows": epochs * len(rows),
            "wall_seconds": time.monotonic() - start,
            "cpu_seconds": time.process_time() - cpu,
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "validation_loss": training.history[-1].validation_loss,
        }


def measured(folder: Path, table: str, batch_size: int, epochs: int) -> dict[str, float]:
    """Learn in a process of its own."""
    words = ["--learn", table, "--work", str(folder), "--batch-size", str(batch_size), "--epochs", str(epochs)]
    command = [sys.executable, str(Path(__file__).resolve()), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{table} failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=72_000_000)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=3, help="of the resident rows")
    parser.add_argument("--work", type=Path, help="where a temporary folder is made")
    parser.add_argument("--learn", help=argparse.SUPPRESS)
    words = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if words.learn:
        print(json.dumps(learn(words.work, words.learn, words.batch_size, words.epochs)))
        return
    work = Path(tempfile.mkdtemp(prefix="out_of_core.", dir=words.work))
    try:
        generate(work, words.rows)
        gigabytes = (work / "train.parquet").stat().st_size / 1e9
        before = measured(work, "few.parquet", words.batch_size, words.epochs)
        streamed = measured(work, "train.parquet", words.batch_size, 1)
        after = measured(work, "few.parquet", words.batch_size, words.epochs)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{words.rows:,} rows, {gigabytes:.2f} GB of Parquet, MLP 64-64, batches of {words.batch_size}\n")
    print("| | rows | rows/s | rows a CPU second | peak, GiB |\n|---|---|---|---|---|")
    for name, one in (("resident, before", before), ("streamed", streamed), ("resident, after", after)):
        speeds = f"{one['rows'] / one['wall_seconds']:,.0f} | {one['rows'] / one['cpu_seconds']:,.0f}"
        print(f"| {name} | {one['rows']:,} | {speeds} | {one['peak_gib']:.2f} |")
    resident = {key: before[key] + after[key] for key in ("rows", "wall_seconds", "cpu_seconds")}
    ratios = [
        streamed["rows"] / streamed[key] / (resident["rows"] / resident[key]) for key in ("wall_seconds", "cpu_seconds")
    ]
    print(f"\nstreamed to resident: {ratios[0]:.2f} of the rows a second, {ratios[1]:.2f} of those a CPU second")
    print(f"validation loss {streamed['validation_loss']:.4f} (resident {before['validation_loss']:.4f})")


if __name__ == "__main__":
    main()
