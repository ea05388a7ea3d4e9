"""A part of the rows, drawn with a seed, where all of them would cost too much."""

import numpy as np
import polars as pl

from slipway.tables.schema import ROW_ID

_PLACE = f"{ROW_ID}_place"


def drawn_rows(rows: pl.LazyFrame, most: int | None, seed: int) -> tuple[pl.DataFrame, int]:
    """Read at most so many rows, in their order, and say how many there are; None reads all."""
    total = int(rows.select(pl.len()).collect().item())
    if most is None or total <= most:
        return rows.collect(), total
    places = pl.Series(drawn_places(total, most, seed), dtype=pl.UInt32)
    drawn = rows.with_row_index(_PLACE).filter(pl.col(_PLACE).is_in(places.implode())).drop(_PLACE)
    return drawn.collect(engine="streaming"), total


def drawn_places(total: int, most: int, seed: int) -> np.ndarray:
    """Draw at most so many of the places 0 to total - 1, each once, ascending.

    >>> drawn_places(3, 5, seed=0).tolist()
    [0, 1, 2]
    """
    if total <= most:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
