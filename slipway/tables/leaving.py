"""Which rows leave in cleaning, as expressions about a clean row, and why: none goes without a count."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

import polars as pl

from slipway.product.preprocess import Preprocess
from slipway.tables.cleaning import is_within
from slipway.tables.schema import REASONS, Schema


class Leaving:
    """The row-wise reasons to leave: no target, no required value, a value beyond bounds that send to quarantine."""

    def __init__(self, schema: Schema, params: Preprocess) -> None:
        """Take the rules of the section."""
        target, says_none = schema.product.target, schema.product.missing_labels == "none"
        self.without_target = pl.col(target).is_null() if target and not says_none else pl.lit(False)
        self.without: dict[str, pl.Expr] = {name: pl.col(name).is_null() for name in params.require}
        self.beyond: dict[str, pl.Expr] = {
            f"{name}: {bounds.reason}": pl.col(name).is_not_null() & ~is_within(pl.col(name), bounds.low, bounds.high)
            for name, bounds in params.bounds.items()
            if bounds.action == "quarantine"
        }

    @property
    def is_dropped(self) -> pl.Expr:
        """Whether a row is dropped."""
        return reduce(or_, self.without.values(), self.without_target)

    @property
    def is_quarantined(self) -> pl.Expr:
        """Whether a row goes to quarantine: a dropped one does not."""
        return ~self.is_dropped & reduce(or_, self.beyond.values(), pl.lit(False))

    @property
    def stays(self) -> pl.Expr:
        """Whether nothing speaks against a row."""
        return ~self.is_dropped & ~self.is_quarantined

    @property
    def reasons(self) -> pl.Expr:
        """The reasons of a row in quarantine, as a list of texts."""
        if not self.beyond:
            return pl.lit(None, pl.List(pl.String)).alias(REASONS)
        texts = [pl.when(is_beyond).then(pl.lit(reason)) for reason, is_beyond in self.beyond.items()]
        return pl.concat_list(texts).list.drop_nulls().alias(REASONS)

    @property
    def sums(self) -> dict[str, pl.Expr]:
        """The counts, under names of their own (see `counted`)."""
        kept = ~self.without_target
        return {
            "without_target": self.without_target.sum(),
            "without_required": (kept & self.is_dropped).sum(),
            "quarantined": self.is_quarantined.sum(),
            **{f"without\n{name}": (kept & lacks).sum() for name, lacks in self.without.items()},
            **{f"beyond\n{reason}": (self.is_quarantined & beyond).sum() for reason, beyond in self.beyond.items()},
        }


def counted(sums: Mapping[str, int], prefix: str) -> dict[str, int]:
    """Return the counts of one kind (`without`, `beyond`), those above zero."""
    start = f"{prefix}\n"
    return {name.removeprefix(start): count for name, count in sums.items() if name.startswith(start) and count}
