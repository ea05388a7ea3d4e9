"""The data source: `context.data_sources.add_polars(name)`, with assets for frames, for Parquet, and for writing.

Importing this module registers it: Great Expectations notes a data source as soon as its class exists.
"""

import builtins
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import polars as pl
from great_expectations.core.batch import LegacyBatchDefinition
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.batch_spec import RuntimeDataBatchSpec
from great_expectations.core.id_dict import IDDict
from great_expectations.datasource.fluent.batch_identifier_util import make_batch_identifier
from great_expectations.datasource.fluent.batch_request import BatchRequest
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset, Datasource

from slipway.gx_polars.batch import WhileWriting
from slipway.gx_polars.engine import PolarsExecutionEngine
from slipway.gx_polars.registering import register


class PolarsAsset(DataAsset[Any, Any]):
    """A table that polars reads lazily."""

    def test_connection(self) -> None:
        """Succeed: what is read is seen when it is read."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """Name what has to be given at run time."""
        return ("dataframe",)

    def build_batch_request(
        self, options: Any = None, batch_slice: Any = None, partitioner: Any = None
    ) -> BatchRequest[Any]:
        """Ask for the whole table."""
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options or {})

    def get_batch_identifiers_list(self, batch_request: BatchRequest[Any]) -> list[dict[Any, Any]]:
        """Return the only batch's."""
        return [IDDict(batch_request.options)]

    def add_batch_definition_whole(self, name: str) -> BatchDefinition[Any]:
        """Define a batch: the whole table."""
        return self.add_batch_definition(name=name, partitioner=None)

    def get_batch(self, batch_request: BatchRequest[Any]) -> Batch:
        """Make the batch that Great Expectations' validator takes."""
        spec = RuntimeDataBatchSpec(batch_data=self.rows(dict(batch_request.options)))
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(batch_spec=spec)
        definition = LegacyBatchDefinition(
            datasource_name=self.datasource.name,
            data_connector_name="fluent",
            data_asset_name=self.name,
            batch_identifiers=make_batch_identifier(batch_request.options),
            batch_spec_passthrough=None,
        )
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(batch_request, ignore_options=("dataframe",)),
            batch_markers=markers,
            batch_spec=spec,
            batch_definition=definition,
        )

    def rows(self, options: dict[str, Any]) -> pl.DataFrame | pl.LazyFrame | WhileWriting:
        """Return the table of a batch."""
        raise NotImplementedError


class PolarsFrameAsset(PolarsAsset):
    """A frame given at run time: `batch_parameters={"dataframe": rows}`; a WhileWriting, too."""

    type: Literal["polars_frame"] = "polars_frame"

    def rows(self, options: dict[str, Any]) -> pl.DataFrame | pl.LazyFrame | WhileWriting:
        """Return the frame that was given.

        Raises:
            TypeError: It is none of polars'.
        """
        given = options.get("dataframe")
        if not isinstance(given, pl.DataFrame | pl.LazyFrame | WhileWriting):
            raise TypeError(
                f"batch parameter 'dataframe' is a {type(given).__name__}: give a polars DataFrame or LazyFrame"
            )
        return given


class PolarsParquetAsset(PolarsAsset):
    """Parquet files: a path or a glob."""

    type: Literal["polars_parquet"] = "polars_parquet"
    path: str

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """Name nothing: the path says it all."""
        return ()

    def rows(self, options: dict[str, Any]) -> pl.LazyFrame:
        """Scan the files."""
        return pl.scan_parquet(self.path)


class PolarsDatasource(Datasource[Any, Any]):
    """A data source for polars."""

    asset_types: ClassVar[Sequence[type[DataAsset[Any, Any]]]] = [PolarsFrameAsset, PolarsParquetAsset]
    type: Literal["polars"] = "polars"
    assets: list[PolarsFrameAsset | PolarsParquetAsset] = []

    @property
    def execution_engine_type(self) -> builtins.type[PolarsExecutionEngine]:
        """The engine that computes on it."""
        return PolarsExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Succeed: there is nothing to connect to."""


def add_polars(context: Any, name: str) -> Any:
    """Add the data source to a context; the same as `context.data_sources.add_polars(name)`."""
    return context.data_sources.add_polars(name)


register()
