"""reference.json: a sketch of the training rows, small enough to ship, that later rows are compared with.

A sketch names no row: numbers are counted between quantiles without minimum and maximum, and values of
a category that fewer than five rows hold are counted together.
"""

from typing import Any

import numpy as np
import polars as pl

from slipway.tables.schema import Schema
from slipway.tables.transform import image_array

NUM_BINS = 20
MAX_VALUES = 50
MIN_ROWS = 5


def sketch(frame: pl.DataFrame, schema: Schema) -> dict[str, Any]:
    """Return one entry for each feature of the rows that privatize released, ready for JSON."""
    features: dict[str, Any] = {}
    for name in schema.names("number"):
        features[name] = {"kind": "number", **number_sketch(frame[name])}
    for name in schema.names("category"):
        features[name] = {"kind": "category", **category_sketch(frame[name])}
    for name in schema.names("image"):
        assert schema.image_shape is not None, "ingest writes the shape of images"
        pixels = image_array(frame[name], schema.image_shape)
        brightness = pl.Series(name, pixels.mean(axis=(1, 2, 3)))
        features[name] = {"kind": "image", "measure": "mean brightness", **number_sketch(brightness)}
    return {"rows": frame.height, "features": features}


def number_sketch(values: pl.Series) -> dict[str, Any]:
    """Count numbers between their quantiles: `counts[i]` lie above `edges[i - 1]` and at most at `edges[i]`.

    The first and the last bin are open. Equal quantiles are one edge, so a column of few values has few bins.

    >>> number_sketch(pl.Series([0, 0, 0, 1, None]))
    {'missing_share': 0.2, 'edges': [0.0, 1.0], 'counts': [3, 1, 0]}
    """
    numbers = values.cast(pl.Float64).to_numpy()
    known = numbers[np.isfinite(numbers)]
    inner = np.linspace(0, 1, NUM_BINS + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner, method="inverted_cdf")) if len(known) else np.empty(0)
    counts = np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)
    return {
        "missing_share": round(1 - len(known) / max(len(values), 1), 6),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }


def category_sketch(values: pl.Series) -> dict[str, Any]:
    """Count the most frequent values; `other` counts the rest.

    >>> category_sketch(pl.Series(["a"] * 6 + ["b"]))
    {'missing_share': 0.0, 'counts': {'a': 6}, 'other': 1}
    """
    known = values.cast(pl.String).drop_nulls().alias("value")
    counted = known.value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
    frequent = counted.filter(pl.col("rows") >= MIN_ROWS).head(MAX_VALUES)
    return {
        "missing_share": round(1 - len(known) / max(len(values), 1), 6),
        "counts": dict(zip(frequent["value"].to_list(), frequent["rows"].to_list(), strict=True)),
        "other": len(known) - int(frequent["rows"].sum()),
    }
