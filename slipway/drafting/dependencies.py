"""Columns that determine others in nearly all rows: a zip code its city. The few rows that differ are suspects."""

from dataclasses import dataclass
from itertools import permutations

import polars as pl

from slipway.drafting.profiling import Profile

SAMPLE_ROWS = 10_000
MAX_COLUMNS = 16
MIN_GROUP_ROWS = 4
MIN_HELD = 0.97
MAX_FOUND = 12


@dataclass(frozen=True)
class Dependency:
    """`determinant` tells `dependent` in all sampled rows but `num_broken`."""

    determinant: str
    dependent: str
    num_broken: int
    rows: int


def dependencies(profile: Profile, columns: list[str]) -> list[Dependency]:
    """Find dependencies between columns of categories that a few rows break, the strongest first.

    One that no row breaks is left out: nothing is suspicious there. So is one that the most frequent value
    alone would keep.
    """
    usable = [name for name in columns if profile.columns[name].unique > 1][:MAX_COLUMNS]
    sample = profile.sample.select(usable).head(SAMPLE_ROWS) if usable else pl.DataFrame()
    found = []
    for determinant, dependent in permutations(usable, 2):
        groups = profile.columns[determinant].unique
        if not 2 <= groups <= sample.height / MIN_GROUP_ROWS:
            continue
        one = _held(sample, determinant, dependent)
        if one is not None:
            found.append(one)
    found.sort(key=lambda one: (one.num_broken / one.rows, one.determinant, one.dependent))
    return found[:MAX_FOUND]


def _held(sample: pl.DataFrame, determinant: str, dependent: str) -> Dependency | None:
    """Return the dependency if nearly all rows keep it and some do not (the g3 error of Kivinen and Mannila 1995)."""
    known = sample.select(determinant, dependent).drop_nulls()
    if known.is_empty():
        return None
    cells = known.group_by(determinant, dependent).len()
    most = cells.group_by(determinant).agg(pl.col("len").max())
    kept = int(most["len"].sum())
    base = int(known[dependent].value_counts()["count"].to_numpy().max())
    rows = known.height
    if kept == rows or kept < MIN_HELD * rows or (kept - base) < 0.5 * (rows - base):
        return None
    return Dependency(determinant, dependent, rows - kept, rows)
