"""Balance and reweigh the training rows: `python -m tasks.augment PRIVATIZE OUT --params ...`.

Copies are made of released rows, after privatize, so they cost no privacy.
"""

import logging
from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.files import whole_folder, write_json
from slipway.judging.groups import groups_of
from slipway.product.augment import BEFORE, FOR_IMAGES, FOR_NUMBERS, FOR_TEXTS, Augment
from slipway.stage import main
from slipway.tables.groups import write_groups
from slipway.tables.reweighing import reweighed
from slipway.tables.schema import Schema, read_schema
from slipway.tables.smote import between_neighbours

logger = logging.getLogger("slipway")


def augment(privatize: Path, out: Path, params: Augment) -> Path:
    """Write train.parquet, balanced and reweighed as asked, and policy.json.

    Where rows are reweighed, before/ holds what would be here without that, and what was done as mitigation.json.

    Raises:
        ParamsError: What is asked for does not suit the rows.
    """
    with whole_folder(out) as folder:
        rows, schema = pl.scan_parquet(privatize / "train.parquet"), read_schema(privatize)
        require_suited(params, schema)
        if params.balance != "none":
            rows = balanced(rows.collect(), schema, params).lazy()
        if params.reweigh is not None:
            before = folder / BEFORE
            before.mkdir()
            write(rows, params, before)
            rows, done = alike(rows.collect(), schema, params.reweigh)
            write_json(before / "mitigation.json", done)
        write(rows, params, folder)
    return out


def write(rows: pl.LazyFrame, params: Augment, folder: Path) -> None:
    """Write what train reads."""
    write_groups(rows, folder / "train.parquet")
    write_json(folder / "policy.json", params.policy.model_dump())


def require_suited(params: Augment, schema: Schema) -> None:
    """Refuse what means nothing for rows of this kind.

    Raises:
        ParamsError: There is such a key.
    """
    kind = schema.product.kind
    allowed = {"images": FOR_IMAGES + FOR_NUMBERS, "tabular": FOR_NUMBERS}.get(kind, FOR_TEXTS)
    if strange := [name for name in params.policy.asked if name not in allowed]:
        names = ", ".join(allowed)
        raise ParamsError(f"augment.policy.{strange[0]} is not for products of kind {kind}: allowed: {names}")
    if params.balance != "none" and schema.classes is None:
        raise ParamsError(
            f"augment.balance: {params.balance} needs classes, and this product is a regression. Set it to none."
        )
    if params.balance != "none" and schema.product.task == "multilabel":
        raise ParamsError(
            f"augment.balance: {params.balance} needs one class for a row, and this product has many labels. "
            "Set it to none."
        )
    if params.reweigh is not None and schema.product.task != "classification":
        raise ParamsError(
            f"augment.reweigh needs one class a row, and product.task is {schema.product.task}. Remove it."
        )
    if params.balance == "smote" and kind != "tabular":
        raise ParamsError(f"augment.balance: smote is for tables, and this product is of kind {kind}. Use oversample.")


def balanced(rows: pl.DataFrame, schema: Schema, params: Augment) -> pl.DataFrame:
    """Add rows of rarer classes, drawn by the product's seed, until all are as frequent as the most frequent.

    A class of one row has no neighbours: smote repeats it.
    """
    groups = rows.partition_by(schema.require_target(), maintain_order=True)
    most = max(group.height for group in groups)
    seed = schema.product.seed
    extra = []
    for number, group in enumerate(groups):
        if not (lacking := most - group.height):
            continue
        if params.balance == "smote" and group.height > 1:
            made = between_neighbours(
                group, schema, count=lacking, neighbours=params.neighbours, seed=seed * 1000 + number
            )
        else:
            made = group.sample(lacking, with_replacement=True, seed=seed)
        extra.append(made)
    return pl.concat([rows, *extra])


def alike(rows: pl.DataFrame, schema: Schema, column: str) -> tuple[pl.LazyFrame, dict[str, Any]]:
    """Make the class independent of the column's groups, and say what was done.

    Raises:
        ParamsError: The released rows do not have the column, or its groups cannot be made alike.
    """
    if column not in rows.columns:
        raise ParamsError(
            f"augment.reweigh: '{column}' is not among the columns that privatize releases: {', '.join(rows.columns)}"
        )
    try:
        groups = groups_of(rows, column)
        taken, done = reweighed(groups, rows[schema.require_target()], seed=schema.product.seed)
    except DataError as error:
        raise ParamsError(f"augment.reweigh: '{column}' is not for it: {error}") from None
    if done["absent"]:
        logger.warning("augment.reweigh: no row has %s: there the class still depends on the group", done["absent"])
    return rows[taken].lazy(), {"name": "reweighing", "column": column, **done}


if __name__ == "__main__":
    main(augment)
