"""The metrics that this engine computes, by Great Expectations' names."""

from collections.abc import Callable

from slipway.gx_polars.column_metrics import COLUMN_METRICS
from slipway.gx_polars.counting_metrics import COUNTING_METRICS
from slipway.gx_polars.map_metrics import MAP_METRICS
from slipway.gx_polars.rounds import Metric
from slipway.gx_polars.table_metrics import TABLE_METRICS

METRICS: dict[str, Callable[..., Metric]] = {**TABLE_METRICS, **COLUMN_METRICS, **COUNTING_METRICS, **MAP_METRICS}
