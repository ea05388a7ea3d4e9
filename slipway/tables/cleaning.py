"""Declared cleaning as lazy expressions: nothing here is learned from the rows.

A value is trimmed, missing markers become null, and declared types are coerced, in this order; a server
repeats the same on one record (`prepare` in cleaning.json, slipway/bundle/prepare.py).
"""

import difflib
from collections.abc import Mapping
from typing import Any

import polars as pl

from slipway.errors import ParamsError
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.labels import label
from slipway.tables.schema import RESERVED, Column, Schema

# polars itself would also take "inf" and "nan", which are no measurements.
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def clean(rows: pl.LazyFrame, schema: Schema, params: Preprocess) -> pl.LazyFrame:
    """Return the rows with clean values, in their types and missing as null; no row or column is dropped.

    Raises:
        ParamsError: preprocess.types names a column that is no feature, or preprocess.missing a class.
    """
    types = effective_types(schema, params)
    dtypes = rows.collect_schema()
    _require_classes(dtypes, schema, params)
    columns = [name for name in dtypes.names() if name not in RESERVED]
    return rows.with_columns(_clean(name, dtypes[name], types.get(name), params) for name in columns)


def effective_types(schema: Schema, params: Preprocess) -> dict[str, str]:
    """Return the declared types and the target's: a label for a classification, a number for a regression.

    Raises:
        ParamsError: preprocess.types names a column that is no feature.
    """
    features = [column.name for column in schema.features if column.dtype != "Binary"]
    for name in params.types:
        if name not in features:
            near = difflib.get_close_matches(name, features, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(features)}."
            raise ParamsError(f"preprocess.types: '{name}' is no feature of numbers or texts; {hint}")
    target, task = schema.product.target, schema.product.task
    own = {target: "category" if task == "classification" else "number"} if target else {}
    return {**params.types, **own}


def _require_classes(dtypes: pl.Schema, schema: Schema, params: Preprocess) -> None:
    """Refuse a class that cleaning would turn into a missing value: all of its rows would be dropped."""
    marked = [name for name in schema.classes or [] if name in params.missing]
    if marked and dtypes[schema.require_target()] == pl.String:
        raise ParamsError(
            f"preprocess.missing holds {marked}, which are classes: "
            "state product.classes without them, or remove them from preprocess.missing"
        )


def _clean(name: str, dtype: pl.DataType, wanted: str | None, params: Preprocess) -> pl.Expr:
    if dtype == pl.String:
        text = _present_text(name, params)
        return _finite(_number(text)).alias(name) if wanted == "number" else text
    column = pl.col(name)
    if wanted == "category":
        return label(name, dtype)
    if wanted == "number":
        return _finite(column.cast(pl.Float64, strict=False))
    return _finite(column) if dtype.is_float() else column


def _trimmed(name: str, params: Preprocess) -> pl.Expr:
    return pl.col(name).str.strip_chars() if params.trim else pl.col(name)


def _present_text(name: str, params: Preprocess) -> pl.Expr:
    """Return the trimmed text, null where it means a missing value."""
    text = _trimmed(name, params)
    return pl.when(~text.is_in(params.missing)).then(text).alias(name)


def _number(text: pl.Expr) -> pl.Expr:
    """Return the number that a text holds, null where it holds none."""
    return pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64, strict=False)


def _finite(number: pl.Expr) -> pl.Expr:
    """Return the number, null where it is NaN or infinite: neither was measured."""
    return pl.when(number.is_finite()).then(number)


def count_changes(rows: pl.LazyFrame, schema: Schema, params: Preprocess) -> dict[str, dict[str, int]]:
    """Count for each rule and column the values that cleaning changes; columns without a change are left out.

    The rules: `trimmed`; `missing` (a marker became null); `no_number` (a text or a non-finite value
    where a number was declared or expected became null).
    """
    types = effective_types(schema, params)
    counts: dict[str, dict[str, pl.Expr]] = {"trimmed": {}, "missing": {}, "no_number": {}}
    for name, dtype in rows.collect_schema().items():
        if name in RESERVED:
            continue
        cleaned = _clean(name, dtype, types.get(name), params)
        if dtype == pl.String:
            present = _present_text(name, params)
            counts["trimmed"][name] = _trimmed(name, params) != pl.col(name)
            counts["missing"][name] = pl.col(name).is_not_null() & present.is_null()
            if types.get(name) == "number":
                counts["no_number"][name] = present.is_not_null() & cleaned.is_null()
        elif dtype.is_float():
            counts["no_number"][name] = pl.col(name).is_not_null() & cleaned.is_null()
    flat = {f"{rule}\n{name}": changed for rule, columns in counts.items() for name, changed in columns.items()}
    if not flat:
        return {rule: {} for rule in counts}
    sums = (
        rows.select(changed.sum().alias(key) for key, changed in flat.items())
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return {
        rule: {name: sums[f"{rule}\n{name}"] for name in columns if sums[f"{rule}\n{name}"]}
        for rule, columns in counts.items()
    }


def numbers_as_texts(rows: pl.LazyFrame, schema: Schema, params: Preprocess) -> list[str]:
    """Return the features of texts that hold numbers alone and are not declared.

    Either they are codes, or white space or a missing marker hid that they are numbers.
    """
    names = [column.name for column in schema.features if column.dtype == "String" and column.name not in params.types]
    if not names:
        return []
    texts = {name: _present_text(name, params) for name in names}
    are_numbers = [text.str.contains(NUMBER).all() & text.is_not_null().any() for text in texts.values()]
    return [
        name
        for name, is_number in rows.select(are_numbers).collect(engine="streaming").row(0, named=True).items()
        if is_number
    ]


def dropped_columns(product: Product, names: list[str]) -> list[str]:
    """Return the columns that leave: identifiers, and ignored ones by which fairness is not judged."""
    ignored = [name for name in product.ignore if name not in product.sensitive]
    return [name for name in names if name in (*product.identifiers, *ignored)]


def cleaned_schema(schema: Schema, dtypes: Mapping[str, pl.DataType]) -> Schema:
    """Return the schema of the cleaned columns."""
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in dtypes.items() if name not in RESERVED]
    return schema.model_copy(update={"columns": columns})


def prepare(schema: Schema, params: Preprocess) -> dict[str, Any]:
    """Return the part of the cleaning that a server repeats on one record."""
    kept = {column.name for column in schema.features}
    types = {name: kind for name, kind in params.types.items() if name in kept}
    return {"missing": params.missing, "trim": params.trim, "types": types}
