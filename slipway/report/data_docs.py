"""Data Docs: what the suites found in a product's rows, and which rows were set aside, as one page that loads nothing.

Great Expectations' own pages fetch their styles and scripts from the internet; this one shows its results without.
"""

from pathlib import Path
from typing import Any

from slipway.report.findings import COLUMNS, Finding, findings
from slipway.report.page import css, environment
from slipway.report.quarantine import SetAside, set_aside_rows
from slipway.report.reading import Facts, optional

MAX_FINDINGS = 1000


def gather_docs(data: Path, *, private: bool) -> Facts:
    """Read what the page shows from data/<name>/.

    Args:
        data: The product's folder; whatever has not run yet is left out.
        private: Whether values of rows must not be shown.
    """
    validation = optional(data / "validate" / "validation.json")
    failed = data / "failed" / "preprocess" / "checks.json"
    checks = optional(failed if failed.exists() else data / "preprocess" / "checks.json")
    broken = [name for one in (validation, checks) for name in broken_columns(one)]
    return {
        "name": data.name,
        "private": private,
        "validation": validation,
        "suites": [suite for suite in (raw(validation, private=private), clean(checks, private=private)) if suite],
        "aside": set_aside_rows(data, first=broken, with_values=not private),
        "served": optional(data / "validate" / "rules.json"),
    }


def render_docs(facts: Facts) -> str:
    """Return the page; every text from the data is escaped."""
    return environment().get_template("data_docs.html.j2").render(facts, css=css(), most=most(facts["aside"]))


def raw(validation: Facts | None, *, private: bool) -> Facts | None:
    """Return the section of the raw suite; None where validate has not run."""
    if validation is None:
        return None
    pct = f"{validation['quarantined_pct']:g} %"
    return {
        "title": "What came in",
        "file": "raw.suite.yaml",
        "passed": validation["passed"],
        "note": f"{validation['rows']:,} rows came in, {validation['quarantined']:,} ({pct}) went to quarantine.",
        **_content(validation, private=private),
    }


def clean(checks: Facts | None, *, private: bool) -> Facts | None:
    """Return the section of the clean suite; None where preprocess has not run."""
    if checks is None:
        return None
    return {
        "title": "What cleaning left",
        "file": "clean.suite.yaml",
        "passed": checks["passed"],
        "note": "Checked over train, validation and test together.",
        **_content(checks, private=private),
    }


def _content(checked: Facts, *, private: bool) -> Facts:
    rows: list[Finding] = findings(checked, with_values=not private)
    statistics: dict[str, Any] = checked["result"]["statistics"]
    return {
        "findings": rows[:MAX_FINDINGS],
        "left_out": max(len(rows) - MAX_FINDINGS, 0),
        "met": statistics["successful_expectations"],
        "judged": statistics["evaluated_expectations"],
    }


def broken_columns(checked: Facts | None) -> list[str]:
    """Return the columns of the expectations that did not hold, which a sample shows first."""
    results = [] if checked is None else checked["result"]["results"]
    values = [one["expectation_config"]["kwargs"].get(key) for one in results if not one["success"] for key in COLUMNS]
    return [name for value in values for name in (value if isinstance(value, list) else [value]) if name is not None]


def most(aside: list[SetAside]) -> int:
    """Return the number of rows of the most frequent reason, which fills a whole bar."""
    return max((count for one in aside for _, count in one.reasons), default=1)
