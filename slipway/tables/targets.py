"""The targets of a table as arrays to learn from."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.errors import DataError
from slipway.tables.labels import labels_of
from slipway.tables.schema import Schema

MISSING_CLASS = -1


def targets(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[Any]:
    """Give the main target: int64 class indices [N], float64 values [N], or of labels float64 0 or 1 [N, labels].

    Raises:
        DataError: a class is not among those of the schema.
    """
    return targets_of(frame, schema, schema.require_target())


def targets_of(frame: pl.DataFrame, schema: Schema, name: str) -> npt.NDArray[Any]:
    """Give a target as `targets` does; of a further one, what is missing is class -1, or NaN.

    Labels are NaN, too, where they are missing, unless that says that a row has none.

    Raises:
        DataError: a class is not among those of the schema.
    """
    column, is_main = frame[name], name == schema.product.target
    classes = schema.classes if is_main else schema.more_targets[name].classes
    if classes is None:
        return column.cast(pl.Float64).to_numpy()
    if schema.targets[name].label_delimiter is not None:
        return _labels(frame, schema, name)
    unknown = sorted(set((column if is_main else column.drop_nulls()).unique().to_list()) - set(classes), key=str)
    if unknown:
        raise DataError(
            f"target '{column.name}' holds {unknown[:5]}, not among the classes {classes[:20]}: "
            f"correct {schema.place_of(name)}.classes, or let validate put these rows into quarantine"
        )
    indices = column.replace_strict(classes, list(range(len(classes))), return_dtype=pl.Int64)
    return indices.fill_null(MISSING_CLASS).to_numpy()


def is_known(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which rows [N] have a target; of targets [N, labels], which have them all."""
    known = ~np.isnan(values) if np.issubdtype(values.dtype, np.floating) else values != MISSING_CLASS
    return known if known.ndim == 1 else known.all(axis=1)


def all_targets(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[np.float32]:
    """Give all targets side by side, the main one first: [N, targets], NaN where missing.

    A class is its index, a number itself, and of labels each has a column of its own.
    """
    columns = [targets_of(frame, schema, name) for name in schema.targets]
    side_by_side = [each if each.ndim == 2 else np.where(is_known(each), each, np.nan)[:, None] for each in columns]
    return np.hstack(side_by_side).astype(np.float32)


def _labels(frame: pl.DataFrame, schema: Schema, name: str) -> npt.NDArray[np.float64]:
    """Give a column for each label: 1 where the row has it, and else 0."""
    target = schema.targets[name]
    classes, delimiter = target.classes, target.label_delimiter
    assert classes is not None and delimiter is not None, "labels are listed, and have a delimiter"
    held = frame.select(labels_of(name, delimiter))
    unknown = sorted(set(held[name].explode().drop_nulls().unique().to_list()) - set(classes))
    if unknown:
        raise DataError(
            f"target '{name}' holds the labels {unknown[:5]}, not among {classes[:20]}: "
            f"correct {schema.place_of(name)}.classes, or let validate put these rows into quarantine"
        )
    filled = held.select(pl.col(name).fill_null([])) if target.missing_labels == "none" else held
    has = filled.select(
        pl.col(name).list.contains(label).cast(pl.Float64).alias(f"{i}") for i, label in enumerate(classes)
    )
    return has.to_numpy().astype(np.float64)
