"""The first of two passes over the rows: clean them, count what that changes, and learn which rows are one too many.

Clean rows go to a file, from which the second pass deals them out: to clean them twice takes longer. What is held is
eight bytes a row for each hash that is asked for, and no row.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.tables.cleaning import NUMBER, holds_numbers, undeclared_texts
from slipway.tables.duplicates import Positions, at, looked_up, surplus
from slipway.tables.hashing import row_hash
from slipway.tables.preparation import Preparation
from slipway.tables.schema import PART, PARTS

FIRST_ROWS = 1000
DESTINATIONS = (*PARTS, "quarantine")
GONE, TO_DEAL = 254, 255


@dataclass(frozen=True)
class Survey:
    """What is known after the first pass.

    Attributes:
        rows: All rows, clean, with the parts of dates beside them and their positions as `row`.
        num_rows: How many rows came.
        changed: For each rule and column, how many values it changes.
        sums: The counts of `Leaving`, and those that the caller asked for.
        numbers_as_texts: Features of texts that hold numbers alone.
        num_copies: How many exact copies leave.
        num_repeats: How many rows leave because others have their key; copies are not among them.
        destinations: Where each row goes: a place in DESTINATIONS, or GONE.
    """

    rows: pl.LazyFrame
    num_rows: int
    changed: dict[tuple[str, str], int]
    sums: dict[str, int]
    numbers_as_texts: list[str]
    num_copies: int
    num_repeats: int
    destinations: npt.NDArray[np.uint8]

    @property
    def destination(self) -> pl.Expr:
        """Where a row of `rows` goes."""
        return looked_up(self.destinations, pl.UInt8())

    def going_to(self, name: str) -> pl.LazyFrame:
        """Return the rows of one of DESTINATIONS, in the order of the source."""
        return self.rows.filter(at(self.destinations == DESTINATIONS.index(name)))


def survey(plan: Preparation, more: dict[str, pl.Expr], file: Path) -> Survey:
    """Clean the rows, look again at those that may be copies, and say where each goes.

    Args:
        plan: How rows are cleaned, leave and are dealt out.
        more: Further sums over the clean rows that stay.
        file: Where the clean rows go, as Parquet.
    """
    clean, marks = plan.survey()
    clean.drop("row").sink_parquet(file, compression="uncompressed", statistics=False)
    rows = pl.scan_parquet(file).with_row_index("row")
    texts = _looking_like_numbers(plan)
    sums = rows.select(
        pl.len().alias("rows"),
        *(pl.col(mark).sum() for mark in marks.values()),
        *(holds_numbers(pl.col(name)).alias(f"numbers\n{name}") for name in texts),
        *(each.alias(f"sum\n{name}") for name, each in plan.leaving.sums.items()),
        *((each & plan.leaving.stays).sum().alias(f"sum\n{name}") for name, each in more.items()),
    )
    found = sums.collect(engine="streaming").row(0, named=True)
    seen = rows.select(look.alias(name) for name, look in _looks(plan).items()).collect(engine="streaming")
    copies, repeats = _surplus(plan, rows, seen)
    return Survey(
        rows=rows.drop(marks.values()),
        num_rows=found["rows"],
        changed={key: found[mark] for key, mark in marks.items()},
        sums={name.removeprefix("sum\n"): count for name, count in found.items() if name.startswith("sum\n")},
        numbers_as_texts=[name for name in texts if found[f"numbers\n{name}"]],
        num_copies=len(copies),
        num_repeats=len(repeats),
        destinations=_destinations(plan, seen, copies, repeats),
    )


def _looking_like_numbers(plan: Preparation) -> list[str]:
    """Return the undeclared features of texts whose first rows hold numbers: the others need no look at all rows."""
    texts = undeclared_texts(plan.cleaning)
    first = plan.cleaning.clean(plan.rows.head(FIRST_ROWS)).select(pl.col(texts).drop_nulls().implode()).collect()
    return [name for name in texts if first[name].explode().str.contains(NUMBER).all()]


def _looks(plan: Preparation) -> dict[str, pl.Expr]:
    """Return what is kept of each row: where it goes as far as it tells itself, and hashes, null where it leaves."""
    leaving, dealer, unique = plan.leaving, plan.dealer, plan.params.unique
    to_deal = pl.lit(TO_DEAL, pl.UInt8)
    came = pl.col(PART).replace_strict(PARTS, range(len(PARTS)), return_dtype=pl.UInt8) if dealer.came else to_deal
    if dealer.came and dealer.looks:
        came = pl.when(pl.col(PART) == "train").then(to_deal).otherwise(came)
    looks = {
        "to": pl.when(leaving.is_dropped)
        .then(pl.lit(GONE, pl.UInt8))
        .when(leaving.is_quarantined)
        .then(pl.lit(DESTINATIONS.index("quarantine"), pl.UInt8))
        .otherwise(came)
    }
    dtypes = plan.cleaning.clean_dtypes
    hashes = dict(dealer.looks)
    if plan.params.duplicates == "drop":
        hashes["copy"] = row_hash(dtypes, seed=dealer.seed)
        if dealer.by.keys() == dtypes.keys():
            hashes.pop("place", None)  # the same hash
    if unique is not None:
        has_key = pl.all_horizontal(pl.col(unique.key).is_not_null())
        hashes["key"] = pl.when(has_key).then(row_hash({name: dtypes[name] for name in unique.key}, seed=dealer.seed))
    return looks | {name: pl.when(leaving.stays).then(each) for name, each in hashes.items()}


def _surplus(plan: Preparation, rows: pl.LazyFrame, seen: pl.DataFrame) -> tuple[Positions, Positions]:
    """Return the positions of exact copies, and of rows with a key that others have."""
    dtypes, seed = plan.cleaning.clean_dtypes, plan.dealer.seed
    copies = repeats = np.empty(0, np.int64)
    if "copy" in seen.columns:
        copies = surplus(rows, seen["copy"], dtypes, keep="first", seed=seed)
    if (unique := plan.params.unique) is not None:
        keys = seen["key"].scatter(copies, None) if len(copies) else seen["key"]
        repeats = surplus(rows, keys, {name: dtypes[name] for name in unique.key}, keep=unique.keep, seed=seed)
    return copies, repeats


def _destinations(
    plan: Preparation, seen: pl.DataFrame, copies: Positions, repeats: Positions
) -> npt.NDArray[np.uint8]:
    """Return where each row goes, once it is known which are one too many."""
    to = seen["to"].to_numpy().copy()
    to[copies] = GONE
    to[repeats] = GONE
    if plan.dealer.looks:
        dealt = to == TO_DEAL
        if "copy" in seen and "place" not in seen:
            seen = seen.with_columns(place="copy")
        asked = seen.select(list(plan.dealer.looks)).filter(pl.Series(dealt))
        to[dealt] = plan.dealer.deal(asked).to_numpy()
    return to
