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
from pathlib import Path
from typing import Any

from validation_table import NAMES, write_table
from validation_tools import TOOLS
from validation_writing import writing

ROOT = Path(__file__).resolve().parents[1]


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
