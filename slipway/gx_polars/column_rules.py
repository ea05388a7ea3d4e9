"""Row-level expectations about one column: an expression that is true on a value that breaks it, null on no value.

Each function is named in `COLUMN_RULES` by Great Expectations' metric. What depends on other rows stands in
dependent_rules.py.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Values, parse_moment
from slipway.gx_polars.regexes import contains, each_text

Rule = Callable[..., pl.Expr]


def outside(
    numbers: pl.Expr, min_value: Any, max_value: Any, *, strict_min: bool | None, strict_max: bool | None
) -> pl.Expr:
    """Return what lies outside an interval that may be open on either side."""
    if min_value is None and max_value is None:
        raise ValueError("min_value and max_value cannot both be None")
    if min_value is not None and max_value is not None and min_value > max_value:
        raise ValueError(f"min_value {min_value} cannot be greater than max_value {max_value}")
    ends = []
    if min_value is not None:
        ends.append(numbers <= min_value if strict_min else numbers < min_value)
    if max_value is not None:
        ends.append(numbers >= max_value if strict_max else numbers > max_value)
    return ends[0] if len(ends) == 1 else ends[0] | ends[1]


def between(
    values: Values,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool | None = None,
    strict_max: bool | None = None,
) -> pl.Expr:
    """Break on a value outside the interval."""
    low, high = values.literal(min_value), values.literal(max_value)
    return outside(values.comparable(), low, high, strict_min=strict_min, strict_max=strict_max)


def lengths_between(
    values: Values,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool | None = None,
    strict_max: bool | None = None,
) -> pl.Expr:
    """Break on a length outside the interval, in characters (of bytes: in bytes)."""
    return outside(length(values), min_value, max_value, strict_min=strict_min, strict_max=strict_max)


def lengths_equal(values: Values, value: float) -> pl.Expr:
    """Break on another length."""
    return length(values) != value


def length(values: Values) -> pl.Expr:
    """Return the number of characters; of bytes: of bytes."""
    return values.expr.bin.size() if values.dtype == pl.Binary else texts(values).str.len_chars()


def texts(values: Values) -> pl.Expr:
    """Return each value as Python writes it."""
    if values.dtype == pl.Boolean:
        return pl.when(values.expr).then(pl.lit("True")).when(~values.expr).then(pl.lit("False"))
    return values.expr if values.dtype == pl.String else values.expr.cast(pl.String)


def in_set(values: Values, value_set: list[Any] | None = None) -> pl.Expr:
    """Break on a value that is not listed."""
    return values.always(False) if value_set is None else ~values.is_in(_present(value_set))


def not_in_set(values: Values, value_set: list[Any] | None = None) -> pl.Expr:
    """Break on a value that is listed."""
    return values.always(False) if value_set is None else values.is_in(_present(value_set))


def _present(value_set: list[Any]) -> list[Any]:
    return [value for value in value_set if value is not None]


def match_regex(values: Values, regex: str) -> pl.Expr:
    """Break on a text in which the pattern is not found."""
    return ~contains(texts(values), regex)


def not_match_regex(values: Values, regex: str) -> pl.Expr:
    """Break on a text in which the pattern is found."""
    return contains(texts(values), regex)


def match_regex_list(values: Values, regex_list: list[str], match_on: str | None = None) -> pl.Expr:
    """Break on a text in which no pattern is found; with `all`: in which one is not found."""
    found = [contains(texts(values), regex) for regex in regex_list]
    if match_on not in (None, "any", "all"):
        raise ValueError(f"match_on must be 'any' or 'all', not {match_on!r}")
    return ~(pl.all_horizontal(found) if match_on == "all" else pl.any_horizontal(found))


def not_match_regex_list(values: Values, regex_list: list[str]) -> pl.Expr:
    """Break on a text in which one of the patterns is found."""
    return pl.any_horizontal([contains(texts(values), regex) for regex in regex_list])


def like_to_regex(pattern: str, escape: str | None = None) -> str:
    r"""Turn SQL's LIKE pattern into a regular expression.

    Args:
        pattern: % stands for any text, _ for any character.
        escape: The character after which they stand for themselves.

    >>> like_to_regex("a%_.!%", "!")
    '^(?s:a.*.\\.%)\\z'
    """
    parts, letters = [], iter(pattern)
    for letter in letters:
        if letter == escape:
            if (letter := next(letters, "")) == "":
                raise ValueError(f"like_pattern {pattern!r} ends in its escape character {escape!r}")
            parts.append(re.escape(letter))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
    return f"^(?s:{''.join(parts)})\\z"


def _like(values: Values, patterns: list[str], escape: str | None) -> list[pl.Expr]:
    return [texts(values).str.contains(like_to_regex(pattern, escape)) for pattern in patterns]


def match_like_pattern(values: Values, like_pattern: str, escape: str | None = None) -> pl.Expr:
    """Break on a text that SQL's LIKE does not match."""
    return ~_like(values, [like_pattern], escape)[0]


def not_match_like_pattern(values: Values, like_pattern: str, escape: str | None = None) -> pl.Expr:
    """Break on a text that SQL's LIKE matches."""
    return _like(values, [like_pattern], escape)[0]


def match_like_pattern_list(
    values: Values, like_pattern_list: list[str], match_on: str | None = None, escape: str | None = None
) -> pl.Expr:
    """Break on a text that no pattern matches; with `all`: that one does not."""
    found = _like(values, like_pattern_list, escape)
    return ~(pl.all_horizontal(found) if match_on == "all" else pl.any_horizontal(found))


def not_match_like_pattern_list(values: Values, like_pattern_list: list[str], escape: str | None = None) -> pl.Expr:
    """Break on a text that one of the patterns matches."""
    return pl.any_horizontal(_like(values, like_pattern_list, escape))


def _require_texts(values: Values, what: str) -> pl.Expr:
    if values.dtype != pl.String:
        raise TypeError(f"{what} is about texts, and this column holds {values.dtype}: expect it before they are read")
    return values.expr


def _unread(texts: pl.Expr, read: Callable[[str], Any], *errors: type[Exception]) -> pl.Expr:
    """Break on a text that a function refuses with one of these errors."""

    def is_read(text: str) -> bool:
        try:
            read(text)
        except errors:
            return False
        return True

    return ~each_text(texts, is_read)


def match_strftime_format(values: Values, strftime_format: str) -> pl.Expr:
    """Break on a text that Python's strptime does not read."""
    texts = _require_texts(values, "strftime_format")
    datetime.strptime(datetime(2000, 1, 1).strftime(strftime_format), strftime_format)  # raises what every text would
    return _unread(texts, lambda text: datetime.strptime(text, strftime_format), ValueError)


def dateutil_parseable(values: Values) -> pl.Expr:
    """Break on a text that dateutil does not read as a date."""
    return _unread(_require_texts(values, "a date that dateutil reads"), parse_moment, ValueError, OverflowError)


def json_parseable(values: Values) -> pl.Expr:
    """Break on a text that is no JSON."""
    return _unread(_require_texts(values, "JSON"), json.loads, ValueError, RecursionError)


def match_json_schema(values: Values, json_schema: dict[str, Any]) -> pl.Expr:
    """Break on JSON that does not keep the schema; what is no JSON at all is an error."""
    import jsonschema

    checker = jsonschema.validators.validator_for(json_schema)
    checker.check_schema(json_schema)
    keeps = checker(json_schema).is_valid

    def holds(text: str) -> bool:
        try:
            content = json.loads(text)
        except ValueError:
            raise ValueError(f"{text!r} is no JSON: expect values to be json_parseable first") from None
        return bool(keeps(content))

    return ~each_text(_require_texts(values, "json_schema"), holds)


COLUMN_RULES: dict[str, Rule] = {
    "column_values.nonnull": lambda values: values.expr.is_null(),
    "column_values.null": lambda values: values.expr.is_not_null(),
    "column_values.between": between,
    "column_values.in_set": in_set,
    "column_values.not_in_set": not_in_set,
    "column_values.match_regex": match_regex,
    "column_values.not_match_regex": not_match_regex,
    "column_values.match_regex_list": match_regex_list,
    "column_values.not_match_regex_list": not_match_regex_list,
    "column_values.match_like_pattern": match_like_pattern,
    "column_values.not_match_like_pattern": not_match_like_pattern,
    "column_values.match_like_pattern_list": match_like_pattern_list,
    "column_values.not_match_like_pattern_list": not_match_like_pattern_list,
    "column_values.value_length.between": lengths_between,
    "column_values.value_length.equals": lengths_equal,
    "column_values.match_strftime_format": match_strftime_format,
    "column_values.dateutil_parseable": dateutil_parseable,
    "column_values.json_parseable": json_parseable,
    "column_values.match_json_schema": match_json_schema,
}
