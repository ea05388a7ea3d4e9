"""Rows that training has not seen: raw, as a client sends them, beside their clean targets and groups."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError
from slipway.judging.groups import groups_of
from slipway.judging.sampling import drawn_places
from slipway.serving.asking import as_json
from slipway.tables.schema import ROW_ID, Schema


@dataclass(frozen=True)
class FreshRows:
    """The same N test rows in the same order."""

    raw: pl.DataFrame
    """As validate let them pass: what a server must clean and prepare itself."""

    clean: pl.DataFrame
    """Their `_id` and targets, as preprocess left them."""

    groups: dict[str, pl.Series]
    """By sensitive column, the group that each row belongs to [N]."""

    num_there: int
    """How many test rows there are, of which these are some."""

    def records(self, names: Sequence[str]) -> list[bytes]:
        """Return the JSON of each row's record of these columns [N].

        Raises:
            DataError: the rows have no such column.
        """
        if lacking := [name for name in names if name not in self.raw.columns]:
            raise DataError(f"the rows of validate have no column {lacking}, which the model takes")
        rows = self.raw.select(names).iter_rows(named=True)
        return [as_json({name: json_value(value) for name, value in row.items()}) for row in rows]

    def take(self, indices: Sequence[int]) -> "FreshRows":
        """Return some of the rows."""
        some = list(indices)
        groups = {name: names[some] for name, names in self.groups.items()}
        return FreshRows(self.raw[some], self.clean[some], groups, self.num_there)


def read_fresh_rows(validate: Path, preprocess: Path, schema: Schema, *, limit: int) -> FreshRows:
    """Read at most `limit` test rows, drawn by the product's seed, from validate and preprocess.

    Raises:
        DataError: a test row is not among the raw ones.
    """
    test, table = preprocess / "test.parquet", validate / "table.parquet"
    known = pl.read_parquet_schema(test)
    sensitive = [name for name in schema.product.sensitive if name in known]
    clean = pl.read_parquet(test, columns=list(dict.fromkeys([ROW_ID, *schema.targets, *sensitive])))
    groups = {name: groups_of(clean, name) for name in sensitive}
    num_there = clean.height
    if num_there > limit:
        drawn = drawn_places(num_there, limit, schema.product.seed)
        clean, groups = clean[drawn], {name: names[drawn] for name, names in groups.items()}
    wanted = clean.select(ROW_ID)
    raw = pl.scan_parquet(table).join(wanted.lazy(), on=ROW_ID, how="semi").collect()
    if raw.height != clean.height:
        raise DataError(f"{table} does not hold each row of {test} once: run validate and preprocess again")
    raw = wanted.join(raw, on=ROW_ID, how="left", maintain_order="left")
    return FreshRows(raw, clean.select(ROW_ID, *schema.targets), groups, num_there)


def json_value(value: Any) -> Any:
    """Return a cell as a client writes it in JSON: NaN is missing, bytes are base64, dates are ISO 8601.

    >>> json_value(float("nan")), json_value(b"abc"), json_value(date(2026, 1, 31))
    (None, 'YWJj', '2026-01-31')
    """
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value
