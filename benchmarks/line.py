"""What the whole line costs: `slipway run` on a fresh clone, on an up-to-date one, and `dvc repro`.

    python benchmarks/line.py cancer digits

Each figure is wall and CPU seconds of a command and of all processes that it started, the temporary
Prefect server included. Beside them: an empty Prefect flow on the same machine, in the same run. No
Prefect server is configured.
"""

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PR_SET_CHILD_SUBREAPER = 36

EMPTY_FLOW = "from prefect import flow\n@flow\ndef empty(): pass\nempty()\n"


def cost(command: list[str], cwd: Path) -> tuple[float, float]:
    """Run a command; return wall seconds until it ended, and CPU seconds of it and all that it started."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    environment |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    environment["PYTHONPATH"] = str(cwd)  # the clone's code, not the installed checkout's
    environment |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180"}
    for name in ("PREFECT_API_URL", "SLIPWAY_ROOT"):
        environment.pop(name, None)
    before, start = _cpu_of_children(), time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    wall = time.monotonic() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    _reap_orphans()
    return wall, _cpu_of_children() - before


def fresh_clone(folder: Path) -> Path:
    """Clone the committed tree, with nothing that stages wrote, and compile it as an installation does."""
    clone = folder / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "flows", "tasks", "slipway"], cwd=clone, check=True)
    return clone


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap_orphans() -> None:
    """Wait for processes whose parents ended before them: they became ours, and so does their CPU time."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def measure(product: str, folder: Path, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Measure the commands in turn, `repeats` times each."""
    slipway, dvc = str(BIN / "slipway"), str(BIN / "dvc")
    figures: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        clone = fresh_clone(folder)
        figures.setdefault("empty flow", []).append(cost([sys.executable, "-c", EMPTY_FLOW], folder))
        figures.setdefault("slipway run, first", []).append(cost([slipway, "run", product], clone))
        figures.setdefault("slipway run, again", []).append(cost([slipway, "run", product], clone))
        figures.setdefault("slipway run --plain, again", []).append(cost([slipway, "run", product, "--plain"], clone))
        # dvc repro of one product's last stage brings its whole line up to date
        figures.setdefault("dvc repro, again", []).append(cost([dvc, "repro", f"package@{product}"], clone))
    return figures


def main() -> None:
    """Print the medians of each product as a table, and as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory() as folder:
        for product in arguments.products:
            figures = measure(product, Path(folder), arguments.repeats)
            empty = statistics.median(cpu for _, cpu in figures["empty flow"])
            for name, runs in figures.items():
                wall, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
                print(f"{product:8} {name:28} wall {wall:6.1f} s   CPU {cpu:6.1f} s   above empty {cpu - empty:6.1f} s")
            print(json.dumps({"product": product, "runs": figures}))


if __name__ == "__main__":
    main()
