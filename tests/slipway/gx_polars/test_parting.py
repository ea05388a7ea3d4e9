"""Rows parted into files in one pass."""

from pathlib import Path

import polars as pl

from slipway.gx_polars.parting import KEY, Tally, sink_parts


def test_files_that_are_named_from_the_working_directory_are_written_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("stage")
    folder.mkdir()
    rows = pl.LazyFrame({"x": [1, 2, 3], KEY: [True, False, True]})
    sink_parts(rows, {False: folder / "bad.parquet", True: folder / "good.parquet"})
    assert sorted(path.name for path in folder.iterdir()) == ["bad.parquet", "good.parquet"]
    assert pl.read_parquet(folder / "good.parquet")["x"].to_list() == [1, 3]


def test_each_file_keeps_the_tables_order_over_many_chunks(tmp_path):
    rows = pl.concat([pl.LazyFrame({"x": range(start, start + 7000)}) for start in range(0, 70_000, 7000)])
    files = {key: tmp_path / f"{key}.parquet" for key in range(3)}
    sink_parts(rows.with_columns((pl.col("x") % 3).alias(KEY)), files)
    for key, path in files.items():
        assert pl.read_parquet(path)["x"].to_list() == list(range(key, 70_000, 3))


def test_a_key_without_rows_gives_a_file_of_columns_alone(tmp_path):
    files = {True: tmp_path / "good.parquet", False: tmp_path / "bad.parquet"}
    sink_parts(pl.LazyFrame({"x": [1.5], KEY: [True]}), files)
    assert pl.read_parquet(files[False]).schema == {"x": pl.Float64}
    sink_parts(pl.LazyFrame(schema={"x": pl.Int8, KEY: pl.Boolean}), files)
    assert [pl.read_parquet(path).shape for path in files.values()] == [(0, 1), (0, 1)]


def test_a_tally_adds_up_over_batches_what_passes_by(tmp_path):
    batches = [pl.LazyFrame({"x": [start, None], KEY: [True, False]}) for start in range(1000)]
    tally = Tally([pl.len(), pl.col("x").is_null().sum()])
    sink_parts(tally.watch(pl.concat(batches)), {True: tmp_path / "good.parquet", False: tmp_path / "bad.parquet"})
    assert tally.totals == [2000, 1000]
    assert pl.read_parquet(tmp_path / "good.parquet")["x"].to_list() == list(range(1000))


def test_a_tally_of_no_rows_is_zero(tmp_path):
    tally = Tally([pl.len()])
    sink_parts(tally.watch(pl.LazyFrame(schema={"x": pl.Int8, KEY: pl.Boolean})), {True: tmp_path / "good.parquet"})
    assert tally.totals == [0]
