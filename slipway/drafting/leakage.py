"""Columns that know too much: one that nearly determines the target, one from which it is computed, a later date."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from slipway.drafting.profiling import Profile
from slipway.drafting.shares import share
from slipway.drafting.targets import Target

MIN_ROWS = 30
MAX_VALUES_SHARE = 0.1
NUM_BINS = 64
BIN_ROWS = 20
CERTAIN = 0.95
SUM_ROWS = 1_000
MAX_PAIRED = 60
MIN_IN_ORDER = 0.999


@dataclass(frozen=True)
class Suspect:
    """A column, and why it may not be known when the model predicts."""

    column: str
    why: str


def leakage(profile: Profile, target: Target, features: list[str]) -> list[Suspect]:
    """Return the features that may leak the target, judged on the sample."""
    if target.column is None:
        return []
    sample = profile.sample.filter(pl.col(target.column).is_not_null())
    if sample.height < MIN_ROWS:
        return []
    found = [Suspect(name, why) for name in features if (why := _determines(sample, name, target)) is not None]
    if target.task == "regression":
        found += _computed(sample, target.column, [n for n in features if profile.columns[n].kind == "number"])
    return found


def _determines(sample: pl.DataFrame, name: str, target: Target) -> str | None:
    """Say how surely a column's value tells the target, where it nearly does."""
    assert target.column is not None, "leakage is judged against a target"
    column, wanted = sample[name], sample[target.column]
    if column.has_nulls() and _explained(wanted, column.is_null(), target) >= CERTAIN:
        return f"whether it is missing nearly determines '{target.column}'"
    key = _key(column)
    explained = 0.0 if key is None else _explained(wanted, key, target)
    if explained >= CERTAIN:
        return f"it nearly determines '{target.column}' ({100 * explained:.0f} % of what is to be learned)"
    return None


def _key(column: pl.Series) -> pl.Series | None:
    """Return the groups that a column makes: its values, or bins of equally many rows; None where each row is one."""
    if column.n_unique() <= max(2, MAX_VALUES_SHARE * len(column) / 2):
        return column
    if not column.dtype.is_numeric():
        return None
    num = max(2, min(NUM_BINS, len(column) // BIN_ROWS))
    return (column.rank("min") * num / len(column)).floor().cast(pl.Int32)


def _explained(target: pl.Series, key: pl.Series, test: Target) -> float:
    """Return how much of the target a grouping explains, in 0..1.

    Classes: of the errors of always answering the most frequent class, the share that groups avoid. Numbers: the
    share of the variance between groups, corrected for their number.
    """
    table = pl.DataFrame({"key": key, "target": target})
    rows = table.height
    if test.task == "classification":
        base = int(table["target"].value_counts()["count"].to_numpy().max())
        cells = table.group_by("key", "target").len().sort("len", descending=True)
        first, second = pl.col("len").first(), pl.col("len").get(1, null_on_oob=True).fill_null(0)
        most = cells.group_by("key").agg(first=first, second=second)
        # A row must not prove itself: where its group is decided by one row, it does not count.
        right = int(most.select(pl.col("first") - (pl.col("first") - pl.col("second") < 2)).sum().item())
        return (right - base) / (rows - base) if rows > base else 0.0
    groups = table.group_by("key").agg(pl.col("target").var(ddof=0).alias("var"), pl.len())
    variance = float(np.var(table["target"].cast(pl.Float64).to_numpy()))
    if not variance or groups.height >= rows / 2:
        return 0.0
    within = float((groups["var"] * groups["len"]).sum()) / (rows - groups.height)
    return 1.0 - within / variance


def _computed(sample: pl.DataFrame, target: str, numbers: list[str]) -> list[Suspect]:
    """Return pairs of columns whose sum, difference, product or ratio is the target."""
    few = sample.select([*numbers[:MAX_PAIRED], target]).drop_nulls().head(SUM_ROWS)
    if few.height < MIN_ROWS:
        return []
    values = {name: few[name].cast(pl.Float64).to_numpy() for name in few.columns}
    wanted, found = values.pop(target), []
    scale = float(np.abs(wanted).mean()) or 1.0
    names = list(values)
    with np.errstate(all="ignore"):
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                a, b = values[first], values[second]
                for sign, made in ((" + ", a + b), (" - ", a - b), (" * ", a * b), (" / ", a / b)):
                    gap = float(np.mean(np.abs(made - wanted)))
                    if gap < 1e-6 * scale and not _is_trivial(a, b):
                        found.append((first, second, f"'{target}' is {first}{sign}{second}"))
    return [Suspect(name, why) for first, second, why in found for name in (first, second)]


def _is_trivial(a: np.ndarray, b: np.ndarray) -> bool:
    """Say whether one of the two is constant, so that the other alone tells all."""
    return bool(a.std() == 0 or b.std() == 0)


def later_dates(profile: Profile, dates: dict[str, str | None]) -> list[Suspect]:
    """Return dates that are never before another one: they may be known only after what is predicted.

    Args:
        profile: The table.
        dates: Each column of dates, and its format where it holds texts.
    """
    if len(dates) < 2:
        return []
    parsed = pl.DataFrame([_moments(profile.sample[name], written) for name, written in dates.items()])
    found = []
    for late in dates:
        for early in dates:
            both = parsed.select({late, early}).drop_nulls()
            if late == early or both.height < MIN_ROWS:
                continue
            if share(both[late] >= both[early]) >= MIN_IN_ORDER and share(both[late] > both[early]) > 0.5:
                found.append(Suspect(late, f"it is never before '{early}': is it known when the model predicts?"))
                break
    return found


def _moments(column: pl.Series, written: str | None) -> pl.Series:
    """Return a column of dates or of texts as points in time."""
    if written is None:
        return column.cast(pl.Datetime("us"))
    dtype = pl.Datetime("us") if ":" in written else pl.Date
    return column.str.strptime(dtype, written, strict=False).cast(pl.Datetime("us"))
