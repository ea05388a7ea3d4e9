"""The ingest stage."""

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from slipway.tables.schema import read_schema
from tasks.ingest import ingest

PRODUCT = Product(kind="tabular", target="y")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "rows.csv").write_text("x,y\n1,a\n2,b\n,a\n")
    return folder


def test_the_rows_are_numbered_and_described(source, tmp_path):
    out = ingest(source, tmp_path / "data" / "ingest", Ingest(source="rows.csv"), PRODUCT)
    rows = pl.read_parquet(out / "table.parquet")
    assert rows.to_dict(as_series=False) == {"_id": [0, 1, 2], "x": [1, 2, None], "y": ["a", "b", "a"]}
    assert read_schema(out).classes == ["a", "b"]
    assert sorted(path.name for path in out.iterdir()) == [
        "broken.parquet",
        "schema.json",
        "sources.json",
        "table.parquet",
    ]


def test_the_same_source_gives_the_same_bytes(source, tmp_path):
    first = ingest(source, tmp_path / "a" / "ingest", Ingest(source="rows.csv"), PRODUCT)
    second = ingest(source, tmp_path / "b" / "ingest", Ingest(source="rows.csv"), PRODUCT)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_a_source_that_breaks_midway_leaves_the_old_folder_and_names_the_line(source, tmp_path):
    out = tmp_path / "data" / "ingest"
    ingest(source, out, Ingest(source="rows.csv"), PRODUCT)
    before = (out / "table.parquet").read_bytes()
    (source / "rows.csv").write_text("x,y\n" + "1,a\n" * 10_000 + '2,b\n3,"open\n')
    with pytest.raises(DataError, match=r"rows\.csv, line 10003: a quote is never closed"):
        ingest(source, out, Ingest(source="rows.csv"), PRODUCT)
    assert (out / "table.parquet").read_bytes() == before
    assert "rows.csv" in (tmp_path / "data" / "failed" / "ingest" / "error.txt").read_text()


def test_a_product_that_names_no_column_of_the_source_is_refused(source, tmp_path):
    with pytest.raises(DataError, match="'z'"):
        ingest(source, tmp_path / "ingest", Ingest(source="rows.csv"), Product(kind="tabular", target="z"))
    assert not (tmp_path / "ingest").exists()


def test_a_line_with_too_many_values_is_named(source, tmp_path):
    (source / "rows.csv").write_text("x,y\n1,a\n2,b,c\n")
    with pytest.raises(DataError, match=r"rows\.csv, line 3: 3 values instead of 2"):
        ingest(source, tmp_path / "ingest", Ingest(source="rows.csv"), PRODUCT)
