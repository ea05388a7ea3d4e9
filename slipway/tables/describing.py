"""Describe a table just read: check that it holds what its product names, and find its classes."""

import difflib

import polars as pl

from slipway.errors import DataError
from slipway.product.missing import MISSING
from slipway.product.product import Product
from slipway.tables.labels import label, order_classes
from slipway.tables.schema import RESERVED, Column, Schema

MAX_CLASSES = 1000


def describe(table: pl.LazyFrame, product: Product, image_shape: tuple[int, int, int] | None) -> Schema:
    """Return the schema of a table that has `_id` and maybe `_split`.

    Raises:
        DataError: The table has no rows, lacks a column that the product names, or its classes are not usable.
    """
    dtypes = {name: dtype for name, dtype in table.collect_schema().items() if name not in RESERVED}
    require_columns(product, list(dtypes))
    if table.select(pl.len()).collect(engine="streaming").item() == 0:
        raise DataError("the source has no rows: nothing can be built on it")
    if product.kind == "images" and (image_shape is None or dtypes.get("image") != pl.Binary):
        raise DataError(
            "product.kind is images, but the source does not say what shape its images have: "
            "give {images}, {idx, labels} or `sklearn:digits` as ingest.source, or set kind: tabular"
        )
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in dtypes.items()]
    return Schema(product=product, columns=columns, classes=_classes(table, product), image_shape=image_shape)


def require_columns(product: Product, names: list[str]) -> None:
    """Check that every column that the product names is there; an error lists the near ones."""
    roles = {
        "product.target": [product.target] if product.target else [],
        "product.identifiers": product.identifiers,
        "product.ignore": product.ignore,
        "product.sensitive": product.sensitive,
        "product.private_unit": [] if product.private_unit == "row" else [product.private_unit],
    }
    for role, wanted in roles.items():
        for name in wanted:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=3)
                hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(names[:20])}."
                raise DataError(f"{role}: the source has no column '{name}'; {hint} Correct {role} in params.yaml.")


def _classes(table: pl.LazyFrame, product: Product) -> list[str] | None:
    """Return the stated classes, or those found, sorted.

    A stated list is not compared row by row: a stray label is for validate to quarantine and for
    preprocess to refuse. What is refused here is a list that fits no row at all.
    """
    if product.target is None or product.task == "regression":
        return None
    dtype = table.collect_schema()[product.target]
    if dtype.is_nested() or dtype == pl.Binary:
        raise DataError(
            f"product.target: column '{product.target}' is of type {dtype}, which holds no classes: name another one"
        )
    labels = table.select(label(product.target, dtype).str.strip_chars()).unique().collect(engine="streaming")
    found = set(labels.to_series().drop_nulls()) - set(MISSING)
    if product.classes is not None:
        if found.isdisjoint(product.classes):
            raise DataError(
                f"product.classes are {product.classes}, but column '{product.target}' holds "
                f"{order_classes(found)[:10]}: correct one of them, none is in common"
            )
        return product.classes
    if len(found) > MAX_CLASSES:
        raise DataError(
            f"column '{product.target}' has {len(found):,} different values, too many for classes "
            f"({MAX_CLASSES:,} at most): set product.task: regression, or name another target"
        )
    if len(found) < 2:
        raise DataError(f"column '{product.target}' has the one class {sorted(found)}: there is nothing to tell apart")
    return order_classes(found)
