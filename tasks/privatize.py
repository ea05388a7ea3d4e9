"""Put privacy between the rows and what follows: `python -m tasks.privatize PREPROCESS OUT --params ...`.

The transform is fitted on what this stage releases, and on nothing else. Under a mechanism with noise it can't be
repeated: each run is a fresh release, and costs again.
"""

import math
from pathlib import Path
from typing import Any

import polars as pl

from slipway.files import read_json, whole_folder, write_json
from slipway.product.privatize import Privatize
from slipway.stage import main
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema, read_schema
from slipway.tables.transform import fit_transform

PARTS = ("train", "validation")


def privatize(preprocess: Path, out: Path, params: Privatize) -> Path:
    """Write train.parquet and validation.parquet as released, transform.json, receipt.json, schema.json."""
    with whole_folder(out) as folder:
        schema = read_schema(preprocess)
        plan = Plan.model_validate(read_json(preprocess / "plan.json"))
        frames = {part: pl.read_parquet(preprocess / f"{part}.parquet") for part in PARTS}
        if params.mechanism == "local":
            released, schema, receipt = release_locally(frames, schema, params)
        else:
            released, receipt = frames, not_private()
        for part, frame in released.items():
            frame.write_parquet(folder / f"{part}.parquet")
        fit_transform(released["train"], schema, plan).write(folder)
        write_json(folder / "receipt.json", receipt)
        schema.write(folder)
    return out


def release_locally(
    frames: dict[str, pl.DataFrame], schema: Schema, params: Privatize
) -> tuple[dict[str, pl.DataFrame], Schema, dict[str, Any]]:
    """Noise all parts at once and say what it cost."""
    from slipway.privacy.local import noise_table

    noised, spent = noise_table(pl.concat(frames.values()), schema, params)
    ends = frames["train"].height
    released = {"train": noised.head(ends), "validation": noised.tail(noised.height - ends)}
    columns = [
        Column(name=c.name, dtype=str(noised.schema[c.name])) for c in schema.columns if c.name in noised.columns
    ]
    receipt = {
        "mechanism": "local",
        "private": True,
        "unit": "row",
        "relation": "replace-one: any two values of one record",
        "epsilon": math.fsum(one.epsilon for one in spent.values()),
        "delta": 0.0,
        "columns": {name: vars(one) for name, one in spent.items()},
        "covers": "every feature and the target of the training and validation rows",
        "does_not_cover": [
            "the test rows: metrics on them are figures of plain rows",
            "how many rows there are, and what validation.json and cleaning.json count",
            "which part a row fell into, decided by a keyed hash of its content",
        ],
        "remains_for_train": "nothing to pay: training on released rows is post-processing",
        "repeats": "each run of this stage is one more release, and its epsilon adds up",
    }
    return released, schema.model_copy(update={"columns": columns}), receipt


def not_private() -> dict[str, Any]:
    """Say plainly that nothing is protected."""
    return {"mechanism": "none", "private": False, "epsilon": None, "delta": None, "covers": "nothing: not private"}


if __name__ == "__main__":
    main(privatize)
