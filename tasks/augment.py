"""Balance the training rows: `python -m tasks.augment PRIVATIZE OUT --params ...`.

Copies are made of released rows, after privatize, so they cost no privacy.
"""

from pathlib import Path

import polars as pl

from slipway.errors import ParamsError
from slipway.files import whole_folder, write_json
from slipway.product.augment import Augment
from slipway.stage import main
from slipway.tables.schema import Schema, read_schema


def augment(privatize: Path, out: Path, params: Augment) -> Path:
    """Write train.parquet, balanced as asked, and policy.json."""
    with whole_folder(out) as folder:
        rows = pl.read_parquet(privatize / "train.parquet")
        if params.balance == "oversample":
            rows = oversample(rows, read_schema(privatize))
        rows.write_parquet(folder / "train.parquet")
        write_json(folder / "policy.json", params.policy.model_dump())
    return out


def oversample(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Repeat rows of rarer classes, drawn by the product's seed, until all are as frequent as the most frequent."""
    if schema.classes is None:
        raise ParamsError(
            "augment.balance: oversample needs classes, and this product is a regression. Set it to none."
        )
    groups = rows.partition_by(schema.require_target(), maintain_order=True)
    most = max(group.height for group in groups)
    extra = [
        group.sample(most - group.height, with_replacement=True, seed=schema.product.seed)
        for group in groups
        if group.height < most
    ]
    return pl.concat([rows, *extra])


if __name__ == "__main__":
    main(augment)
