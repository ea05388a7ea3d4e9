"""Balance the training rows: `python -m tasks.augment PRIVATIZE OUT --params ...`.

Copies are made of released rows, after privatize, so they cost no privacy.
"""

from pathlib import Path

import polars as pl

from slipway.errors import ParamsError
from slipway.files import whole_folder, write_json
from slipway.product.augment import FOR_IMAGES, FOR_NUMBERS, FOR_TEXTS, Augment
from slipway.stage import main
from slipway.tables.groups import write_groups
from slipway.tables.schema import Schema, read_schema
from slipway.tables.smote import between_neighbours


def augment(privatize: Path, out: Path, params: Augment) -> Path:
    """Write train.parquet, balanced as asked, and policy.json.

    Raises:
        ParamsError: What is asked for does not suit the rows.
    """
    with whole_folder(out) as folder:
        rows, schema = pl.scan_parquet(privatize / "train.parquet"), read_schema(privatize)
        require_suited(params, schema)
        if params.balance != "none":
            rows = balanced(rows.collect(), schema, params).lazy()
        write_groups(rows, folder / "train.parquet")
        write_json(folder / "policy.json", params.policy.model_dump())
    return out


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


if __name__ == "__main__":
    main(augment)
