"""Run a suite on a table with Great Expectations; the only module that imports it, inside the function that runs it.

Great Expectations has no polars engine of its own, so the columns that a suite names are handed to
its pandas engine. Importing it costs three CPU-seconds.
"""

import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.suites.suite import Expectation, Suite

if TYPE_CHECKING:
    import pandas as pd

MAX_TEXT = 200

# Without lists as long as the table; the positions of broken rows are read, then left out of the result.
RESULT_FORMAT = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
LEFT_OUT = ("unexpected_list", "unexpected_index_list", "unexpected_index_query")


@dataclass(frozen=True)
class Finding:
    """What one expectation found.

    Attributes:
        expectation: What was expected.
        success: Whether it held.
        rows: Positions of the rows that break it; None where it is about the whole table.
        observed: What a table-level expectation saw.
    """

    expectation: Expectation
    success: bool
    rows: list[int] | None
    observed: Any

    def __str__(self) -> str:
        """Say what was expected and what was found."""
        found = (
            f"observed {self.observed}"
            if self.rows is None
            else f"{len(self.rows):,} row{'s' * (len(self.rows) != 1)} broke it"
        )
        return f"{self.expectation.title}: {found}"


@dataclass(frozen=True)
class Report:
    """The findings in the suite's order, and Great Expectations' result without ids and times."""

    findings: list[Finding]
    result: dict[str, Any]

    def failed(self) -> list[Finding]:
        """Return the findings of severity critical and warning that did not hold."""
        return [each for each in self.findings if not each.success and each.expectation.severity != "info"]


def check(table: pl.DataFrame, suite: Suite, *, where: Path) -> Report:
    """Run the suite on the table.

    Args:
        table: The rows; NaN counts as missing.
        suite: What is expected.
        where: The suite's file, for errors.

    Raises:
        ParamsError: An expectation, or an argument of it, is unknown.
        DataError: An expectation names a column that is not there, or cannot be computed on its type.
    """
    for number, expectation in enumerate(suite.expectations, start=1):
        _require_columns(expectation, table.columns, f"{where}, expectation {number}")
    import great_expectations as gx

    built = [_build(each, n, f"{where}, expectation {n + 1}") for n, each in enumerate(suite.expectations)]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # GX takes a dict
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": _to_pandas(table, suite)})
    gx_suite = gx.ExpectationSuite(name=suite.name, expectations=built)
    content = batch.validate(gx_suite, result_format=RESULT_FORMAT).to_json_dict()
    return _report(content, suite, where)


def _require_columns(expectation: Expectation, columns: list[str], where: str) -> None:
    for name in expectation.columns:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(columns[:20])}."
            raise DataError(
                f"{where} ({expectation.type}): the table has no column '{name}'; {hint} "
                "Correct the suite, or bring the column back."
            )


def _build(expectation: Expectation, position: int, where: str) -> Any:
    """Build Great Expectations' own object; its place is noted, since results come in another order.

    Each class is built by itself: a suite only logs an expectation that it does not know, and goes on without it.
    """
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )
    from pydantic.v1 import ValidationError

    try:
        implementation: Any = get_expectation_impl(expectation.type)
        return implementation(**expectation.kwargs, severity=expectation.severity, meta={"position": position})
    except ExpectationNotFoundError:
        near = difflib.get_close_matches(expectation.type, list_registered_expectation_implementations(), n=1)
        hint = f"did you mean {near[0]}?" if near else "see greatexpectations.io/expectations for the list."
        raise ParamsError(f"{where}: there is no {expectation.type}; {hint}") from None
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each["msg"] for each in reversed(error.errors())}
        text = "; ".join(
            f"{key} = {expectation.kwargs[key]!r}: {message}" if key in expectation.kwargs else message
            for key, message in wrong.items()
        )
        raise ParamsError(f"{where} ({expectation.type}): {text}. Correct its kwargs.") from None


def _to_pandas(table: pl.DataFrame, suite: Suite) -> "pd.DataFrame":
    """Copy the columns that the suite names; the others are zeros, since only their names count."""
    import pandas as pd

    named = {text for each in suite.expectations for text in _texts(each.kwargs)}
    zeros = np.zeros(table.height, np.int8)
    return pd.DataFrame({name: _column(table[name]) if name in named else zeros for name in table.columns})


def _texts(node: Any) -> set[str]:
    """Return every text in an expectation's arguments, row conditions included."""
    if isinstance(node, dict):
        return {text for value in node.values() for text in _texts(value)}
    if isinstance(node, list):
        return {text for value in node for text in _texts(value)}
    return {node} if isinstance(node, str) else set()


def _column(column: pl.Series) -> Any:
    """Return a column as NumPy or pandas holds it best; bytes become texts of the same length."""
    import pandas as pd

    if column.dtype == pl.Binary:
        return pd.Series([None if value is None else value.decode("latin-1") for value in column], dtype=object)
    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_nan(None).to_numpy()
    if column.dtype.is_integer():
        return column.cast(pl.Float64 if column.has_nulls() else pl.Int64, strict=False).to_numpy()
    if column.dtype == pl.Datetime:
        return column.cast(pl.Datetime("ns")).to_numpy()
    return pd.Series(column.to_list(), dtype=object)


def _report(content: Any, suite: Suite, where: Path) -> Report:
    results = sorted(content["results"], key=lambda each: each["expectation_config"]["meta"]["position"])
    findings = [_finding(*pair, where=where) for pair in zip(suite.expectations, results, strict=True)]
    for expectation, result in zip(suite.expectations, results, strict=True):
        result["expectation_config"] = expectation.model_dump(exclude_none=True)
        result["result"] = {key: value for key, value in result["result"].items() if key not in LEFT_OUT}
        del result["exception_info"]  # one that was raised has stopped the run
    statistics = content["statistics"]
    return Report(
        findings,
        _stable(
            {"success": content["success"], "suite_name": suite.name, "statistics": statistics, "results": results}
        ),
    )


def _finding(expectation: Expectation, result: dict[str, Any], *, where: Path) -> Finding:
    info = result["exception_info"]
    raised = [each for each in (info, *info.values()) if isinstance(each, dict) and each.get("raised_exception")]
    if raised:
        message = str(raised[0]["exception_message"]).strip().splitlines()[0]
        raise DataError(f"{where}: {expectation.title} cannot be computed: {message}. Correct the suite.")
    details = result["result"]
    rows = details.get("unexpected_index_list") if "unexpected_count" in details else None
    rows = [] if rows is None and "unexpected_count" in details else rows
    return Finding(expectation, bool(result["success"]), rows, details.get("observed_value"))


def _stable(node: Any) -> Any:
    """Return JSON that is the same for the same findings: no NaN, no long texts, no empty ids."""
    if isinstance(node, dict):
        return {key: _stable(value) for key, value in node.items() if key != "id"}
    if isinstance(node, list):
        return [_stable(value) for value in node]
    if isinstance(node, float) and not math.isfinite(node):
        return None
    return f"{node[:MAX_TEXT]}..." if isinstance(node, str) and len(node) > MAX_TEXT else node
