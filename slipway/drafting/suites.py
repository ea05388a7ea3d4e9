"""Draft both suites from what was seen: what new rows of the same kind keep, and slips and strangers break.

Precision comes first: a rule that would send away more than a few of the rows that were seen is written as
`info`, which logs them: then the rule is as likely to be wrong as the rows are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from slipway.drafting.bounds import bounds
from slipway.drafting.cells import is_number
from slipway.drafting.dates import is_readable
from slipway.drafting.patterns import common_pattern
from slipway.drafting.profiling import NUMBER, ColumnProfile, Profile
from slipway.drafting.roles import ColumnRole
from slipway.drafting.rules import Rule, between, in_set, lengths, matches, not_in_set, not_null, rule
from slipway.drafting.slips import slips
from slipway.drafting.targets import Target
from slipway.gx_polars.row_rules import row_rule
from slipway.suites.suite import Suite

MAX_SET = 100
MAX_UNSEEN_SHARE = 0.002
MAX_SENT_PCT = 5.0
MIN_NUMBERS_SHARE = 0.5
DEFAULT_BUDGET_PCT = 5.0
MAX_BUDGET_PCT = 50.0


@dataclass(frozen=True)
class Drafted:
    """Both suites as rules with their comments, and the budget for bad rows that the raw one needs.

    Attributes:
        raw: Rules for what comes in.
        clean: Rules for what cleaning makes of it.
        sent: How many of the seen rows the raw rules of severity warning would send to quarantine.
        budget_pct: For validate.max_quarantine_pct.
    """

    raw: list[Rule]
    clean: list[Rule]
    sent: int
    budget_pct: float


def draft_suites(
    profile: Profile,
    rows: pl.LazyFrame,
    target: Target,
    roles: Sequence[ColumnRole],
    classes: list[str] | None,
    num_bytes: int = 0,
) -> Drafted:
    """Draft the suites, and count on all rows what the raw one would send away.

    Args:
        profile: What was seen.
        rows: The rows as ingest gives them.
        target: What is predicted.
        roles: Of all columns.
        classes: The target's labels, as texts; None for a regression.
        num_bytes: Of an image, where there are some.
    """
    dtypes = rows.collect_schema()
    rules = _table_rules(profile)
    for role in roles:
        column = profile.columns[role.name]
        if role.name == target.column:
            rules += _target_rules(column, target, dtypes[role.name])
        elif role.role == "image" and num_bytes:
            rules.append(not_null(role.name, "Images of one size, a byte for each pixel and channel."))
            rules.append(rule("column_value_lengths_to_equal", column=role.name, value=num_bytes))
        elif role.role not in ("ignored", "image"):
            rules += _column_rules(column, role, dtypes[role.name])
    raw, sent = _weighed(rules, rows)
    share_pct = 100 * sent / profile.rows if profile.rows else 0.0
    budget = min(MAX_BUDGET_PCT, max(DEFAULT_BUDGET_PCT, float(math.ceil(1.5 * share_pct))))
    return Drafted(raw, _clean_rules(profile, target, roles, classes), sent, budget)


def suite_of(name: str, rules: Sequence[Rule]) -> Suite:
    """Return the rules as a suite."""
    return Suite(name=name, expectations=[one.expectation for one in rules])


def _table_rules(profile: Profile) -> list[Rule]:
    return [
        rule(
            "table_columns_to_match_set",
            "The table: these columns, in any order, and not far fewer rows than were seen.",
            severity="critical",
            column_set=list(profile.columns),
        ),
        rule("table_row_count_to_be_between", severity="critical", min_value=_few(profile.rows, 0.1)),
    ]


def _few(rows: int, share: float) -> int:
    """Return a share of the rows, rounded down to one digit and at least 1."""
    few = max(1, int(rows * share))
    unit = 10 ** (len(str(few)) - 1)
    return few // unit * unit


def _target_rules(column: ColumnProfile, target: Target, dtype: pl.DataType) -> list[Rule]:
    rules = [not_null(column.name, "The target: a row without it teaches nothing.")]
    if target.task == "regression":
        return [*rules, *_number_rules(column, dtype)]
    values = list(column.counts or {})
    if dtype.is_numeric():
        values = [int(value) if float(value).is_integer() else value for value in values]
    return [
        *rules,
        in_set(column.name, sorted(values, key=str)),
        rule("column_unique_value_count_to_be_between", severity="critical", column=column.name, min_value=2),
    ]


def _column_rules(column: ColumnProfile, role: ColumnRole, dtype: pl.DataType) -> list[Rule]:
    rules = []
    if column.kind == "number" or (column.kind == "text" and _mostly_numbers(column)):
        rules = _number_rules(column, dtype)
    elif column.kind == "text":
        rules = _text_rules(column, role)
    return [*_gap_rules(column), *rules]


def _gap_rules(column: ColumnProfile) -> list[Rule]:
    """Draft how many values may be missing: more than were, since gaps are imputed, but not most."""
    known = column.known / column.rows
    mostly = math.floor(100 * (known - 0.05 - 0.25 * (1 - known))) / 100
    return [not_null(column.name, mostly=mostly)] if mostly >= 0.05 else []


def _number_rules(column: ColumnProfile, dtype: pl.DataType) -> list[Rule]:
    """Draft a range, or for numbers that are still texts their format: ranges are for the clean suite then."""
    if dtype == pl.String:
        why = f"Numbers as texts: {column.dirt:,} were none." if column.dirt else ""
        return [matches(column.name, f"^ *{NUMBER[1:-1]} *$", why)]
    low, high = bounds(column)
    return [between(column.name, low, high)] if dtype.is_numeric() and (low, high) != (None, None) else []


def _mostly_numbers(column: ColumnProfile) -> bool:
    """Say whether most of the texts of a domain are numbers, so that the others are the strange ones."""
    if not column.counts or column.has_leading_zeros:
        return False
    numbers = sum(count for value, count in column.counts.items() if is_number(str(value)))
    return MIN_NUMBERS_SHARE * column.known < numbers < column.known


def _text_rules(column: ColumnProfile, role: ColumnRole) -> list[Rule]:
    if role.role == "date" and column.format is not None and is_readable(column.format):
        return [rule("column_values_to_match_strftime_format", column=column.name, strftime_format=column.format)]
    if role.role == "text" or column.counts is None:
        return [lengths(column.name, *_length_range(column))]
    wrong = slips(column.counts, column.known) if role.role in ("category", "boolean") else {}
    kept = {value: count for value, count in column.counts.items() if value not in wrong}
    why = f"Left out, as slips: {_listed(wrong)}." if wrong else ""
    if role.role in ("category", "boolean") and _is_closed(kept):
        return [in_set(column.name, sorted(kept, key=str), why)]
    rules = [not_in_set(column.name, sorted(wrong), f"These look like slips: {_listed(wrong)}.")] if wrong else []
    pattern = common_pattern(column.counts)
    if pattern is not None:
        return [*rules, matches(column.name, pattern, "The format of nearly all values.")]
    return [*rules, lengths(column.name, *_length_range(column))]


def _listed(wrong: Mapping[str, str]) -> str:
    shown = [f"{value} ({meant})" for value, meant in sorted(wrong.items())[:3]]
    return ", ".join(shown) + (f", and {len(wrong) - 3} more" if len(wrong) > 3 else "")


def _is_closed(counts: Mapping[str, int]) -> bool:
    """Say whether a list of values is probably whole.

    The chance that the next row brings a value not seen yet is about the share of rows whose value was seen once
    (Good 1953, "The population frequencies of species", section 2).
    """
    once = sum(count == 1 for count in counts.values())
    return len(counts) <= MAX_SET and once <= MAX_UNSEEN_SHARE * sum(counts.values())


def _length_range(column: ColumnProfile) -> tuple[int, int]:
    shortest, longest = column.lengths
    return max(1, shortest // 2), 2 * max(1, longest)


def _weighed(rules: list[Rule], rows: pl.LazyFrame) -> tuple[list[Rule], int]:
    """Count what each rule would send away: one that would send many is lowered to `info`."""
    strict = {number: broken for number, one in enumerate(rules) if (broken := _broken(one, rows)) is not None}
    counted = (
        rows.select(pl.len().alias("rows"), *(broken.sum().alias(str(number)) for number, broken in strict.items()))
        .collect(engine="streaming")
        .row(0, named=True)
    )
    weighed, sending = list(rules), []
    for number, broken in strict.items():
        one, count = rules[number], int(counted[str(number)])
        if 100 * count > MAX_SENT_PCT * counted["rows"]:
            note = f"Only logged: {count:,} of the {counted['rows']:,} rows seen break it."
            weighed[number] = Rule(one.lowered("info").expectation, f"{one.why} {note}".strip())
        elif count:
            note = f"{count:,} of the rows seen break{'s' if count == 1 else ''} it."
            weighed[number] = Rule(one.expectation, f"{one.why} {note}".strip())
            sending.append(broken)
    if not sending:
        return weighed, 0
    return weighed, int(rows.select(pl.any_horizontal(sending).sum()).collect(engine="streaming").item())


def _broken(one: Rule, rows: pl.LazyFrame) -> pl.Expr | None:
    """Return what is true in rows that a rule sends away; None for one about the table, or about a share."""
    if "mostly" in one.expectation.kwargs:
        return None
    return row_rule(one.expectation.type, one.expectation.kwargs, rows.collect_schema())


def _clean_rules(
    profile: Profile, target: Target, roles: Sequence[ColumnRole], classes: list[str] | None
) -> list[Rule]:
    """Draft what cleaning must leave: enough rows, the target's classes, and columns that still hold something."""
    few = "What is left after cleaning: enough rows, and features that hold something."
    rules = [rule("table_row_count_to_be_between", few, severity="critical", min_value=_few(profile.rows, 0.05))]
    if target.column is not None:
        rules.append(not_null(target.column).lowered("critical"))
    if target.column is not None and classes is not None:
        rules.append(in_set(target.column, classes).lowered("critical"))
    for role in roles:
        column = profile.columns[role.name]
        if role.role not in ("number", "category", "boolean", "text") or role.name == target.column:
            continue
        known_share = (column.known - column.dirt) / column.rows
        mostly = math.floor(100 * 0.5 * known_share) / 100
        if mostly > 0:
            rules.append(not_null(role.name, mostly=mostly))
        if role.role == "number" and column.dtype == "String":
            rules.append(between(role.name, *bounds(column)).lowered("info"))
    return rules
