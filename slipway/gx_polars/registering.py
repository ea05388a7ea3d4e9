"""Tell Great Expectations about the engine: its metrics, its data source, and three expectations that name engines."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
from great_expectations.expectations.metrics.metric_provider import MetricProvider
from great_expectations.expectations.registry import (
    _registered_metrics,
    get_expectation_impl,
    register_core_metrics,
    register_metric,
)

from slipway.gx_polars.engine import PolarsExecutionEngine
from slipway.gx_polars.registry import METRICS

FAMILIES: dict[str, Callable[[pl.DataType], bool]] = {
    "int": lambda dtype: dtype.is_integer(),
    "float": lambda dtype: dtype.is_float(),
    "str": lambda dtype: isinstance(dtype, pl.String | pl.Categorical | pl.Enum),
    "bool": lambda dtype: isinstance(dtype, pl.Boolean),
    "bytes": lambda dtype: isinstance(dtype, pl.Binary),
    "date": lambda dtype: isinstance(dtype, pl.Date),
    "datetime": lambda dtype: isinstance(dtype, pl.Datetime),
}
"""Python's names for a column's type, beside polars' own (`Int64`, `String` ...)."""


def register() -> None:
    """Register what the engine computes; a second call changes nothing."""
    register_core_metrics()
    for name in METRICS:
        spec = _registered_metrics.get(name)
        if spec is not None and PolarsExecutionEngine.__name__ not in spec["providers"]:
            _register_metric(name, spec)
    _read_types()
    _quantiles_as_bool()


def _register_metric(name: str, spec: dict[str, Any]) -> None:
    """Register a metric with the arguments that it has on other engines, and no dependencies."""
    provider = type(
        f"Polars{re.sub(r'[^a-zA-Z0-9]', '_', name)}",
        (MetricProvider,),
        {
            "domain_keys": spec["metric_domain_keys"],
            "value_keys": spec["metric_value_keys"],
            "default_kwarg_values": spec["default_kwarg_values"],
            "_get_evaluation_dependencies": classmethod(lambda cls, *args, **kwargs: {}),
        },
    )
    register_metric(
        metric_name=name,
        metric_domain_keys=spec["metric_domain_keys"],
        metric_value_keys=spec["metric_value_keys"],
        execution_engine=PolarsExecutionEngine,
        metric_class=provider,
        metric_provider=METRICS[name],
    )


def names_of(dtype: pl.DataType) -> set[str]:
    """Return the names, in small letters, that a suite may use for a type.

    >>> sorted(names_of(pl.Int64()))
    ['int', 'int64']
    """
    return {str(dtype).lower(), *(name for name, holds in FAMILIES.items() if holds(dtype))}


def _read_types() -> None:
    """Have the three expectations about types, which name Great Expectations' own engines, ask this one as well."""
    for expectation, key in (
        ("expect_column_values_to_be_of_type", "type_"),
        ("expect_column_values_to_be_in_type_list", "type_list"),
        ("expect_column_type_to_be", "type_"),
    ):
        _wrap_validate(expectation, partial(_type_validator, key))


def _type_validator(key: str, old: Callable[..., Any]) -> Callable[..., Any]:
    def validate(self: Any, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        if not isinstance(execution_engine, PolarsExecutionEngine):
            return old(self, metrics, runtime_configuration, execution_engine)
        kwargs = self.configuration.kwargs
        types = {each["name"]: each["type"] for each in metrics["table.column_types"]}
        if kwargs["column"] not in types:
            raise KeyError(f"the table has no column '{kwargs['column']}'")
        dtype, wanted = types[kwargs["column"]], kwargs.get(key)
        wanted = [wanted] if isinstance(wanted, str) else wanted
        success = wanted is None or not names_of(dtype).isdisjoint(each.lower() for each in wanted)
        return {"success": success, "result": {"observed_value": str(dtype)}}

    return validate


def _quantiles_as_bool() -> None:
    """Have the expectation about quantiles answer with Python's bool: NumPy's stops the run on every engine."""

    def wrap(old: Callable[..., Any]) -> Callable[..., Any]:
        def validate(self: Any, *args: Any, **kwargs: Any) -> Any:
            answer = old(self, *args, **kwargs)
            return {**answer, "success": bool(answer["success"])}

        return validate

    _wrap_validate("expect_column_quantile_values_to_be_between", wrap)


def _wrap_validate(name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    expectation: Any = get_expectation_impl(name)
    if not hasattr(expectation._validate, "knows_polars"):
        new = wrap(expectation._validate)
        new.knows_polars = True  # type: ignore[attr-defined]
        expectation._validate = new
