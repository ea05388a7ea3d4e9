"""Dates of one record in plain Python, by the patterns that polars uses for a table (slipway/tables/dates.py)."""

import re
from collections.abc import Callable
from datetime import date, datetime

from slipway.product.cleaning import MONTHS, DatePart, Dates

_FIRST = date(1970, 1, 1).toordinal()


def reader_of(dates: Dates) -> Callable[[str], datetime | None]:
    """Return the function that reads a date; None is what is no date."""
    pattern = re.compile(dates.pattern)
    if dates.format is None:
        return lambda text: _read_iso(text, pattern)
    names = re.findall("%.", dates.format)

    def read(text: str) -> datetime | None:
        if (match := pattern.fullmatch(text)) is None:
            return None
        found = dict(zip(names, match.groups(), strict=True))
        month = int(found["%m"]) if "%m" in found else MONTHS.index(found["%b"].lower()) + 1
        clock = [int(found.get(name, 0)) for name in ("%H", "%M", "%S")]
        return _time(int(found["%Y"]), month, int(found["%d"]), *clock)

    return read


def _read_iso(text: str, pattern: re.Pattern[str]) -> datetime | None:
    if pattern.fullmatch(text) is None:
        return None
    clock = [int(digits) if digits.isdigit() else 0 for digits in (text[11:13], text[14:16], text[17:19])]
    return _time(int(text[:4]), int(text[5:7]), int(text[8:10]), *clock)


def _time(*numbers: int) -> datetime | None:
    """Return the time, or None where the calendar has none: 30 February."""
    try:
        return datetime(*numbers)  # type: ignore[arg-type] # year to second; without a zone, as the table's are
    except ValueError:
        return None


def part_of(time: datetime, part: DatePart) -> int:
    """Return one part of a time.

    >>> [part_of(datetime(2026, 11, 22), part) for part in ("quarter", "week", "weekday", "day_of_year", "days")]
    [4, 47, 7, 326, 20779]
    """
    if part == "quarter":
        return (time.month + 2) // 3
    if part == "week":
        return time.isocalendar().week
    if part == "weekday":
        return time.isoweekday()
    if part == "day_of_year":
        return time.timetuple().tm_yday
    if part == "days":
        return time.toordinal() - _FIRST
    return int(getattr(time, part))
