"""Describe a table just read: check that it holds what its product names, and find its classes."""

import difflib

import polars as pl

from slipway.errors import DataError
from slipway.product.missing import MISSING
from slipway.product.product import Product, Target
from slipway.tables.labels import label, labels_of, order_classes
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
    more = {
        name: target.model_copy(update={"classes": _classes(table, name, target, f"product.more_targets.{name}")})
        for name, target in product.more_targets.items()
    }
    return Schema(
        product=product,
        columns=columns,
        classes=_classes(table, product.target, product.main_target, "product") if product.target is not None else None,
        more_targets=more,
        image_shape=image_shape,
    )


def require_columns(product: Product, names: list[str]) -> None:
    """Check that every column that the product names is there; an error lists the near ones."""
    roles = {
        "product.target": [product.target] if product.target else [],
        "product.more_targets": list(product.more_targets),
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


def _classes(table: pl.LazyFrame, name: str, target: Target, where: str) -> list[str] | None:
    """Return the stated classes of a target, or those found, sorted.

    A stated list is not compared row by row: a stray label is for validate to quarantine and for
    preprocess to refuse. What is refused here is a list that fits no row at all.
    """
    if target.task == "regression":
        _require_any(table, name, where)
        return None
    dtype = table.collect_schema()[name]
    if dtype.is_nested() or dtype == pl.Binary:
        role = where if where != "product" else "product.target"
        raise DataError(f"{role}: column '{name}' is of type {dtype}, which holds no classes: name another one")
    if target.label_delimiter is not None:
        if dtype != pl.String:
            raise DataError(f"{where}: column '{name}' is of type {dtype}, and labels with a delimiter are a text")
        each = labels_of(name, target.label_delimiter).explode()
    else:
        each = label(name, dtype).str.strip_chars()
    labels = table.select(each).unique().collect(engine="streaming")
    found = set(labels.to_series().drop_nulls()) - set(MISSING)
    if target.classes is not None:
        if found.isdisjoint(target.classes):
            raise DataError(
                f"{where}.classes are {target.classes}, but column '{name}' holds "
                f"{order_classes(found)[:10]}: correct one of them, none is in common"
            )
        return target.classes
    if len(found) > MAX_CLASSES:
        raise DataError(
            f"column '{name}' has {len(found):,} different values, too many for classes "
            f"({MAX_CLASSES:,} at most): set {where}.task: regression, or name another target"
        )
    if len(found) < 2:
        held = f"has the one class {sorted(found)}" if found else "is missing in every row"
        raise DataError(f"column '{name}' {held}: there is nothing to tell apart")
    return order_classes(found)


def _require_any(table: pl.LazyFrame, name: str, where: str) -> None:
    if table.select(pl.col(name).count()).collect(engine="streaming").item() == 0:
        raise DataError(f"{where}: column '{name}' is missing in every row: there is nothing to learn about it")
