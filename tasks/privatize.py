"""Put privacy between the rows and what follows: `python -m tasks.privatize PREPROCESS OUT --params ...`.

The transform is fitted on what this stage releases, and on nothing else. Plain rows pass as a stream; noise takes all
of them at once. Under a mechanism with noise it can't be repeated: each run is a fresh release, and costs again.
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import ParamsError
from slipway.files import read_json, whole_folder, write_json
from slipway.product.privatize import Privatize
from slipway.product.product import Product
from slipway.stage import main
from slipway.tables.groups import write_groups
from slipway.tables.plan import Plan
from slipway.tables.schema import PART, ROW_ID, Column, Schema, read_schema
from slipway.transform.fitting import fit_transform
from slipway.transform.numbers import fit_bounds, split_outliers

PARTS = ("train", "validation")


def privatize(preprocess: Path, out: Path, params: Privatize) -> Path:
    """Write train, validation and quarantine.parquet; transform, fitting, receipt and schema.json."""
    with whole_folder(out) as folder:
        schema = read_schema(preprocess)
        plan = Plan.model_validate(read_json(preprocess / "plan.json"))
        released = {part: pl.scan_parquet(preprocess / f"{part}.parquet") for part in PARTS}
        receipt = not_private()
        if params.mechanism == "local":
            frames = {part: rows.collect() for part, rows in released.items()}
            require_independent_rows(plan, frames["train"])
            require_no_quarantine(plan, schema)
            noised, schema, receipt = release_locally(frames, schema, params)
            released = {part: rows.lazy() for part, rows in noised.items()}
        bounds = fit_bounds(released["train"], schema, plan)
        good, bad, outliers = split_outliers(released["train"], bounds)
        parted = {"train": good, "validation": released["validation"], "quarantine": bad}
        for name, each in parted.items():
            write_groups(each, folder / f"{name}.parquet")
        written = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in ("train", "quarantine")}
        transform, counts = fit_transform(written["train"], schema, plan, bounds)
        transform.write(folder)
        rows = {name: int(each.select(pl.len()).collect().item()) for name, each in written.items()}
        write_json(folder / "fitting.json", {"rows": rows, "outliers": outliers, **asdict(counts)})
        write_json(folder / "receipt.json", receipt)
        schema.write(folder)
    return out


def require_independent_rows(plan: Plan, rows: pl.DataFrame) -> None:
    """Refuse rows whose part, or whose presence, tells what they or others hold.

    The part of a row leaves in the clear. Where a hash of its content decided it, with a key that stands
    in params.yaml, a released row is known to be one of those whose hash falls into that part.

    Raises:
        ParamsError: preprocess dealt the rows out by their content, or dropped copies.
    """
    if PART not in rows.columns and plan.split_by != [ROW_ID]:
        raise ParamsError(
            "preprocess.split.by must be [_id] under the local mechanism: a part that a row's content decides "
            "tells about the content"
        )
    if plan.duplicates == "drop":
        raise ParamsError(
            "preprocess.duplicates must be keep under the local mechanism: a row that is missing tells that "
            "another one is equal to it"
        )


def require_no_quarantine(plan: Plan, schema: Schema) -> None:
    """Refuse to take rows out by bounds that other rows decide: one row would change what others release.

    Raises:
        ParamsError: a column of numbers sends outliers to quarantine.
    """
    for name in schema.names("number"):
        outliers = plan.numbers_of(name).outliers
        if outliers is not None and outliers.action == "quarantine":
            raise ParamsError(
                f"outliers of '{name}' cannot go to quarantine under the local mechanism: bounds fitted on rows would "
                "tell which rows lie beyond them. Use action: clip or null, or preprocess.bounds with public ends."
            )


def release_locally(
    frames: dict[str, pl.DataFrame], schema: Schema, params: Privatize
) -> tuple[dict[str, pl.DataFrame], Schema, dict[str, Any]]:
    """Noise all parts at once and say what it cost, and what it does not promise.

    The receipt's epsilon is that of this release. The whole pipeline has none as long as steps before and
    after it read plain rows outside a mechanism; the receipt names them.
    """
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
        "covers": f"every feature and {'all targets' if schema.more_targets else 'the target'} of the training and "
        "validation rows",
        "epsilon_of_the_pipeline": None,
        "does_not_cover": [
            "the source's hash, how many rows and broken lines it holds, and these lines (ingest reads plain rows)",
            "which rows are good, what validation.json counts, and the values that it quotes (validate reads plain "
            "rows)",
            "which rows have a target and what is required, lie within preprocess.bounds and keep the clean suite, "
            "what cleaning.json and anonymity.json count, and the values that checks.json quotes (preprocess reads "
            "plain rows)",
            "the metrics on test (evaluate and compress read plain rows)",
            *(["the classes, found in the source by ingest"] if has_found_classes(schema.product) else []),
        ],
        "remains_for_train": "nothing to pay: training on released rows is post-processing",
        "repeats": "each run of this stage is one more release, and its epsilon adds up",
    }
    return released, schema.model_copy(update={"columns": columns}), receipt


def has_found_classes(product: Product) -> bool:
    """Say whether the classes of a target were not stated."""
    stated = [product.classes, *(each.classes for each in product.more_targets.values() if each.task != "regression")]
    return None in stated


def not_private() -> dict[str, Any]:
    """Say plainly that nothing is protected."""
    return {"mechanism": "none", "private": False, "epsilon": None, "delta": None, "covers": "nothing: not private"}


if __name__ == "__main__":
    main(privatize)
