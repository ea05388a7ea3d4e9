"""Ranges for numbers: wide enough for new rows of the same kind, too narrow for a slip of the decimal point."""

import math
from collections.abc import Callable
from typing import NamedTuple

from slipway.drafting.profiling import ColumnProfile

MIN_ROWS = 100
SLACK = 0.5
FAR = 10.0
SMALLEST = 1e-300  # below it there is no unit to round to


class Bounds(NamedTuple):
    """Least and greatest plausible value; None where nothing speaks for one."""

    low: float | None
    high: float | None


def bounds(column: ColumnProfile) -> Bounds:
    """Draft the range of a column of numbers.

    It is what was seen and half of it again on each side, not below zero where nothing was; 0 to 1 for shares. A value
    ten times as far out as the whole of the others is no part of what was seen.
    """
    if column.minimum is None or not column.quantiles:
        return Bounds(None, None)
    low, high = _core(column)
    if low >= 0 and high <= 1 and high > 0.9 and not column.whole and column.maximum <= 1 and column.minimum >= 0:
        return Bounds(0.0, 1.0)
    spread = (high - low) or max(1.0, abs(high))
    slack = SLACK if column.known >= MIN_ROWS else 2 * SLACK
    floor = low - slack * spread
    if column.minimum >= 0 or low >= 0:
        floor = max(0.0, floor)
    return Bounds(_outwards(floor, math.floor), _outwards(high + slack * spread, math.ceil))


def _core(column: ColumnProfile) -> tuple[float, float]:
    """Return the least and the greatest value that do not stand far away from all others."""
    low, high = float(column.minimum), float(column.maximum)
    if column.known < MIN_ROWS:
        return low, high
    inner_low, inner_high = (0.001, 0.999) if column.known >= 5_000 else (0.01, 0.99)
    below, above = column.quantiles[inner_low], column.quantiles[inner_high]
    width = above - below
    if width <= 0:
        return low, high
    if high - above > FAR * width:
        high = above + width
    if below - low > FAR * width:
        low = below - width
    return low, high


def _outwards(value: float, towards: Callable[[float], int]) -> float:
    """Round to two digits, away from what was seen."""
    if abs(value) < SMALLEST:
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = towards(value / unit) * unit
    digits = max(0, 1 - math.floor(math.log10(abs(value))))
    return float(round(rounded, digits))
