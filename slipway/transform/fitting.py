"""Fit the plan on the training rows that privatize releases: column by column, so that a table may exceed memory.

A column of numbers is held whole, because medians and quantiles are exact; others are counted as they pass.
"""

from typing import Any

import polars as pl

from slipway.errors import DataError
from slipway.tables.plan import Plan
from slipway.tables.schema import Schema
from slipway.transform.applying import plain_number
from slipway.transform.categories import fit_category
from slipway.transform.columns import Counts, column
from slipway.transform.fitted import Bounds, Transform
from slipway.transform.numbers import fit_number
from slipway.transform.pixels import fit_pixels
from slipway.transform.texts import fit_text
from slipway.transform.vocabularies import fit_tokens


def fit_transform(
    train: pl.DataFrame | pl.LazyFrame, schema: Schema, plan: Plan, bounds: dict[str, Bounds] | None = None
) -> tuple[Transform, Counts]:
    """Fit the plan on the released training rows.

    Args:
        train: the rows.
        schema: which columns are features, and of which kind.
        plan: the steps.
        bounds: what `fit_bounds` found, before rows beyond them went to quarantine.

    Raises:
        DataError: there is no feature, a column has no value, or an image stands beside other features.
    """
    rows, counts = train.lazy(), Counts()
    if images := schema.names("image"):
        _require_alone(images, schema)
        return Transform(image=fit_pixels(rows, images[0], schema, plan.image)), counts
    if schema.product.kind == "texts":
        (name,) = schema.names("text")  # preprocess refuses others
        return Transform(tokens=fit_tokens(rows, name, plan.tokens, counts)), counts
    limits = bounds or {}
    numbers = {
        name: fit_number(column(rows, plain_number(name)), plan.numbers_of(name), limits.get(name), counts)
        for name in schema.names("number")
    }
    categories = {name: fit_category(rows, name, plan.categories_of(name), counts) for name in schema.names("category")}
    texts = {name: fit_text(rows, name, plan.texts_of(name), counts) for name in schema.names("text")}
    columns: dict[str, Any] = {**numbers, **categories, **texts}
    constant = [name for name, step in columns.items() if step is None]
    if len(constant) == len(columns):
        held = f"each of {constant} holds one value alone in the training rows" if constant else ""
        why = held or "all are target, identifiers or ignored in product"
        raise DataError(f"no column is left to learn from: {why}")
    return Transform(
        numbers=[step for step in numbers.values() if step is not None],
        categories=[step for step in categories.values() if step is not None],
        texts=[step for step in texts.values() if step is not None],
        constant=constant,
    ), counts


def _require_alone(images: list[str], schema: Schema) -> None:
    names = [*images, *(name for kind in ("number", "category", "text") for name in schema.names(kind))]
    if len(names) > 1:
        raise DataError(
            f"an image is learned from alone, but there are {names}: add all columns but one image to product.ignore"
        )
