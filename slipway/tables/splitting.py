"""Deal rows out to train, validation and test, without ever holding them.

A shuffled split moves rows between the parts whenever the data grows, and may put two equal rows on both sides. A
keyed hash of the content does neither: a row's part depends on the row and the key alone. Shares that are exact in
each class, and a split by time, need a look at all rows first (`Cuts`), and so their cuts move as the data grows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from slipway.errors import DataError
from slipway.product.split import Split
from slipway.tables.hashing import row_hash
from slipway.tables.schema import PARTS

LAST = 2**64 - 1
MAX_STRATA = 10_000


@dataclass(frozen=True)
class Dealer:
    """How each row finds its part.

    Attributes:
        split: The shares and the way.
        by: The columns that are hashed, and their types.
        dtypes: All columns and their types.
        seed: Key of the hash.
        came: The parts that the source came with; empty where it came as one.
    """

    split: Split
    by: Mapping[str, pl.DataType]
    dtypes: Mapping[str, pl.DataType]
    seed: int
    came: frozenset[str] = frozenset()

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of test and of validation among the rows that are dealt out."""
        return (0.0 if self.came else self.split.test), self.split.validation

    @property
    def looks(self) -> dict[str, pl.Expr]:
        """What must be known of each row that is dealt out, as expressions over the rows."""
        if "validation" in self.came:
            return {}
        if (name := self.split.time) is not None:
            return {"time": pl.col(name).to_physical()}
        place = {"place": row_hash(self.by, seed=self.seed)}
        if (name := self.split.stratify) is not None:
            return {"stratum": row_hash({name: self.dtypes[name]}, seed=self.seed), **place}
        return place

    def deal(self, seen: pl.DataFrame) -> pl.Series:
        """Return the part of each row, as its place in PARTS.

        Args:
            seen: What `looks` asks for, of the rows that are dealt out.
        """
        if self.split.time is not None:
            cuts = self._by_time(seen["time"], self.split.time)
        elif self.split.stratify is not None:
            cuts = self._by_stratum(seen, self.split.stratify)
        else:
            test, validation = self.shares
            cuts = tuple(
                pl.col("place") < pl.lit(round(share * 2**64), pl.UInt64) for share in (test, test + validation)
            )
        is_test, is_validation = cuts
        train, validation_part, test_part = (pl.lit(number, pl.UInt8) for number in range(len(PARTS)))
        return seen.select(
            pl.when(is_test).then(test_part).when(is_validation).then(validation_part).otherwise(train)
        ).to_series()

    def _by_time(self, times: pl.Series, name: str) -> tuple[pl.Expr, ...]:
        """Cut the sorted times; all rows of the time at a cut are on its newer side.

        Sizes are rounded down: so the cuts never move back as newer rows arrive.
        """
        if missing := times.null_count():
            raise DataError(
                f"preprocess.split.time: '{name}' is missing in {missing:,} rows, which have no place in time: "
                "add it to preprocess.require, or split in another way"
            )
        ordered = np.sort(times.to_numpy())
        test, validation = self.shares
        sizes = [int(share * len(ordered)) for share in (test, test + validation)]
        return tuple(pl.col("time") >= ordered[-size] if size else pl.lit(False) for size in sizes)

    def _by_stratum(self, seen: pl.DataFrame, name: str) -> tuple[pl.Expr, ...]:
        """Cut each stratum's own hashes; equal rows at a cut stay together."""
        test, validation = self.shares
        place = pl.col("place").sort()
        sizes = [(pl.len() * share).round().cast(pl.Int64) for share in (test, test + validation)]
        cuts = seen.group_by("stratum").agg(
            *(place.get(size, null_on_oob=True).fill_null(LAST).alias(str(order)) for order, size in enumerate(sizes))
        )
        if cuts.height > MAX_STRATA:
            raise DataError(
                f"preprocess.split.stratify: '{name}' has {cuts.height:,} values, more than {MAX_STRATA:,}: "
                "name a column of classes"
            )
        return tuple(
            pl.col("place") < pl.col("stratum").replace_strict(cuts["stratum"], cuts[order], return_dtype=pl.UInt64)
            for order in ("0", "1")
        )


def require_rows(num_rows: dict[str, int]) -> None:
    """Refuse a split that leaves a part empty."""
    empty = [part for part in PARTS if not num_rows.get(part)]
    if empty:
        shares = ", ".join(f"{part} {num_rows.get(part, 0):,}" for part in PARTS)
        raise DataError(
            f"no rows fell to {' and '.join(empty)} ({shares}): give more rows, "
            "larger shares in preprocess.split, or more values in the columns of preprocess.split.by"
        )
