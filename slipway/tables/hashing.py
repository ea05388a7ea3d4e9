"""A keyed 64-bit hash of a row's content: the same on every machine, with every version of polars.

polars' own hash promises neither. Texts and bytes go through XXH3, numbers through their 64 bits; the values of a
row are then chained, in the order of the columns' names, by multiplications and shifts (as in MurmurHash3). It is no
cryptographic hash: who knows the key can look for rows that collide.
"""

import random
from collections.abc import Mapping
from functools import partial

import numpy as np
import polars as pl
import polars_hash  # registers the namespace `nchash`

assert polars_hash.__version__

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
FINISHERS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))


def row_hash(dtypes: Mapping[str, pl.DataType], *, seed: int) -> pl.Expr:
    """Return the expression of the rows' hash (UInt64) over these columns.

    The columns' order does not matter, nor whether a whole number stands in a column of integers or floats.

    Args:
        dtypes: The columns and their types.
        seed: The key.
    """
    names = sorted(dtypes)
    words = pl.struct(_bits(name, dtypes[name], seed).alias(str(place)) for place, name in enumerate(names))
    return words.map_batches(partial(_chain, seed=seed), return_dtype=pl.UInt64, is_elementwise=True)


def _chain(rows: pl.Series, *, seed: int) -> pl.Series:
    """Chain the words of each row. In NumPy: an expression that needs a value twice doubles with each column."""
    keys = random.Random(seed)
    start, null = keys.getrandbits(64), keys.getrandbits(64)
    chained = np.full(len(rows), start, np.uint64)
    for column in rows.struct.fields:
        chained ^= rows.struct.field(column).fill_null(null).to_numpy()
        chained *= MULTIPLIER
        chained ^= chained >> np.uint64(32)
    for multiplier in FINISHERS:
        chained ^= chained >> np.uint64(33)
        chained *= multiplier
    return pl.Series(chained ^ (chained >> np.uint64(33)))


def _bits(name: str, dtype: pl.DataType, seed: int) -> pl.Expr:
    """Return 64 bits that tell the values of a column apart; null stays null."""
    column = pl.col(name)
    if dtype.is_float():
        number = column.cast(pl.Float64).fill_nan(None)
        whole = (number == number.floor()) & (number.abs() < 2**53)
        integer = number.cast(pl.Int64, strict=False).reinterpret(dtype=pl.UInt64)
        return pl.when(whole).then(integer).otherwise(number.reinterpret(dtype=pl.UInt64))
    if dtype == pl.UInt64:
        return column
    if dtype.is_integer() or dtype == pl.Boolean or dtype.is_temporal():
        return column.to_physical().cast(pl.Int64).reinterpret(dtype=pl.UInt64)
    if dtype in (pl.String, pl.Binary):
        return column.nchash.xxh3_64(seed=seed)  # type: ignore[attr-defined] # registered by polars_hash
    if dtype.is_nested():
        return column.hash(seed)  # never a feature, and of no use but to find copies
    return column.cast(pl.String).nchash.xxh3_64(seed=seed)  # type: ignore[attr-defined]
