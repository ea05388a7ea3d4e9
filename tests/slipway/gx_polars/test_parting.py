"""Rows parted into files in one pass."""

from pathlib import Path

import polars as pl

from slipway.gx_polars.parting import KEY, sink_parts


def test_files_that_are_named_from_the_working_directory_are_written_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("stage")
    folder.mkdir()
    rows = pl.LazyFrame({"x": [1, 2, 3], KEY: [True, False, True]})
    sink_parts(rows, {False: folder / "bad.parquet", True: folder / "good.parquet"})
    assert sorted(path.name for path in folder.iterdir()) == ["bad.parquet", "good.parquet"]
    assert pl.read_parquet(folder / "good.parquet")["x"].to_list() == [1, 3]
