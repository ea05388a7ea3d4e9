"""Files as their authors published them, found through SLIPWAY_DATA; skipped where they are not."""

import os
from pathlib import Path

import polars as pl
import pytest

from slipway.product.ingest import Ingest
from slipway.sources.opening import open_sources

DATA = os.environ.get("SLIPWAY_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="SLIPWAY_DATA names no folder of published files")

ADULT = {
    "header": False,
    "trim": True,
    "missing": ["?"],
    "columns": [
        *("age", "workclass", "fnlwgt", "education", "years", "marital", "job", "relation", "race", "sex"),
        *("gain", "loss", "hours", "country", "income"),
    ],
}


@pytest.fixture
def table(monkeypatch, tmp_path):
    def opened(source):
        if not list(Path(str(DATA)).rglob(str(source.get("file", "*")))):
            pytest.skip(f"SLIPWAY_DATA holds no {source['file']}")
        monkeypatch.setenv("SLIPWAY_DATA", str(DATA))
        return open_sources(Ingest.model_validate({"source": source}), tmp_path, tmp_path / "scratch", exact=False)

    return opened


def test_adult_comes_in_two_files_with_options_of_their_own(table):
    train = {
        "file": "adult.data",
        "read": ADULT,
        "sha256": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    }
    found = table({"train": train, "test": {"file": "adult.test", "read": {**ADULT, "skip_lines": 1}}})
    rows = found.frame.collect()
    assert rows["_split"].value_counts(sort=True)["count"].to_list() == [32_561, 16_281]
    assert (rows.schema["age"], rows.schema["gain"]) == (pl.Int64, pl.Int64)
    assert rows["income"].unique().sort().to_list() == ["<=50K", "<=50K.", ">50K", ">50K."]
    assert rows["workclass"].null_count() == 2799
    assert [each.blank_lines for each in found.parts.values()] == [1, 1]


def test_images_of_one_name_are_told_apart_by_their_hash(table):
    pinned = "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    found = table({"idx": {"file": "t10k-images-idx3-ubyte.gz", "sha256": pinned}})
    assert (found.image_shape, found.frame.select(pl.len()).collect().item()) == ((28, 28, 1), 10_000)


def test_505_files_in_a_tar_are_one_table(table):
    rows = table({"file": "sp500_v2_2018-02.tar.gz", "inside": "*.csv"}).frame.collect(engine="streaming")
    assert rows.shape == (619_040, 8)
    assert rows["Name"].n_unique() == 505


def test_a_packed_table_without_a_header_is_read(table):
    read = {"header": False, "columns": [f"c{index}" for index in range(42)]}
    rows = table({"file": "kddcup.data_10_percent.gz", "read": read}).frame.select("c0", "c41")
    assert rows.select(pl.len()).collect(engine="streaming").item() == 494_021


def test_dates_of_parquet_stay_dates(table):
    schema = table({"file": "green_tripdata_2020-04.parquet"}).frame.collect_schema()
    assert schema["lpep_pickup_datetime"] == pl.Datetime("us")
