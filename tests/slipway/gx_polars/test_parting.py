"""Rows parted into files: each in order, one without rows has its columns, and a relative folder is one, too."""

from pathlib import Path

import polars as pl
import pytest

from slipway.gx_polars.parting import KEY, sink_parts


@pytest.mark.parametrize("is_relative", [True, False])
def test_rows_go_to_the_file_of_their_key_wherever_its_folder_is(is_relative, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("out") if is_relative else tmp_path / "out"
    folder.mkdir()
    rows = pl.LazyFrame({"x": [3, 1, 2, 5], KEY: [0, 1, 0, 1]})
    sink_parts(rows, {place: folder / f"{place}.parquet" for place in range(3)})
    assert [pl.read_parquet(tmp_path / "out" / f"{place}.parquet")["x"].to_list() for place in range(3)] == [
        [3, 2],
        [1, 5],
        [],
    ]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "0.parquet",
        "1.parquet",
        "2.parquet",
    ]
