"""Row groups: as many rows as a reader can hold, said in the file; rows stay as they are."""

from pathlib import Path

import polars as pl

from slipway.tables.groups import GROUP_BYTES, GROUP_ROWS, group_rows_of, write_groups


def test_rows_stay_as_they_are_in_groups_that_the_file_tells(tmp_path: Path) -> None:
    rows = pl.DataFrame({"x": range(100_000), "y": ["a", "b"] * 50_000})
    write_groups(rows.lazy(), tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(rows)
    assert group_rows_of(tmp_path / "rows.parquet") == GROUP_ROWS


def test_rows_that_take_much_come_in_smaller_groups(tmp_path: Path) -> None:
    pictures = pl.DataFrame({"image": [bytes(1 << 20)] * 70})
    write_groups(pictures.lazy(), tmp_path / "rows.parquet")
    assert 32 < group_rows_of(tmp_path / "rows.parquet") <= GROUP_BYTES >> 20
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(pictures)


def test_a_table_without_rows_is_one(tmp_path: Path) -> None:
    write_groups(pl.LazyFrame(schema={"x": pl.Int64}), tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").schema == {"x": pl.Int64}


def test_a_file_of_others_is_read_as_if_it_had_such_groups(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "rows.parquet")
    assert group_rows_of(tmp_path / "rows.parquet") == GROUP_ROWS
