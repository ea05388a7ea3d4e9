"""How texts write dates: the strptime format that nearly all of them keep."""

import re
from typing import NamedTuple

import polars as pl

from slipway.drafting.shares import share
from slipway.product.cleaning import DIRECTIVES

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
NAMED_DAYS = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y", "%d/%m/%y", "%m/%d/%y")
TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
SWAPPED = (("%d/%m/", "%m/%d/"), ("%d-%m-", "%m-%d-"))

READABLE = frozenset(DIRECTIVES)  # by cleaning, and by the server after it

TEST_ROWS = 2_000
MIN_SHARE = 0.95


class Written(NamedTuple):
    """A format, and whether day and month could be the other way round."""

    format: str
    ambiguous: bool


def is_readable(written: str) -> bool:
    """Say whether cleaning reads a format: it holds no directives but the plain ones.

    >>> is_readable("%d.%m.%Y"), is_readable("%I:%M %p")
    (True, False)
    """
    return set(re.findall("%.", written)) <= READABLE


def date_format(texts: pl.Series) -> Written | None:
    """Return the format of a column of texts (no nulls), or None where they are no dates.

    >>> date_format(pl.Series(["2020-02-28", "2021-12-01"])), date_format(pl.Series(["red", "green"]))
    (Written(format='%Y-%m-%d', ambiguous=False), None)
    """
    step = max(1, len(texts) // TEST_ROWS)
    sample = texts.gather_every(step)
    if sample.is_empty() or share(sample.str.contains(r"\d{1,4}[-/. ,]|^\d{8}$|^\d{8}[T ]")) < MIN_SHARE:
        return None
    shares = {each: _share(sample, each) for each in _formats(sample)}
    if not shares or max(shares.values()) < MIN_SHARE:
        return None
    best = max(shares, key=lambda each: shares[each])
    swapped = {each.replace(a, b) if a in each else each.replace(b, a) for a, b in SWAPPED for each in (best,)} - {best}
    return Written(best, ambiguous=any(shares.get(each) == shares[best] for each in swapped))


def _formats(sample: pl.Series) -> list[str]:
    """Return the formats to try: with a time or without, as most of the texts are."""
    if share(sample.str.contains(":", literal=True)) <= 0.5:
        return [*DAYS, *NAMED_DAYS]
    between = ["T"] if share(sample.str.contains(r"\dT\d")) > 0.5 else [" "]
    zones = ["Z", "%z"] if share(sample.str.contains(r"(Z|[+-]\d{2}:?\d{2})$")) > 0.5 else [""]
    return [
        f"{day}{gap}{time}{zone}" for day in (*DAYS, *NAMED_DAYS) for gap in between for time in TIMES for zone in zones
    ]


def _share(sample: pl.Series, written: str) -> float:
    if written == "%Y%m%d" and not sample.str.contains(r"^(19|20)\d{6}$").all():
        return 0.0
    has_time = ":" in written
    parsed = sample.str.strptime(pl.Datetime("us") if has_time else pl.Date, written, strict=False)
    return share(parsed.is_not_null())
