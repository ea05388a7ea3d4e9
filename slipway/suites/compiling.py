"""Compile a suite's row rules into rules.json; what a server cannot check is listed there, never silently left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slipway.suites import checks
from slipway.suites.arguments import (
    KINDS_OF,
    Arguments,
    Kinds,
    NotJudged,
    condition,
    ends,
    kind_of,
    pairs_of,
    require_patterns,
    require_usual,
    values_of,
)
from slipway.suites.checks import Check
from slipway.suites.rules import Kind, NotServed, Rule, Rules
from slipway.suites.suite import Expectation


def write_rules(path: Path, expectations: Sequence[Expectation], kinds: Kinds) -> Rules:
    """Compile what a record can tell into rules.json.

    Args:
        path: rules.json.
        expectations: The suite's.
        kinds: What each column that a server receives holds; other columns have no rules.
    """
    compiled = [compile_rule(expectation, kinds) for expectation in expectations]
    rules = Rules(
        rules=[each for each in compiled if isinstance(each, Rule)],
        not_served=[each for each in compiled if isinstance(each, NotServed)],
    )
    rules.write(path)
    return rules


def compile_rule(expectation: Expectation, kinds: Kinds) -> Rule | NotServed:
    """Turn an expectation into a rule, or say why it cannot be one."""
    try:
        return _rule(expectation, kinds)
    except NotJudged as why:
        return NotServed(expectation=expectation.title, reason=str(why))


@dataclass(frozen=True)
class Promise:
    """How an expectation becomes a check."""

    takes: tuple[str, ...]
    """Its own arguments, the columns left out."""

    kinds: tuple[Kind, ...]
    """What its columns may hold."""

    check: Callable[[Arguments, list[Kind]], Check]
    """Builds the check."""

    reason: Callable[[Arguments], str]
    """Says what must be."""

    alike: bool = True
    """Whether all of its columns must hold the same."""


def _rule(expectation: Expectation, kinds: Kinds) -> Rule:
    if expectation.severity == "info":
        raise NotJudged("info is logged, not enforced")
    if (promise := PROMISES.get(expectation.type)) is None:
        raise NotJudged(NOT_JUDGED.get(expectation.type, "it is about the whole table"))
    arguments = expectation.kwargs
    require_usual(arguments, (*promise.takes, *COLUMNS))
    own = [kind_of(column, kinds) for column in expectation.columns]
    if not set(own) <= set(promise.kinds) or (promise.alike and len(set(own)) > 1):
        raise NotJudged(f"of {' and '.join(KINDS_OF[kind] for kind in dict.fromkeys(own))} it cannot be judged")
    applies = arguments.get("row_condition")
    when = None if applies is None else condition(applies, kinds)
    return Rule(
        columns=expectation.columns,
        kinds=own,
        severity="critical" if expectation.severity == "critical" else "warning",
        reason=promise.reason(arguments) + (f" where {when}" if when else ""),
        check=promise.check(arguments, own),
        when=when,
        when_kinds={name: kinds[name] for name in when.columns()} if when else {},
        ignore_missing=IGNORED[arguments.get("ignore_row_if") or "all"] if len(own) > 1 else "never",
    )


COLUMNS = ("column", "column_A", "column_B", "column_list")

IGNORED: dict[str, Any] = {
    "all": "all",  # Great Expectations' own default, for pairs and for lists
    "both_values_are_missing": "all",
    "all_values_are_missing": "all",
    "either_value_is_missing": "any",
    "any_value_is_missing": "any",
    "neither": "never",
    "never": "never",
}

_OTHER_ROWS = "it compares a row with other rows"
_DISTRIBUTION = "it compares a value with the whole column's distribution"
_TYPE = "a field's type is the signature's to check, before any rule"

NOT_JUDGED = {
    "expect_column_values_to_be_unique": _OTHER_ROWS,
    "expect_compound_columns_to_be_unique": _OTHER_ROWS,
    "expect_column_values_to_be_increasing": _OTHER_ROWS,
    "expect_column_values_to_be_decreasing": _OTHER_ROWS,
    "expect_column_value_z_scores_to_be_less_than": _DISTRIBUTION,
    "expect_column_values_to_not_be_outliers": _DISTRIBUTION,
    "expect_column_values_to_be_of_type": _TYPE,
    "expect_column_values_to_be_in_type_list": _TYPE,
    "expect_column_type_to_be": _TYPE,
    "unexpected_rows_expectation": "it is a query over the table",
}


def _between(arguments: Arguments) -> str:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    said = [
        f"{'above' if arguments.get('strict_min') else 'at least'} {low}" if low is not None else "",
        f"{'below' if arguments.get('strict_max') else 'at most'} {high}" if high is not None else "",
    ]
    return " and ".join(end for end in said if end)


def _matches(
    key: str, *, match: Literal["any", "all", "none"] | None = None
) -> Callable[[Arguments, list[Kind]], Check]:
    """Return the builder of a check of the patterns under a key; a list says itself how many must match."""
    like = "like" in key

    def build(arguments: Arguments, kinds: list[Kind]) -> Check:
        patterns, escape = arguments[key], arguments.get("escape")
        return checks.Matches(
            name="matches",
            patterns=require_patterns([patterns] if isinstance(patterns, str) else patterns, like=like, escape=escape),
            match=match or arguments.get("match_on") or "any",
            like=like,
            escape=escape,
        )

    return build


def _json(arguments: Arguments, kinds: list[Kind]) -> Check:
    schema = arguments["json_schema"]
    if remote := checks.remote_references(schema):
        raise NotJudged(f"its JSON Schema refers to {remote[0]}, which a server does not fetch")
    return checks.Parses(name="parses", to="json", json_schema=schema)


def _others(arguments: Arguments) -> str:
    return ", ".join(arguments["column_list"][1:])


_ENDS = ("min_value", "max_value", "strict_min", "strict_max")
_PLAIN: tuple[Kind, ...] = ("number", "text")
_ORDERED: tuple[Kind, ...] = ("number", "text", "date")
_ANY: tuple[Kind, ...] = ("number", "text", "date", "bytes")

PROMISES = {
    "expect_column_values_to_not_be_null": Promise(
        (), _ANY, lambda a, k: checks.Required(name="required"), lambda a: "must not be missing"
    ),
    "expect_column_values_to_be_null": Promise(
        (), _ANY, lambda a, k: checks.Absent(name="absent"), lambda a: "must be missing"
    ),
    "expect_column_values_to_be_between": Promise(
        _ENDS,
        ("number", "date"),
        lambda a, k: checks.Within(name="within", **ends(a, k[0])),
        lambda a: f"must be {_between(a)}",
    ),
    "expect_column_value_lengths_to_be_between": Promise(
        _ENDS,
        ("text", "bytes"),
        lambda a, k: checks.Within(name="within", length=True, **ends(a, "number")),
        lambda a: f"must have a length of {_between(a)}",
    ),
    "expect_column_value_lengths_to_equal": Promise(
        ("value",),
        ("text", "bytes"),
        lambda a, k: checks.Within(name="within", length=True, low=a["value"], high=a["value"]),
        lambda a: f"must have length {a['value']}",
    ),
    "expect_column_values_to_be_in_set": Promise(
        ("value_set",),
        _PLAIN,
        lambda a, k: checks.OneOf(name="one_of", values=values_of(a["value_set"], k[0])),
        lambda a: f"must be one of {a['value_set']}",
    ),
    "expect_column_values_to_not_be_in_set": Promise(
        ("value_set",),
        _PLAIN,
        lambda a, k: checks.OneOf(name="one_of", values=values_of(a["value_set"], k[0]), never=True),
        lambda a: f"must be none of {a['value_set']}",
    ),
    "expect_column_values_to_match_regex": Promise(
        ("regex",), ("text",), _matches("regex"), lambda a: f"must match {a['regex']}"
    ),
    "expect_column_values_to_not_match_regex": Promise(
        ("regex",), ("text",), _matches("regex", match="none"), lambda a: f"must not match {a['regex']}"
    ),
    "expect_column_values_to_match_regex_list": Promise(
        ("regex_list", "match_on"),
        ("text",),
        _matches("regex_list"),
        lambda a: f"must match {a.get('match_on') or 'any'} of {a['regex_list']}",
    ),
    "expect_column_values_to_not_match_regex_list": Promise(
        ("regex_list",),
        ("text",),
        _matches("regex_list", match="none"),
        lambda a: f"must match none of {a['regex_list']}",
    ),
    "expect_column_values_to_match_like_pattern": Promise(
        ("like_pattern", "escape"), ("text",), _matches("like_pattern"), lambda a: f"must be like {a['like_pattern']}"
    ),
    "expect_column_values_to_not_match_like_pattern": Promise(
        ("like_pattern", "escape"),
        ("text",),
        _matches("like_pattern", match="none"),
        lambda a: f"must not be like {a['like_pattern']}",
    ),
    "expect_column_values_to_match_like_pattern_list": Promise(
        ("like_pattern_list", "match_on", "escape"),
        ("text",),
        _matches("like_pattern_list"),
        lambda a: f"must be like {a.get('match_on') or 'any'} of {a['like_pattern_list']}",
    ),
    "expect_column_values_to_not_match_like_pattern_list": Promise(
        ("like_pattern_list", "escape"),
        ("text",),
        _matches("like_pattern_list", match="none"),
        lambda a: f"must be like none of {a['like_pattern_list']}",
    ),
    "expect_column_values_to_match_strftime_format": Promise(
        ("strftime_format",),
        ("text",),
        lambda a, k: checks.Parses(name="parses", to="date", format=a["strftime_format"]),
        lambda a: f"must be a date in the format {a['strftime_format']}",
    ),
    "expect_column_values_to_be_dateutil_parseable": Promise(
        (), ("text",), lambda a, k: checks.Parses(name="parses", to="date"), lambda a: "must be a date"
    ),
    "expect_column_values_to_be_json_parseable": Promise(
        (), ("text",), lambda a, k: checks.Parses(name="parses", to="json"), lambda a: "must be JSON"
    ),
    "expect_column_values_to_match_json_schema": Promise(
        ("json_schema",), ("text",), _json, lambda a: "must be JSON that keeps the suite's JSON Schema"
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": Promise(
        ("or_equal",),
        _ORDERED,
        lambda a, k: checks.Greater(name="greater", or_equal=bool(a.get("or_equal"))),
        lambda a: f"must be {'at least' if a.get('or_equal') else 'greater than'} {a['column_B']}",
    ),
    "expect_column_pair_values_to_be_equal": Promise(
        (), _ORDERED, lambda a, k: checks.Equal(name="equal"), lambda a: f"must equal {a['column_B']}"
    ),
    "expect_column_pair_values_to_be_in_set": Promise(
        ("value_pairs_set",),
        _PLAIN,
        lambda a, k: checks.PairOf(name="pair_of", pairs=pairs_of(a["value_pairs_set"], k)),
        lambda a: f"must form with {a['column_B']} one of {a['value_pairs_set']}",
        alike=False,
    ),
    "expect_multicolumn_sum_to_equal": Promise(
        ("sum_total",),
        ("number",),
        lambda a, k: checks.Total(name="total", total=a["sum_total"]),
        lambda a: f"must add up with {_others(a)} to {a['sum_total']}",
    ),
    "expect_multicolumn_values_to_be_equal": Promise(
        (),
        _ORDERED,
        lambda a, k: checks.Equal(name="equal", missing_equal=True),
        lambda a: f"must equal {_others(a)}",
    ),
    "expect_select_column_values_to_be_unique_within_record": Promise(
        (), _ORDERED, lambda a, k: checks.Distinct(name="distinct"), lambda a: f"must differ from {_others(a)}"
    ),
}
