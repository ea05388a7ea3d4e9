"""Deal rows out to train, validation and test by a keyed hash of their content.

A shuffled split moves rows between the parts whenever the data grows, and may put two equal rows on
both sides. A hash of the content does neither: a row's part depends on the row and the key alone.
"""

from collections.abc import Sequence
from hashlib import blake2b

import polars as pl

from slipway.errors import DataError
from slipway.tables.labels import label
from slipway.tables.schema import PART, PARTS

UNIT = "\x1f"
NULL = "\x00"


def with_part(rows: pl.DataFrame, *, by: Sequence[str], seed: int, validation: float, test: float) -> pl.DataFrame:
    """Return the rows with `_split`: train, validation or test.

    Where they came split, their part is kept; if validation is absent there, it is taken from the
    training rows, as the same share of them.

    Args:
        rows: Cleaned rows.
        by: Columns that are hashed; rows equal in them share a part.
        seed: Key of the hash.
        validation: Share of the rows.
        test: Share of the rows; unused where they came split.
    """
    if PART not in rows.columns:
        hashes = hash_rows(rows.select(by), seed=seed)
        return rows.with_columns(_part(hashes, validation=validation, test=test).alias(PART))
    if "validation" in rows[PART]:
        return rows
    dealt = _part(hash_rows(rows.select(by), seed=seed), validation=validation, test=0.0)
    return rows.with_columns(pl.when(pl.col(PART) == "train").then(dealt).otherwise(PART).alias(PART))


def hash_rows(rows: pl.DataFrame, *, seed: int) -> pl.Series:
    """Return the 64-bit keyed BLAKE2b hash of each row's content (UInt64).

    The columns' order does not matter, nor whether a whole number stands in a column of integers or floats.
    """
    texts = [_text(name, rows.schema[name]).fill_null(NULL) for name in sorted(rows.columns)]
    contents = rows.select(pl.concat_str(texts, separator=UNIT)).to_series()
    key = seed.to_bytes(8, "little")
    digests = [blake2b(content.encode(), digest_size=8, key=key).digest() for content in contents]
    return pl.Series([int.from_bytes(digest, "little") for digest in digests], dtype=pl.UInt64)


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Binary:
        return pl.col(name).bin.encode("hex")
    return label(name, dtype)


def _part(hashes: pl.Series, *, validation: float, test: float) -> pl.Series:
    """Cut the range of the hash at test and test + validation."""
    end_of_test, end_of_validation = (round(share * 2**64) for share in (test, test + validation))
    part = (
        pl.when(pl.col("hash") < pl.lit(end_of_test, pl.UInt64))
        .then(pl.lit("test"))
        .when(pl.col("hash") < pl.lit(end_of_validation, pl.UInt64))
        .then(pl.lit("validation"))
        .otherwise(pl.lit("train"))
    )
    return pl.DataFrame({"hash": hashes}).select(part).to_series()


def require_rows(num_rows: dict[str, int]) -> None:
    """Refuse a split that leaves a part empty."""
    empty = [part for part in PARTS if not num_rows.get(part)]
    if empty:
        shares = ", ".join(f"{part} {num_rows.get(part, 0):,}" for part in PARTS)
        raise DataError(
            f"no rows fell to {' and '.join(empty)} ({shares}): give more rows, "
            "larger shares in preprocess.split, or more values in the columns of preprocess.split.by"
        )
