"""A suite file: Great Expectations' own YAML, with the severity of each expectation stated."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

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

    parameters: dict[str, bool | int | float | str | list[Any]] = {}
    """Values by name: `{$PARAMETER: oldest}` as an argument stands for the value of `oldest`."""

    meta: dict[str, Any] = {}
    """Anything; Great Expectations keeps it."""

    notes: str | list[str] | None = None
    """For people."""

    @model_validator(mode="before")
    @classmethod
    def _parameters_are_filled_in(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
            return content  # for the fields to refuse
        given = content.get("parameters") or {}
        used: set[str] = set()
        filled = _filled(content["expectations"], given, used)
        if unused := [name for name in given if name not in used]:
            raise ValueError(f"parameters {unused} stand for nothing: use {{$PARAMETER: {unused[0]}}}, or remove them")
        return {**content, "expectations": filled}


def _filled(node: Any, given: dict[str, Any], used: set[str]) -> Any:
    """Put the values in the place of `{$PARAMETER: name}`, and note the names."""
    if isinstance(node, list):
        return [_filled(each, given, used) for each in node]
    if not isinstance(node, dict):
        return node
    if set(node) != {"$PARAMETER"}:
        return {key: _filled(value, given, used) for key, value in node.items()}
    name = node["$PARAMETER"]
    if name not in given:
        raise ValueError(f"$PARAMETER {name!r} has no value; parameters gives {', '.join(given) or 'none'}")
    used.add(name)
    return given[name]


def read_suite(path: Path) -> Suite:
    """Read and check a suite's YAML; whether each expectation exists is seen when it runs.

    Raises:
        ParamsError: the file is absent, is no YAML, or lacks a severity.
    """
    return check_section(read_yaml(path), Suite, where=str(path))


def _short(value: Any) -> str:
    """Return a value with both of its ends: two long row conditions often differ in the last one alone."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:77]}...{text[-40:]}"
