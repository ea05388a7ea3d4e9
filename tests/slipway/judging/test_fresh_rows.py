"""Raw rows and clean ones are the same rows in the same order, and a cell is written as a client writes it."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.judging.fresh_rows import read_fresh_rows
from slipway.product.product import Product
from slipway.tables.schema import Schema

SCHEMA = Schema(product=Product(kind="tabular", target="y", sensitive=["x", "gone"], seed=3), columns=[], classes=None)


def written(root: Path, raw: pl.DataFrame, clean: pl.DataFrame) -> tuple[Path, Path]:
    for stage, frame, name in (("validate", raw, "table"), ("preprocess", clean, "test")):
        (root / stage).mkdir()
        frame.write_parquet(root / stage / f"{name}.parquet")
    return root / "validate", root / "preprocess"


def rows(ids: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"_id": ids, "x": ids, "y": [f"{i}" for i in ids]})


def test_rows_are_joined_by_their_id_and_drawn_by_the_seed(tmp_path: Path) -> None:
    ids = [index * 7 % 101 for index in range(100)]
    folders = written(tmp_path, rows([*range(101, 140), *reversed(ids)]), rows(ids))
    fresh = read_fresh_rows(*folders, SCHEMA, limit=30)
    assert fresh.raw["_id"].to_list() == fresh.clean["_id"].to_list()
    assert fresh.raw["x"].to_list() == fresh.raw["_id"].to_list()
    assert (fresh.clean.height, fresh.num_there, list(fresh.groups)) == (30, 100, ["x"])
    assert set(fresh.groups["x"]) <= {"at most 24", "over 24 to 49", "over 49 to 74", "over 74"}
    assert read_fresh_rows(*folders, SCHEMA, limit=30).clean.equals(fresh.clean)
    assert read_fresh_rows(*folders, SCHEMA, limit=1000).clean["_id"].to_list() == ids


@pytest.mark.parametrize("raw", [[1, 2], [1, 2, 3, 3]])
def test_a_row_that_is_missing_or_twice_among_the_raw_ones_is_told(tmp_path: Path, raw: list[int]) -> None:
    folders = written(tmp_path, rows(raw), rows([1, 2, 3]))
    with pytest.raises(DataError, match="does not hold each row of .*test.parquet once: run validate and preprocess"):
        read_fresh_rows(*folders, SCHEMA, limit=30)


def test_cells_become_json_and_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    raw = pl.DataFrame(
        {
            "_id": [1],
            "number": [float("nan")],
            "image": [b"\x00\xff"],
            "day": [date(2026, 1, 31)],
            "time": [datetime(2026, 1, 31, 12, 30)],
            "price": [Decimal("1.50")],
            "text": ["“é”"],
            "none": pl.Series([None], dtype=pl.Int64),
        }
    )
    fresh = read_fresh_rows(*written(tmp_path, raw, rows([1])), SCHEMA, limit=30)
    (record,) = fresh.records([name for name in raw.columns if name != "_id"])
    assert json.loads(record) == {
        **{"number": None, "image": "AP8=", "day": "2026-01-31", "time": "2026-01-31T12:30:00"},
        **{"price": 1.5, "text": "“é”", "none": None},
    }
    with pytest.raises(DataError, match=r"no column \['income'\], which the model takes"):
        fresh.records(["number", "income"])
