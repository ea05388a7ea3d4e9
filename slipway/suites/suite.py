"""A suite file: Great Expectations' own YAML, with the severity of each expectation stated."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from slipway.product.reading import check_section, read_yaml
from slipway.product.section import Section

Severity = Literal["critical", "warning", "info"]

COLUMN_KEYS = ("column", "column_A", "column_B")


class Expectation(Section):
    """One expectation, as Great Expectations spells it."""

    type: str
    """Its name: expect_column_values_to_be_between ..."""

    kwargs: dict[str, Any] = {}
    """Its arguments."""

    severity: Severity
    """critical: a failure fails the run. warning: its rows go to quarantine. info: only logged."""

    meta: dict[str, Any] = {}
    """Anything; kept in the result."""

    notes: str | list[str] | None = None
    """For people."""

    description: str | None = None
    """For people."""

    @property
    def columns(self) -> list[str]:
        """The columns that it reads and that must be there; empty for one about the table's own shape."""
        if self.type.startswith("expect_table_") or self.type == "expect_column_to_exist":
            return []
        single = [self.kwargs[key] for key in COLUMN_KEYS if key in self.kwargs]
        return [name for name in [*single, *(self.kwargs.get("column_list") or [])] if isinstance(name, str)]

    @property
    def title(self) -> str:
        """What is expected, in one line.

        >>> between = {"column": "age", "min_value": 0, "max_value": 120}
        >>> Expectation(type="expect_column_values_to_be_between", kwargs=between, severity="warning").title
        'age: values_to_be_between(min_value=0, max_value=120)'
        """
        named = {*COLUMN_KEYS, "column_list"} if self.columns else set[str]()
        arguments = ", ".join(f"{key}={_short(value)}" for key, value in self.kwargs.items() if key not in named)
        subject = f"{', '.join(self.columns)}: " if self.columns else ""
        name = self.type.removeprefix("expect_")
        return f"{subject}{name.removeprefix('column_') if self.columns else name}({arguments})"


class Suite(Section):
    """What is expected of a table."""

    name: str
    """Its name in results."""

    expectations: list[Expectation] = Field(min_length=1)
    """In the order of the results."""

    meta: dict[str, Any] = {}
    """Anything; Great Expectations keeps it."""

    notes: str | list[str] | None = None
    """For people."""


def read_suite(path: Path) -> Suite:
    """Read and check a suite's YAML; whether each expectation exists is seen when it runs.

    Raises:
        ParamsError: the file is absent, is no YAML, or lacks a severity.
    """
    return check_section(read_yaml(path), Suite, where=str(path))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
