"""A tiny product as preprocess leaves it, and the stages after it called as functions."""

import random
import shutil
from pathlib import Path

import polars as pl

from slipway.files import read_json, write_json, write_text
from slipway.product.augment import Augment
from slipway.product.compress import Compress
from slipway.product.evaluate import Evaluate
from slipway.product.networks import MLP
from slipway.product.package import Gate, Limit, Package
from slipway.product.privatize import Bound, Domain, Privatize
from slipway.product.product import Product
from slipway.product.train import Train
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema

LOCAL = Privatize(
    mechanism="local",
    columns={
        "age": Bound(low=0, high=100, epsilon=1.5),
        "job": Domain(values=["cook", "nurse", "pilot"], epsilon=1),
        "target": Domain(values=["no", "yes"], epsilon=2),
    },
)

QUICK = Train(network=MLP(hidden=[8], dropout=0), epochs=15, batch_size=32, lr=0.02)


def people(num_rows: int, *, seed: int, first_id: int = 0) -> pl.DataFrame:
    """Rows whose class follows from age and job; some ages and jobs are missing, one class is rarer."""
    rng = random.Random(seed)
    rows = []
    for index in range(num_rows):
        age, job = rng.uniform(18, 80), rng.choice(["cook", "nurse", "pilot"])
        rows.append(
            {
                "_id": first_id + index,
                "age": None if rng.random() < 0.05 else age,
                "job": None if rng.random() < 0.05 else job,
                "target": "yes" if age + 20 * (job == "pilot") > 65 else "no",
                "wage": 1000 + 40 * age + rng.gauss(0, 10),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"_id": pl.UInt32})


def write_preprocessed(folder: Path, *, regression: bool = False, num_rows: int = 160, **product: object) -> Path:
    """Write what preprocess would: three tables, the plan, the schema, and what a server must repeat."""
    folder.mkdir(parents=True)
    target, other = ("wage", "target") if regression else ("target", "wage")
    sizes = {"train": num_rows, "validation": 60, "test": 60}
    for index, (part, size) in enumerate(sizes.items()):
        people(size, seed=index, first_id=1000 * index).drop(other).write_parquet(folder / f"{part}.parquet")
    task = "regression" if regression else "classification"
    columns = [Column(name=name, dtype=dtype) for name, dtype in (("age", "Float64"), ("job", "String"))]
    columns.append(Column(name=target, dtype="Float64" if regression else "String"))
    made = Product.model_validate({"kind": "tabular", "task": task, "target": target, **product})
    Schema(product=made, columns=columns, classes=None if regression else ["no", "yes"]).write(folder)
    write_text(folder / "plan.json", Plan(split_by=["_id"], duplicates="keep").model_dump_json())
    write_json(folder / "cleaning.json", {"prepare": {"missing": ["?"], "trim": True, "types": {}}})
    return folder


def run_line(
    root: Path,
    *,
    preprocess: Path,
    gate: Gate | None = None,
    privacy: Privatize | None = None,
    training: Train = QUICK,
    checked: Path | None = None,
) -> Path:
    """Call privatize to package and return the folder of all stages.

    `checked` holds the raw rows that preprocess cleaned; without it they were clean already.
    """
    from tasks.augment import augment
    from tasks.compress import compress
    from tasks.evaluate import evaluate
    from tasks.package import package
    from tasks.privatize import privatize
    from tasks.train import train

    write_validated(root / "validate", (checked or preprocess) / ("table.parquet" if checked else "test.parquet"))
    privatize(preprocess, root / "privatize", privacy or Privatize())
    augment(root / "privatize", root / "augment", Augment())
    train(root / "augment", root / "privatize", root / "train", training)
    evaluate(root / "train", root / "privatize", preprocess, root / "evaluate", Evaluate(bootstrap_samples=100))
    compress(root / "train", root / "evaluate", root / "privatize", preprocess, root / "compress", Compress())
    stages = [root / stage for stage in ("compress", "evaluate", "train", "privatize")]
    package(*stages, preprocess, root / "validate", root / "package", Package(gate=gate or Gate(), examples=3))
    return root


def write_validated(folder: Path, rows: Path) -> None:
    """Write what validate would: rows of which all are good, and the rules, none."""
    folder.mkdir(parents=True)
    shutil.copyfile(rows, folder / "table.parquet")
    write_json(folder / "rules.json", {"format": 2, "rules": [], "not_served": []})


def accuracy_at_least(floor: float) -> Gate:
    """A gate with one rule of a metric."""
    return Gate(metrics={"accuracy": Limit(min=floor)}, min_agreement_pct=90)


def verdict(root: Path) -> dict:
    """Read what package decided."""
    return read_json(root / "package" / "verdict.json")
