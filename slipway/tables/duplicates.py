"""Find rows that are there more than once without holding the rows: by their hashes, eight bytes a row.

Two rows are one where two keyed hashes, 128 bits together, are equal: among 50 million rows two different ones are
taken for equal with a probability below 1e-23. The second hash is computed for rows alone whose first one is shared.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.tables.hashing import row_hash

Positions = npt.NDArray[np.int64]
SECOND = 0x5E_C0_2D


def shared(hashes: pl.Series) -> Positions:
    """Return the positions of the rows whose hash others have, too; null is no hash."""
    known = np.sort(hashes.drop_nulls().to_numpy())
    twice = np.unique(known[1:][known[1:] == known[:-1]])
    del known
    if not len(twice):
        return np.empty(0, np.int64)
    return np.flatnonzero(hashes.is_in(pl.Series(twice).implode()).fill_null(False).to_numpy())


def surplus(
    rows: pl.LazyFrame,
    hashes: pl.Series,
    dtypes: Mapping[str, pl.DataType],
    *,
    keep: Literal["first", "last", "none"],
    seed: int,
) -> Positions:
    """Return the positions, rising, of the rows that are one too many.

    Args:
        rows: All rows, with their positions as `row`.
        hashes: Their first hash over the columns that are compared; null for a row that is not.
        dtypes: The columns that are compared.
        keep: Which one of equal rows stays.
        seed: The key of the first hash.
    """
    candidates = shared(hashes)
    if not len(candidates):
        return candidates
    mask = np.zeros(len(hashes), bool)
    mask[candidates] = True
    second = rows.filter(at(mask)).select("row", row_hash(dtypes, seed=seed ^ SECOND).alias("second"))
    found = second.collect(engine="streaming").with_columns(hashes.gather(candidates).alias("first"))
    staying = found.select(pl.struct("first", "second")).to_series()
    is_one = {"first": staying.is_first_distinct, "last": staying.is_last_distinct, "none": staying.is_unique}[keep]()
    return candidates[~is_one.to_numpy()]


def at(mask: npt.NDArray[np.bool_]) -> pl.Expr:
    """Return the expression that is true for the rows at whose `row` the mask is."""
    return looked_up(mask, pl.Boolean())


def looked_up(values: npt.NDArray[Any], dtype: pl.DataType) -> pl.Expr:
    """Return the expression of the value that stands at a row's position, its `row`."""

    def look_up(places: pl.Series) -> pl.Series:
        return pl.Series(values[places.to_numpy()])

    return pl.col("row").map_batches(look_up, return_dtype=dtype, is_elementwise=True)
