"""Rows between neighbours: SMOTE (Chawla et al. 2002). Neighbours are near in their numbers.

Of categories SMOTE-NC takes the majority of the neighbours; here one of the two rows' own, so that rare ones stay.
"""

import numpy as np
import polars as pl

from slipway.tables.schema import Schema


def between_neighbours(rows: pl.DataFrame, schema: Schema, *, count: int, neighbours: int, seed: int) -> pl.DataFrame:
    """Make rows of one class: each starts at a row and goes part of the way to one of its nearest neighbours.

    Numbers lie between those of the two, whole ones rounded; what is missing in either stays as in the first. Of
    categories and texts the row takes the first's or the other's, each with probability one half. `_id` and
    what else is no feature are the first's.

    Args:
        rows: Of one class, two or more.
        schema: Says which columns are features.
        count: How many rows.
        neighbours: From how many nearest rows the other one is drawn.
        seed: Decides all of it.
    """
    from sklearn.neighbors import NearestNeighbors

    draw = np.random.default_rng(seed)
    numbers, others = schema.names("number"), [*schema.names("category"), *schema.names("text")]
    places = _places(rows, numbers)
    near = NearestNeighbors(n_neighbors=min(neighbours, rows.height - 1) + 1).fit(places)
    first = draw.integers(0, rows.height, count)
    nearest = near.kneighbors(places, return_distance=False)
    other = nearest[first, draw.integers(1, nearest.shape[1], count)]
    share = pl.Series(draw.random(count))
    made = rows[first].with_columns(
        _between(rows[name][first], rows[name][other], share).alias(name) for name in numbers
    )
    taken = [pl.Series(draw.random(count) < 0.5) for _ in others]
    return made.with_columns(
        made[name].zip_with(is_firsts, rows[name][other]).alias(name)
        for name, is_firsts in zip(others, taken, strict=True)
    )


def _places(rows: pl.DataFrame, numbers: list[str]) -> np.ndarray:
    """Return the numbers [N, F] in units of their spread, the mean where one is missing; without any, all are alike."""
    if not numbers:
        return np.zeros((rows.height, 1))
    columns = rows.select(pl.col(numbers).cast(pl.Float64).fill_nan(None))
    filled = columns.select(pl.all().fill_null(pl.all().mean()).fill_null(0.0)).to_numpy()
    spread = filled.std(axis=0)
    return (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _between(first: pl.Series, other: pl.Series, share: pl.Series) -> pl.Series:
    start = first.cast(pl.Float64)
    made = start + (other.cast(pl.Float64) - start).fill_null(0.0).fill_nan(0.0) * share
    if first.dtype.is_integer():
        return made.round().cast(first.dtype)
    return made > 0.5 if first.dtype == pl.Boolean else made.cast(first.dtype)
