"""The first of two passes over the rows: count what cleaning changes, and learn which rows are one too many.

It holds eight bytes a row for each hash that is asked for, and no row.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from slipway.tables.cleaning import NUMBER, Cleaning, holds_numbers, undeclared_texts
from slipway.tables.duplicates import Positions, surplus
from slipway.tables.hashing import row_hash
from slipway.tables.preparation import Preparation
from slipway.tables.schema import PART

FIRST_ROWS = 1000


@dataclass(frozen=True)
class Survey:
    """What is known after the first pass.

    Attributes:
        num_rows: How many rows came.
        changed: For each rule and column, how many values it changes.
        sums: The counts of `Leaving`, and those that the caller asked for.
        numbers_as_texts: Features of texts that hold numbers alone.
        copies: Positions of exact copies, rising.
        repeats: Positions of rows whose key others have, rising; copies are not among them.
        seen: What the dealer asks for, of the rows that stay.
        retyped: Columns of no texts that cleaning gives another type, whether it changes a value or not.
    """

    num_rows: int
    changed: dict[tuple[str, str], int]
    sums: dict[str, int]
    numbers_as_texts: list[str]
    copies: Positions
    repeats: Positions
    seen: pl.DataFrame
    retyped: frozenset[str] = frozenset()

    @property
    def idle(self) -> dict[str, set[str]]:
        """For each rule, the columns in which it changes nothing; a rule that changes types is never idle."""
        idle: dict[str, set[str]] = {}
        for (rule, name), changed in self.changed.items():
            if not changed and not rule.startswith("no_") and name not in self.retyped:
                idle.setdefault(rule, set()).add(name)
        return idle


def survey(plan: Preparation, more: dict[str, pl.Expr]) -> Survey:
    """Pass over the rows once, and once more over those that may be copies.

    Args:
        plan: How rows are cleaned, leave and are dealt out.
        more: Further sums over the clean rows that stay.
    """
    clean, marks = plan.survey()
    texts = _looking_like_numbers(plan)
    sums = clean.select(
        pl.len().alias("rows"),
        *(pl.col(mark).sum() for mark in marks.values()),
        *(holds_numbers(pl.col(name)).alias(f"numbers\n{name}") for name in texts),
        *(each.alias(f"sum\n{name}") for name, each in plan.leaving.sums.items()),
        *((each & plan.leaving.stays).sum().alias(f"sum\n{name}") for name, each in more.items()),
    )
    looks = _looks(plan)
    queries = [sums] + ([clean.select(look.alias(name) for name, look in looks.items())] if looks else [])
    counted, *each_row = pl.collect_all(queries, engine="streaming")
    found = counted.row(0, named=True)
    seen = each_row[0] if each_row else pl.DataFrame()
    copies, repeats = _surplus(plan, seen)
    return Survey(
        num_rows=found["rows"],
        changed={key: found[mark] for key, mark in marks.items()},
        sums={name.removeprefix("sum\n"): count for name, count in found.items() if name.startswith("sum\n")},
        numbers_as_texts=[name for name in texts if found[f"numbers\n{name}"]],
        copies=copies,
        repeats=repeats,
        seen=_dealt_out(plan, seen, copies, repeats),
        retyped=_retyped(plan.cleaning),
    )


def _retyped(cleaning: Cleaning) -> frozenset[str]:
    """Return the columns of no texts that leave in another type: a gap filled by 0.5 makes floats of integers."""
    came, leaves = cleaning.dtypes, cleaning.clean_dtypes
    return frozenset(name for name, dtype in came.items() if dtype not in (pl.String, leaves[name]))


def _looking_like_numbers(plan: Preparation) -> list[str]:
    """Return the undeclared features of texts whose first rows hold numbers: the others need no look at all rows."""
    texts = undeclared_texts(plan.cleaning)
    first = plan.cleaning.clean(plan.rows.head(FIRST_ROWS)).select(pl.col(texts).drop_nulls().implode()).collect()
    return [name for name in texts if first[name].explode().str.contains(NUMBER).all()]


def _looks(plan: Preparation) -> dict[str, pl.Expr]:
    """Return what is kept of each row: null where it leaves."""
    looks: dict[str, pl.Expr] = {}
    dtypes, seed, unique = plan.cleaning.clean_dtypes, plan.dealer.seed, plan.params.unique
    if plan.params.duplicates == "drop":
        looks["copy"] = row_hash(dtypes, seed=seed)
    if unique is not None:
        has_key = pl.all_horizontal(pl.col(unique.key).is_not_null())
        looks["key"] = pl.when(has_key).then(row_hash({name: dtypes[name] for name in unique.key}, seed=seed))
    stays = plan.leaving.stays
    looks = {name: pl.when(stays).then(look) for name, look in looks.items()}
    if plan.dealer.looks:
        looks |= {**plan.dealer.looks, "dealt": stays & (pl.col(PART) == "train") if plan.dealer.came else stays}
    return looks


def _surplus(plan: Preparation, seen: pl.DataFrame) -> tuple[Positions, Positions]:
    """Return the positions of exact copies, and of rows with a key that others have."""
    rows, dtypes, seed = plan.clean(), plan.cleaning.clean_dtypes, plan.dealer.seed
    copies = repeats = np.empty(0, np.int64)
    if "copy" in seen.columns:
        copies = surplus(rows, seen["copy"], dtypes, keep="first", seed=seed)
    if (unique := plan.params.unique) is not None:
        keys = seen["key"].scatter(copies, None) if len(copies) else seen["key"]
        repeats = surplus(rows, keys, {name: dtypes[name] for name in unique.key}, keep=unique.keep, seed=seed)
    return copies, repeats


def _dealt_out(plan: Preparation, seen: pl.DataFrame, copies: Positions, repeats: Positions) -> pl.DataFrame:
    """Return what the dealer asks for, of the rows that stay."""
    if not plan.dealer.looks:
        return pl.DataFrame()
    stay = seen["dealt"].to_numpy().copy()
    stay[copies] = False
    stay[repeats] = False
    return seen.select(list(plan.dealer.looks)).filter(pl.Series(stay))
