"""What each expectation of a suite found, as a page or a table of artifacts shows it."""

from typing import Any

from slipway.report.texts import shown

COLUMNS = ("column", "column_A", "column_B", "column_list")
OPTIONS = ("batch_id", "condition_parser", "row_condition")
MAX_EXAMPLES = 8

Finding = dict[str, Any]


def findings(checked: dict[str, Any] | None, *, with_values: bool = False) -> list[Finding]:
    """Return a row for each expectation, broken ones first.

    Args:
        checked: validation.json or checks.json; None where the suite has not run.
        with_values: Whether what was observed, and examples of values, may be shown: they come from rows.
    """
    results = [] if checked is None else checked["result"]["results"]
    rows = [_finding(result) | (_values(result["result"]) if with_values else {}) for result in results]
    return sorted(rows, key=lambda row: row["success"])


def _finding(result: dict[str, Any]) -> Finding:
    config, found = result["expectation_config"], result["result"]
    kwargs = config["kwargs"]
    arguments = {key: value for key, value in kwargs.items() if key not in (*COLUMNS, *OPTIONS) and value is not None}
    condition = kwargs.get("row_condition")
    where = f"where {condition_text(condition)}" if condition else ""
    return {
        "success": result["success"],
        "type": config["type"].removeprefix("expect_").replace("_", " "),
        "column": ", ".join(name for key in COLUMNS for name in _names(kwargs.get(key))),
        "arguments": ", ".join([f"{key} {shown(value)}" for key, value in arguments.items()] + [where] * bool(where)),
        "severity": config.get("severity") or "critical",
        "unexpected": found.get("unexpected_count", ""),
        "unexpected_pct": found.get("unexpected_percent"),
        "notes": " ".join(_names(config.get("description")) + _names(config.get("notes"))),
        "observed": None,
        "examples": [],
    }


def _values(found: dict[str, Any]) -> Finding:
    """Return what was observed, and examples of values against it, the frequent ones first."""
    counts = found.get("partial_unexpected_counts") or []
    if counts and all("value" in each for each in counts):
        examples = [(shown(each["value"]), each.get("count")) for each in counts]
    else:
        examples = [(shown(value), None) for value in found.get("partial_unexpected_list") or []]
    return {"observed": found.get("observed_value"), "examples": examples[:MAX_EXAMPLES]}


def _names(value: Any) -> list[str]:
    return [] if value is None else [str(each) for each in value] if isinstance(value, list) else [str(value)]


def condition_text(condition: Any) -> str:
    """Spell a row_condition.

    >>> condition_text({"type": "comparison", "column": {"name": "age"}, "operator": ">", "parameter": 18})
    'age > 18'
    """
    match condition:
        case {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": parameter}:
            return f"{name} {operator} {parameter!r}"
        case {"type": "nullity", "column": {"name": name}, "is_null": is_null}:
            return f"{name} is {'missing' if is_null else 'there'}"
        case {"type": "and" | "or" as both, "conditions": [*parts]}:
            return f" {both} ".join(map(condition_text, parts))
    return str(condition)
