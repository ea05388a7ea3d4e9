"""Dates: read from texts by the patterns that a server uses, too, and taken apart into numbers."""

import re

import polars as pl

from slipway.product.cleaning import MONTHS, DatePart, Dates


def parse(text: pl.Expr, dates: Dates) -> pl.Expr:
    """Return the time (Datetime in microseconds, without a zone) that a text holds; null where it holds none."""
    if dates.format is None:
        return _parse_iso(text, dates.pattern)
    groups = text.str.extract_groups(dates.pattern)
    found = {name: groups.struct.field(str(place)) for place, name in enumerate(_directives(dates.format), start=1)}
    month = (
        found["%m"].str.zfill(2)
        if "%m" in found
        else found["%b"]
        .str.to_lowercase()
        .replace_strict(MONTHS, [f"{number:02}" for number in range(1, 13)], default=None)
    )
    day = pl.concat_str(found["%Y"], month, found["%d"].str.zfill(2), separator="-")
    return _time_of(day, *(found.get(name) for name in ("%H", "%M", "%S")))


def _directives(format_: str) -> list[str]:
    return re.findall("%.", format_)


def _parse_iso(text: pl.Expr, pattern: str) -> pl.Expr:
    known = pl.when(text.str.contains(pattern)).then(text)
    return _time_of(known.str.head(10), known.str.slice(11, 2), known.str.slice(14, 2), known.str.slice(17, 2))


def _time_of(day: pl.Expr, *clock: pl.Expr | None) -> pl.Expr:
    hours, minutes, seconds = (
        pl.lit(0) if digits is None else digits.cast(pl.Int64, strict=False).fill_null(0) for digits in clock
    )
    date = day.str.to_date("%Y-%m-%d", strict=False)
    return date.cast(pl.Datetime("us")) + pl.duration(hours=hours, minutes=minutes, seconds=seconds)


def part_of(time: pl.Expr, part: DatePart) -> pl.Expr:
    """Return one part of a time as a number (Int32)."""
    parts = {
        "year": time.dt.year(),
        "quarter": time.dt.quarter(),
        "month": time.dt.month(),
        "week": time.dt.week(),
        "day": time.dt.day(),
        "day_of_year": time.dt.ordinal_day(),
        "weekday": time.dt.weekday(),
        "hour": time.dt.hour(),
        "minute": time.dt.minute(),
        "second": time.dt.second(),
        "days": time.dt.date().to_physical(),
    }
    return parts[part].cast(pl.Int32)
