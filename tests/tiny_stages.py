"""What privatize and augment leave of a tiny product: two numbers that tell two classes apart, or images that do."""

from pathlib import Path

import numpy as np
import polars as pl

from slipway.files import write_json, write_text
from slipway.product.product import Product
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema
from slipway.transform.fitting import fit_transform


def write_stages(data: Path, *, images: bool = False, num_rows: int = 96) -> Path:
    """Write data/augment and data/privatize."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(num_rows, 2))
    target = np.where(x[:, 0] + x[:, 1] > 0, "yes", "no")
    columns = {"a": x[:, 0], "b": x[:, 1]}
    names = [Column(name="a", dtype="Float64"), Column(name="b", dtype="Float64")]
    if images:
        pixels = np.clip(128 + 60 * x[:, :1] + rng.normal(scale=9, size=(num_rows, 16)), 0, 255).astype(np.uint8)
        columns, names = {"image": [row.tobytes() for row in pixels]}, [Column(name="image", dtype="Binary")]
    rows = pl.DataFrame({"_id": range(num_rows), **columns, "target": target})
    train, validation = rows[: num_rows * 2 // 3], rows[num_rows * 2 // 3 :]
    schema = Schema(
        product=Product(kind="images" if images else "tabular", target="target", seed=3),
        columns=[*names, Column(name="target", dtype="String")],
        classes=["no", "yes"],
        image_shape=(4, 4, 1) if images else None,
    )
    for stage in ("augment", "privatize"):
        (data / stage).mkdir(parents=True)
    train.write_parquet(data / "augment" / "train.parquet")
    write_json(data / "augment" / "policy.json", {})
    validation.write_parquet(data / "privatize" / "validation.parquet")
    transform, _ = fit_transform(train, schema, Plan())
    write_text(data / "privatize" / "transform.json", transform.model_dump_json())
    schema.write(data / "privatize")
    return data
