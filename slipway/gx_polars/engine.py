"""The execution engine: Great Expectations asks it for the metrics of a whole suite, it answers with a few queries.

Every metric is registered without dependencies on others (registering.py), so that the validator
hands over all of a suite's at once and rounds.py can fuse them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration

from slipway.gx_polars.batch import Domain, Rows, WhileWriting
from slipway.gx_polars.conditions import row_filter
from slipway.gx_polars.map_metrics import MAP_METRICS
from slipway.gx_polars.registry import METRICS
from slipway.gx_polars.rounds import FAILURES, Outcome, Running, run_rounds, step
from slipway.gx_polars.row_rules import known

TRIES = 3
"""How often Great Expectations asks for a metric that failed; the same query would fail the same way."""


class PolarsBatchData(BatchData):
    """A table in the wrapping that Great Expectations hands around."""

    def __init__(
        self, execution_engine: ExecutionEngine[Any], data: pl.DataFrame | pl.LazyFrame | WhileWriting
    ) -> None:
        super().__init__(execution_engine=execution_engine)
        self.rows = Rows(data)


class PolarsExecutionEngine(ExecutionEngine[pl.Expr]):
    """Computes Great Expectations' metrics on lazy frames with polars' streaming engine."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._errors: dict[Any, Exception] = {}
        self._metric_cache: dict[Any, Any]

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[PolarsBatchData, BatchMarkers]:
        """Take the frame out of a batch's specification, which is copied and written as JSON later."""
        data = batch_spec.batch_data
        batch_spec.batch_data = "polars.LazyFrame"
        loaded = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return PolarsBatchData(self, data), BatchMarkers({"ge_load_time": loaded})

    def load_batch_data(self, batch_id: str, batch_data: Any) -> None:
        """Make a batch the active one; what was computed on another is forgotten."""
        if isinstance(batch_data, pl.DataFrame | pl.LazyFrame | WhileWriting):
            batch_data = PolarsBatchData(self, batch_data)
        self._metric_cache = {}
        self._errors = {}
        super().load_batch_data(batch_id=batch_id, batch_data=batch_data)

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> pl.LazyFrame:
        """Return the rows that a domain looks at."""
        domain = self._domain(domain_kwargs)
        rows = domain.rows.source.rows
        return rows if domain.where is None else rows.filter(domain.where)

    def get_compute_domain(
        self, domain_kwargs: dict[str, Any], domain_type: Any, accessor_keys: Iterable[str] | None = None
    ) -> tuple[pl.LazyFrame, dict[str, Any], dict[str, Any]]:
        """Return the rows, and the domain in the two halves that Great Expectations knows."""
        parts = self._partition_domain_kwargs(domain_kwargs, domain_type, accessor_keys)
        return self.get_domain_records(domain_kwargs), parts.compute, parts.accessor

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """Compute all metrics together; one that fails takes no other with it.

        Raises:
            MetricResolutionError: For one message at a time, since Great Expectations notes one for all
                metrics that it is raised for, and asks again for the rest.
        """
        wanted = {metric.id: metric for metric in sorted(metrics_to_resolve, key=lambda each: str(each.id))}
        new = [metric for key, metric in wanted.items() if key not in self._metric_cache and key not in self._errors]
        self._compute(new)
        failed = [metric for key, metric in wanted.items() if key in self._errors]
        if failed:
            error = self._errors[failed[0].id]
            same = [metric for metric in failed if str(self._errors[metric.id]) == str(error)]
            raise MetricResolutionError(message=str(error), failed_metrics=tuple(same * TRIES)) from error
        return {key: self._metric_cache[key] for key in wanted}

    def _compute(self, metrics: list[MetricConfiguration]) -> None:
        outcome, running = Outcome(), []
        for metric in metrics:
            try:
                domain = self._domain(metric.metric_domain_kwargs)
                compute = METRICS[metric.metric_name]
                each = Running(metric.id, domain.rows, compute(domain, **self._arguments(metric)), {})
            except FAILURES as error:
                outcome.errors[metric.id] = error
                continue
            if step(each, None, outcome):
                running.append(each)
        run_rounds(running, outcome)
        self._metric_cache.update(outcome.values)
        self._errors.update(outcome.errors)

    def _arguments(self, metric: MetricConfiguration) -> dict[str, Any]:
        kwargs = metric.metric_value_kwargs
        is_map = metric.metric_name in MAP_METRICS
        return dict(kwargs) if is_map else known(METRICS[metric.metric_name], kwargs)

    def _domain(self, kwargs: Any) -> Domain:
        batch_id = kwargs.get("batch_id") or self.batch_manager.active_batch_id
        return Domain(self._rows(batch_id), kwargs)

    def _rows(self, batch_id: str | None) -> Rows:
        if batch_id is None or batch_id not in self.batch_manager.batch_data_cache:
            raise ValueError("no table is loaded: call load_batch_data first")
        batch = self.batch_manager.batch_data_cache[batch_id]
        assert isinstance(batch, PolarsBatchData)
        return batch.rows

    # Great Expectations' Column conditions; row_filter reads them whole.
    def condition_to_filter_clause(self, condition: Any) -> pl.Expr:
        """Turn a condition into an expression over the active batch."""
        return row_filter(condition, self._rows(self.batch_manager.active_batch_id).table)

    _comparison_condition_to_filter_clause = condition_to_filter_clause
    _nullity_condition_to_filter_clause = condition_to_filter_clause
    _and_condition_to_filter_clause = condition_to_filter_clause
    _or_condition_to_filter_clause = condition_to_filter_clause
