"""What the fitted transform costs: `python benchmarks/transform.py [--rows 1000000] [--repeats 3]`.

A generated table of 30 columns: 20 of numbers with gaps (five for each scale), 8 of categories (60 values, some rare),
one of 20,000 values that is hashed, one of prose. slipway fits its plan and makes the array of float32 features; the
peer is scikit-learn's ColumnTransformer with the same steps, to the same array. Each runs in a process of its own;
memory is the peak above that of the table itself. Then one record goes through a bundle's cleaning, row rules and
model, and the time of each is the median of 2,000 calls.
"""

import argparse
import gc
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from slipway.product.product import Product
from slipway.product.steps import Categories, Numbers, Texts
from slipway.suites.suite import Expectation
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema

SCALES = ["standard", "robust", "minmax", "quantile"]
NUMBERS = {f"{scale}_{index}": scale for scale in SCALES for index in range(5)}
CATEGORIES = [f"category_{index}" for index in range(8)]
TEXTS = [*CATEGORIES, "code", "note"]
NUM_VALUES, NUM_CODES, NUM_BUCKETS, NUM_WORDS, NUM_KNOTS, LEAST_SHARE = 60, 20_000, 32, 50, 100, 0.01


def table(num_rows: int) -> pl.DataFrame:
    """Generate the rows."""
    rng = np.random.default_rng(7)
    columns: dict[str, pl.Series | np.ndarray] = {}
    for name in NUMBERS:
        values = rng.lognormal(size=num_rows).round(3)
        values[rng.random(num_rows) < 0.05] = np.nan
        columns[name] = values
    known = np.array([f"value {index}" for index in range(NUM_VALUES)])
    chances = 1 / np.arange(1, NUM_VALUES + 1)
    for name in CATEGORIES:
        columns[name] = rng.choice(known, num_rows, p=chances / chances.sum())
    columns["code"] = np.char.add("code ", rng.integers(NUM_CODES, size=num_rows).astype(str))
    vocabulary = np.array([f"Word{index}" for index in range(500)])
    texts = np.array([" ".join(rng.choice(vocabulary, 12)) + "." for _ in range(5000)])
    columns["note"] = texts[rng.integers(len(texts), size=num_rows)]
    return pl.DataFrame(columns).with_columns(target=pl.lit("a")).fill_nan(None)


def schema() -> Schema:
    """Describe them."""
    numbers = [Column(name=name, dtype="Float64") for name in NUMBERS]
    texts = [Column(name=name, dtype="String") for name in (*CATEGORIES, "code", "target")]
    return Schema(
        product=Product(kind="tabular", target="target"),
        columns=[*numbers, *texts, Column(name="note", dtype="String", kind="text")],
        classes=["a", "b"],
    )


def plan() -> Plan:
    """Say what is done with them."""
    columns: dict[str, Any] = {name: Numbers(scale=scale) for name, scale in NUMBERS.items()}  # type: ignore[arg-type]
    columns["code"] = Categories(encode="hashing", buckets=NUM_BUCKETS)
    return Plan(
        columns=columns,
        categories=Categories(min_share=LEAST_SHARE, max_values=NUM_VALUES),
        texts=Texts(max_words=NUM_WORDS),
    )


def ours(path: Path) -> tuple[Callable[[], Any], Callable[[Any], np.ndarray]]:
    """Return slipway's fit and apply."""
    from slipway.transform.applying import features
    from slipway.transform.fitting import fit_transform

    rows = pl.read_parquet(path)
    return lambda: fit_transform(rows, schema(), plan())[0], lambda transform: features(rows, transform)


def theirs(path: Path) -> tuple[Callable[[], Any], Callable[[Any], np.ndarray]]:
    """Return scikit-learn's."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import (
        FunctionTransformer,
        MinMaxScaler,
        OneHotEncoder,
        QuantileTransformer,
        RobustScaler,
        StandardScaler,
    )

    read = pl.read_parquet(path)
    rows = pd.DataFrame({column.name: column.to_numpy() for column in read}, copy=False)  # missing numbers are NaN
    del read
    scalers = {
        "standard": StandardScaler(),
        "robust": RobustScaler(),
        "minmax": MinMaxScaler(),
        "quantile": QuantileTransformer(n_quantiles=NUM_KNOTS, subsample=None),
    }
    steps: list[tuple[str, Any, Any]] = [
        (scale, make_pipeline(SimpleImputer(strategy="median"), scaler), [n for n in NUMBERS if NUMBERS[n] == scale])
        for scale, scaler in scalers.items()
    ]
    hashed = make_pipeline(
        FunctionTransformer(lambda column: column.to_numpy()[:, None]),
        FeatureHasher(n_features=NUM_BUCKETS, input_type="string", alternate_sign=False, dtype=np.float32),
    )
    onehot = OneHotEncoder(min_frequency=LEAST_SHARE, handle_unknown="infrequent_if_exist", dtype=np.float32)
    whole = ColumnTransformer(
        [
            *steps,
            ("categories", onehot, CATEGORIES),
            ("code", hashed, "code"),
            ("note", TfidfVectorizer(max_features=NUM_WORDS, dtype=np.float32), "note"),
        ],
        sparse_threshold=0,
    )
    return lambda: whole.fit(rows), lambda fitted: fitted.transform(rows).astype(np.float32)


def measure(who: Callable[[Path], Any], path: Path, results: Any) -> None:
    """Time fit and apply in this process, and put CPU seconds, peak MiB above the start, width and a checksum."""
    fit, apply = who(path)
    gc.collect()
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    fitted = fit()
    middle = time.process_time()
    made = apply(fitted)
    ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    standard = made[:, :5].astype(np.float64)
    results.put((middle - began, ended - middle, (peak - start) / 1024, made.shape[1], float(np.abs(standard).sum())))


def compare(num_rows: int, repeats: int) -> None:
    """Run both, alternating, and print medians."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        table(num_rows).write_parquet(path)
        found: dict[str, list[tuple[float, ...]]] = {"slipway": [], "scikit-learn": []}
        for _ in range(repeats):
            for name, who in (("slipway", ours), ("scikit-learn", theirs)):
                results = spawn.Queue()
                process = spawn.Process(target=measure, args=(who, path, results))
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(f"{name} failed")
                found[name].append(results.get())
    print(f"\n{num_rows:,} rows x 30 columns, medians of {repeats}\n")
    print("| | fit, CPU s | apply, CPU s | both, CPU s | peak above the table, MiB | features |")
    print("|---|---|---|---|---|---|")
    middle = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in found.items()}
    for name, (fit, apply, peak, width, _) in middle.items():
        print(f"| {name} | {fit:.2f} | {apply:.2f} | {fit + apply:.2f} | {peak:,.0f} | {width:.0f} |")
    us, them = middle["slipway"], middle["scikit-learn"]
    ratios = [them[0] / us[0], them[1] / us[1], (them[0] + them[1]) / (us[0] + us[1]), them[2] / us[2]]
    print("| times less | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + " | |")
    assert np.isclose(us[4], them[4], rtol=1e-5), "the scaled numbers differ"


def one_record(calls: int) -> None:
    """Print what one record of the 30 columns costs at serving: cleaning, 30 row rules, and the model."""
    from slipway.bundle.predictor import Predictor

    rows = table(5_000)
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder), rows)
        predictor = Predictor(Path(folder), packed=False)
        records = rows.drop("target").head(50).to_dicts()
        checked = [_milliseconds(lambda at=at: predictor.check([records[at % 50]])) for at in range(calls)]
        answered = [_milliseconds(lambda at=at: predictor.predict([records[at % 50]])) for at in range(calls)]
    print(f"\none record of 30 inputs, {len(predictor.rules)} row rules, medians of {calls:,} calls\n")
    print("| | ms |\n|---|---|")
    print(f"| cleaned, judged, made into tensors (must be: at most 0.5) | {statistics.median(checked):.3f} |")
    print(f"| the same, and answered by the model | {statistics.median(answered):.3f} |")


def expectations() -> list[Expectation]:
    """Return a row rule for each column, of the usual kinds."""
    known = [f"value {index}" for index in range(NUM_VALUES)]
    wanted: list[tuple[str, dict[str, Any]]] = [
        *(("values_to_be_between", {"column": name, "min_value": 0, "max_value": 1e6}) for name in NUMBERS),
        *(("values_to_be_in_set", {"column": name, "value_set": known}) for name in CATEGORIES),
        ("values_to_match_regex", {"column": "code", "regex": "^code [0-9]+$"}),
        ("values_to_not_be_null", {"column": "note"}),
    ]
    return [Expectation(type=f"expect_column_{kind}", kwargs=kwargs, severity="warning") for kind, kwargs in wanted]


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def write_bundle(folder: Path, rows: pl.DataFrame) -> None:
    """Write what a predictor needs: the transform before a small network, the signature, cleaning, a rule a column."""
    import torch

    from slipway.bundle.describing import signature_of
    from slipway.bundle.prepare import Prepare
    from slipway.judging.decision import Decision
    from slipway.shrinking.export import export_network
    from slipway.shrinking.graph import servable
    from slipway.suites.compiling import write_rules
    from slipway.transform.fitting import fit_transform

    transform = fit_transform(rows, schema(), plan())[0]
    (width,) = transform.feature_shape
    network = torch.nn.Sequential(torch.nn.Linear(width, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    model = servable(export_network(network, (width,)), transform, temperature=1.0)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    prepare = Prepare(missing=["", "?", "NA"], trim=True)
    prepare.write(folder)
    signature = signature_of(rows, schema(), transform, prepare)
    signature.write(folder)
    Decision(classes=signature.classes).write(folder)
    write_rules(
        folder / "rules.json", expectations(), {**dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(TEXTS, "text")}
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    compare(given.rows, given.repeats)
    one_record(2_000)
