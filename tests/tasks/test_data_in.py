"""The example products, from their source to clean parts, by the files that they ship."""

from pathlib import Path

import polars as pl
import pytest

from slipway.files import read_json
from slipway.product.params import read_params
from slipway.tables.schema import read_schema
from tasks.ingest import ingest
from tasks.preprocess import preprocess
from tasks.validate import validate

PRODUCTS = Path(__file__).parents[2] / "products"


def prepared(name, data):
    folder = PRODUCTS / name
    params = read_params(folder / "params.yaml")
    ingested = ingest(folder / "source", data / "ingest", params.ingest, params.product)
    validated = validate(ingested, folder / "raw.suite.yaml", data / "validate", params.validate_)
    return preprocess(validated, folder / "clean.suite.yaml", data / "preprocess", params.preprocess)


@pytest.mark.parametrize(
    ("name", "rows", "kind", "features"), [("cancer", 569, "number", 30), ("digits", 1797, "image", 1)]
)
def test_an_example_product_passes_its_own_suites(tmp_path, name, rows, kind, features):
    out = prepared(name, tmp_path)
    validation = read_json(tmp_path / "validate" / "validation.json")
    assert (validation["passed"], validation["quarantined"], validation["result"]["success"]) == (True, 0, True)
    parts = {part: pl.read_parquet(out / f"{part}.parquet") for part in ("train", "validation", "test")}
    assert sum(part.height for part in parts.values()) == rows
    schema = read_schema(out)
    assert len(schema.names(kind)) == features
    for part in parts.values():
        assert set(part["target"]) == set(schema.classes)
