"""reference.json: a sketch of the training rows, small enough to ship, that later rows are compared with.

A sketch holds counts, not rows. Numbers are counted between quantiles, without minimum and maximum, that are
rounded to three digits of themselves or of what they span. Values of a category that fewer than five rows hold are
counted together and not named.

It promises no more than that. A value of few digits, such as an age in years, is left as it is by rounding, so
an edge may be somebody's value; and counts are exact, not noised. Only a mechanism in privatize protects a row.
"""

import sys
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import polars as pl

from slipway.tables.images import image_array
from slipway.tables.schema import Schema
from slipway.transform.applying import words_of

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
    for name in schema.names("text"):
        num_words = pl.when(pl.col(name).is_not_null()).then(words_of(name).str.count_matches("[^ ]+"))
        lengths = number_sketch(frame.select(num_words.alias(name)).to_series())
        features[name] = {"kind": "text", "measure": "number of words", **lengths}
    for name in schema.names("image"):
        assert schema.image_shape is not None, "ingest writes the shape of images"
        pixels = image_array(frame[name], schema.image_shape)
        brightness = pl.Series(name, pixels.mean(axis=(1, 2, 3)))
        features[name] = {"kind": "image", "measure": "mean brightness", **number_sketch(brightness)}
    return {"rows": frame.height, "features": features}


def number_sketch(values: pl.Series) -> dict[str, Any]:
    """Count numbers between their quantiles: `counts[i]` lie above `edges[i - 1]` and at most at `edges[i]`.

    The first and the last bin are open. Edges are rounded quantiles; equal ones are one edge, so a column of
    few values has few bins.

    >>> number_sketch(pl.Series([0, 0, 0, 1, None]))
    {'missing_share': 0.2, 'edges': [0.0, 1.0], 'counts': [3, 1, 0]}
    """
    numbers = values.cast(pl.Float64).to_numpy()
    known = numbers[np.isfinite(numbers)]
    inner = np.linspace(0, 1, NUM_BINS + 1)[1:-1]
    edges = _round_edges(np.quantile(known, inner, method="inverted_cdf").tolist()) if len(known) else []
    counts = np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)
    return {
        "missing_share": round(1 - len(known) / max(len(values), 1), 6),
        "edges": edges,
        "counts": counts.tolist(),
    }


def round_outwards(low: float, high: float) -> tuple[float, float]:
    """Return a range around another one, its ends rounded to three digits of what it spans.

    An end of few digits stays: an integer is still one, and an age in years is published as it is.

    >>> round_outwards(6.981, 28.11), round_outwards(17, 90), round_outwards(1002, 87654)
    ((6.9, 28.2), (17.0, 90.0), (1000.0, 87700.0))
    """
    unit = _unit(low, high)
    return _round(low, unit, ROUND_FLOOR), _round(high, unit, ROUND_CEILING)


def _round_edges(edges: list[float]) -> list[float]:
    """Keep three digits of each edge, or of all that they span where this is finer: incomes, and years."""
    span = _unit(edges[0], edges[-1])
    return sorted({_round(edge, min(span, _unit(edge, edge)), ROUND_HALF_EVEN) for edge in edges})


def _unit(low: float, high: float) -> Decimal:
    """Return the third digit's worth of the span, or of its one value: a hundredth of it, or less."""
    span = Decimal(high) - Decimal(low) or Decimal(high)
    return Decimal(1).scaleb(span.adjusted() - 2)


def _round(value: float, unit: Decimal, rounding: str) -> float:
    """Round in decimal, where 28.2 is not 28.200000000000003 and no float is too large or too small."""
    rounded = float(Decimal(value).quantize(unit, rounding)) + 0.0  # no -0.0
    return min(max(rounded, -sys.float_info.max), sys.float_info.max)


def category_sketch(values: pl.Series) -> dict[str, Any]:
    """Count the most frequent values, each of five rows or more; `other` counts the rest without their names.

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
