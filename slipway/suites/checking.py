"""Run a suite on a table with Great Expectations, on slipway's own engine for polars.

The only module that imports Great Expectations, inside the function that runs it: that costs three CPU-seconds.
"""

import difflib
import gc
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.gx_polars.batch import WhileWriting
from slipway.gx_polars.row_rules import row_rule
from slipway.suites.suite import Expectation, Severity, Suite

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

MAX_TEXT = 200
SIGNIFICANT_DIGITS = 12
"""Of what is observed: threads add up in no fixed order, and a mean's last digits change with it."""


@dataclass(frozen=True)
class Finding:
    """What one expectation found.

    Attributes:
        expectation: What was expected.
        success: Whether it held.
        num_rows: How many rows break it; None where it is about the whole table.
        observed: What a table-level expectation saw.
    """

    expectation: Expectation
    success: bool
    num_rows: int | None
    observed: Any

    def __str__(self) -> str:
        """Say what was expected and what was found."""
        found = (
            f"observed {self.observed}"
            if self.num_rows is None
            else f"{self.num_rows:,} row{'s' * (self.num_rows != 1)} broke it"
        )
        return f"{self.expectation.title}: {found}"


@dataclass(frozen=True)
class Report:
    """What a run of a suite found.

    Attributes:
        findings: In the suite's order.
        result: Great Expectations' result as JSON, without ids and times.
        gx_result: Great Expectations' own object, for its Data Docs.
    """

    findings: list[Finding]
    result: dict[str, Any]
    gx_result: "ExpectationSuiteValidationResult"

    def failed(self) -> list[Finding]:
        """Return the findings of severity critical and warning that did not hold."""
        return [each for each in self.findings if not each.success and each.expectation.severity != "info"]


@dataclass(frozen=True)
class RowRule:
    """A row-level expectation as an expression.

    Attributes:
        expectation: What is expected.
        bad: True on a row that breaks it, never null.
    """

    expectation: Expectation
    bad: pl.Expr

    @property
    def title(self) -> str:
        """What is expected, in one line: the reason of a row in quarantine."""
        return self.expectation.title

    @property
    def severity(self) -> Severity:
        """The expectation's."""
        return self.expectation.severity

    @property
    def is_strict(self) -> bool:
        """Whether one row that breaks it is enough for a failure: it allows no share by `mostly`."""
        return self.expectation.kwargs.get("mostly", 1) == 1


def row_rules(suite: Suite, schema: Mapping[str, pl.DataType], *, where: Path) -> list[RowRule]:
    """Return the suite's row-level expectations that a row breaks by itself, in order.

    Not those that judge a row by others (unique, increasing, z-scores): `splitting.check_and_split`
    finds these, too.

    Args:
        suite: What is expected.
        schema: The table's columns.
        where: The suite's file, for errors.

    Raises:
        ParamsError: An expectation's arguments make no sense.
        DataError: It names a column that is not there.
    """
    rules = []
    for number, expectation in enumerate(suite.expectations, start=1):
        _require_columns(expectation, list(schema), f"{where}, expectation {number}")
        try:
            bad = row_rule(expectation.type, expectation.kwargs, schema)
        except pl.exceptions.ColumnNotFoundError as error:
            raise DataError(f"{where}, expectation {number} ({expectation.type}): {error}") from None
        except pl.exceptions.PolarsError as error:
            message = str(error).splitlines()[0]
            raise DataError(f"{where}: {expectation.title} cannot be computed: {message}. Correct the suite.") from None
        except (TypeError, ValueError) as error:
            raise ParamsError(f"{where}, expectation {number} ({expectation.type}): {error}") from None
        if bad is not None:
            rules.append(RowRule(expectation, bad))
    return rules


def check(rows: pl.DataFrame | pl.LazyFrame | WhileWriting, suite: Suite, *, where: Path) -> Report:
    """Run the suite on the table, which is never collected.

    Args:
        rows: The rows; NaN counts as missing. A WhileWriting is written in the same pass.
        suite: What is expected.
        where: The suite's file, for errors.

    Raises:
        ParamsError: An expectation, or an argument of it, is unknown.
        DataError: An expectation names a column that is not there, or cannot be computed on its type.
    """
    lazy = rows.rows if isinstance(rows, WhileWriting) else rows.lazy()
    columns = lazy.collect_schema().names()
    for number, expectation in enumerate(suite.expectations, start=1):
        _require_columns(expectation, columns, f"{where}, expectation {number}")
    _load()
    import great_expectations as gx

    from slipway.gx_polars.datasource import add_polars

    built = [_build(each, n, f"{where}, expectation {n + 1}") for n, each in enumerate(suite.expectations)]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # GX takes a dict
    tables = add_polars(context, "tables")
    batch = tables.add_polars_frame_asset("table").add_batch_definition_whole("all").get_batch({"dataframe": rows})
    result = batch.validate(gx.ExpectationSuite(name=suite.name, expectations=built), result_format="SUMMARY")
    if isinstance(rows, WhileWriting):
        rows.finish()
    return _report(result, suite, where)


@contextmanager
def loaded_beside() -> Iterator[None]:
    """Import Great Expectations in a thread while the block reads and writes rows, which polars does without Python.

    An import that fails fails again in `check`, where it is raised.
    """

    def load() -> None:
        with suppress(ImportError):
            _load()

    thread = threading.Thread(target=load, name="import great_expectations")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _load() -> None:
    with _garbage_kept():
        import great_expectations  # noqa: F401

        import slipway.gx_polars.datasource  # noqa: F401


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Let garbage lie while a large library is imported, which makes next to none: a quarter of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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


def _report(gx_result: Any, suite: Suite, where: Path) -> Report:
    content = gx_result.to_json_dict()
    results = sorted(content["results"], key=lambda each: each["expectation_config"]["meta"]["position"])
    findings = [_finding(*pair, where=where) for pair in zip(suite.expectations, results, strict=True)]
    for expectation, result in zip(suite.expectations, results, strict=True):
        result["expectation_config"] = expectation.model_dump(exclude_none=True)
        result["result"] = _rounded(result["result"])
        del result["exception_info"]  # one that was raised has stopped the run
    statistics = content["statistics"]
    stable = _stable(
        {"success": content["success"], "suite_name": suite.name, "statistics": statistics, "results": results}
    )
    return Report(findings, stable, gx_result)


def _finding(expectation: Expectation, result: dict[str, Any], *, where: Path) -> Finding:
    info = result["exception_info"]
    raised = [each for each in (info, *info.values()) if isinstance(each, dict) and each.get("raised_exception")]
    if raised:
        message = str(raised[0]["exception_message"]).strip().splitlines()[0]
        raise DataError(f"{where}: {expectation.title} cannot be computed: {message}. Correct the suite.")
    details = result["result"]
    return Finding(expectation, bool(result["success"]), details.get("unexpected_count"), details.get("observed_value"))


def _rounded(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rounded(value) for value in node]
    return float(f"{node:.{SIGNIFICANT_DIGITS}g}") if isinstance(node, float) else node


def _stable(node: Any) -> Any:
    """Return JSON that is the same for the same findings: no NaN, no long texts, no empty ids."""
    if isinstance(node, dict):
        return {key: _stable(value) for key, value in node.items() if key != "id"}
    if isinstance(node, list):
        return [_stable(value) for value in node]
    if isinstance(node, float) and not math.isfinite(node):
        return None
    return f"{node[:MAX_TEXT]}..." if isinstance(node, str) and len(node) > MAX_TEXT else node
