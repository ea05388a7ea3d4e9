"""Accuracy over seeds: the whole line from ingest to compress, pooled over the test rows of all seeds.

    python benchmarks/accuracy.py cancer digits --seeds 5
    SLIPWAY_DATA=FOLDER python benchmarks/accuracy.py mnist --seeds 3 --trained-only --train '{network: {name: lenet5}}'

The seed changes the split (of what does not come split), the initialisation and the order of the rows. Beside the
network: logistic regression and gradient boosting of scikit-learn with their defaults, on the same rows; texts are
told to them by the tf-idf of words and pairs of words, for gradient boosting on its 300 main directions.
"""

import argparse
import csv
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from prepared import prepare

from slipway.files import read_json
from slipway.judging.baselines import Effort, fit_baselines
from slipway.product.params import Params, read_params
from slipway.product.train import Train
from slipway.tables.schema import read_schema
from slipway.tables.targets import targets
from slipway.transform.fitted import read_transform
from tasks.compress import compress
from tasks.evaluate import evaluate
from tasks.train import train

ROOT = Path(__file__).resolve().parents[1]
UNBOUNDED = Effort(cells=None, features=None, directions=300, words=2, iterations=2000, trees=10_000)


def run_line(product: Path, params: Params, data: Path, *, compressed: bool) -> float:
    """Call the stages as functions, without DVC; return the CPU seconds of train."""
    prepare(product, params, data)
    start = time.process_time()
    train(data / "augment", data / "privatize", data / "train", params.train)
    spent = time.process_time() - start
    evaluate(data / "train", data / "privatize", data / "preprocess", data / "evaluate", params.evaluate)
    if compressed:
        inputs = (data / stage for stage in ("train", "evaluate", "privatize", "preprocess", "compress"))
        compress(*inputs, params.compress)
    return spent


def baselines(data: Path) -> dict[str, float]:
    """Fit scikit-learn's models on the training and validation rows; return their rights on test."""
    schema, transform = read_schema(data / "privatize"), read_transform(data / "privatize")
    known = pl.concat(pl.read_parquet(data / "privatize" / f"{part}.parquet") for part in ("train", "validation"))
    test = pl.read_parquet(data / "preprocess" / "test.parquet")
    fitted = fit_baselines(known, test, schema, transform, ["linear", "gradient_boosting"], UNBOUNDED)
    names = {"linear": "logistic regression", "gradient_boosting": "gradient boosting"}
    rights = targets(test, schema)
    return {names[kind]: float((each.argmax(axis=1) == rights).mean()) for kind, each in fitted.answers.items()}


def measure(name: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the line with one seed and gather its figures."""
    product = ROOT / "products" / name
    params = read_params(product / "params.yaml")
    changed = {
        "product": params.product.model_copy(update={"seed": seed}),
        "train": Train.model_validate({**params.train.model_dump(exclude_unset=True), **arguments.train}),
    }
    params = params.model_copy(update=changed)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / name
        spent = run_line(product, params, data, compressed=not arguments.trained_only)
        metrics = read_json(data / "evaluate" / "metrics.json")
        found = {"seed": seed, "rows": metrics["rows"], "trained": metrics["accuracy"], "CPU of train": spent}
        if not arguments.trained_only:
            found |= release(data)
        return found if arguments.no_baselines else found | baselines(data)


def release(data: Path) -> dict[str, Any]:
    """Gather what compress found."""
    fidelity = read_json(data / "compress" / "fidelity.json")
    with (data / "compress" / "candidates.csv").open(newline="") as file:
        sizes = {row["candidate"]: int(row["size_bytes"]) for row in csv.DictReader(file)}
    return {
        "release": read_json(data / "compress" / "metrics.json")["accuracy"],
        "chosen": fidelity["chosen"],
        "smaller": sizes["fp32"] / sizes[fidelity["chosen"]],
        "agreement_pct": fidelity["agreement_pct"],
        "parity_error": fidelity["parity_error"],
    }


def main() -> None:
    """Print a line for each seed, and the pooled figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--train", type=yaml.safe_load, default={}, help="keys of train to change, as YAML")
    parser.add_argument("--trained-only", action="store_true", help="stop before compress")
    parser.add_argument("--no-baselines", action="store_true", help="leave scikit-learn's models out")
    arguments = parser.parse_args()
    for name in arguments.products:
        runs = [measure(name, seed, arguments) for seed in range(1, arguments.seeds + 1)]
        with pl.Config(tbl_cols=-1, tbl_width_chars=200, float_precision=4, tbl_hide_dataframe_shape=True):
            print(pl.DataFrame(runs))
        weights = np.array([run["rows"] for run in runs])
        for key in ("trained", "release", "logistic regression", "gradient boosting"):
            if key not in runs[0]:
                continue
            values = np.array([run[key] for run in runs])
            pooled = float(values @ weights / weights.sum())
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"{name}: {key}: {100 * pooled:.2f} % of {weights.sum()} test rows, spread {100 * spread:.2f} points")
        if not arguments.trained_only:
            agreement = float(np.array([run["agreement_pct"] for run in runs]) @ weights / weights.sum())
            parity = max(run["parity_error"] for run in runs)
            print(f"{name}: release agrees on {agreement:.2f} %; fp32 export within {parity:.1e}", flush=True)


if __name__ == "__main__":
    main()
