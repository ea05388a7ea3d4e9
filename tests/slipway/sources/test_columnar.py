"""Parquet and Arrow files."""

import datetime

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.sources.columnar import open_arrow, open_parquet
from slipway.sources.workplace import File

WHEN = datetime.datetime(2026, 1, 2, 3, 4)


def written(place, frame, name):
    path = place.folder / name
    (frame.write_parquet if name.endswith("parquet") else frame.write_ipc)(path)
    return File(name, path)


@pytest.mark.parametrize(("name", "opener"), [("x.parquet", open_parquet), ("x.arrow", open_arrow)])
def test_types_are_plain_and_dates_stay_dates(place, name, opener):
    frame = pl.DataFrame(
        {"c": ["a", "b"], "d": ["1.5", "2.5"], "n": [None, None], "w": [2**70, 1], "t": [WHEN, None], "l": [[1], []]},
        schema_overrides={"w": pl.Int128},
    ).with_columns(pl.col("c").cast(pl.Categorical), pl.col("d").cast(pl.Decimal(10, 2)))
    rows = opener([written(place, frame, name)]).frame.collect()
    assert rows.schema == {
        "c": pl.String,
        "d": pl.Float64,
        "n": pl.String,
        "w": pl.String,
        "t": pl.Datetime("us"),
        "l": pl.List(pl.Int64),
    }
    assert rows.row(0) == ("a", 1.5, None, str(2**70), WHEN, [1])


@pytest.mark.parametrize(("ending", "opener"), [("parquet", open_parquet), ("arrow", open_arrow)])
def test_several_files_are_one_table(place, ending, opener):
    files = [written(place, pl.DataFrame({"a": values}), f"{values[0]}.{ending}") for values in ([1, 2], [3.5])]
    assert opener(files).frame.collect()["a"].to_list() == [1.0, 2.0, 3.5]


@pytest.mark.parametrize(("name", "opener"), [("x.parquet", open_parquet), ("x.arrow", open_arrow)])
def test_a_file_that_is_cut_short_or_another_is_refused(place, name, opener):
    file = written(place, pl.DataFrame({"a": list(range(1000))}), name)
    content = file.path.read_bytes()
    for damaged in (content[: len(content) // 2], b"a,b\n1,2\n"):
        file.path.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{name} is no (Parquet|Arrow) file, or cut short"):
            opener([file])


def test_files_with_other_columns_are_refused(place):
    files = [written(place, pl.DataFrame({name: [1]}), f"{name}.parquet") for name in ("a", "b")]
    with pytest.raises(DataError, match=r"b\.parquet and a\.parquet do not have the same columns"):
        open_parquet(files)


def test_a_stream_is_refused_with_the_mend(place):
    path = place.folder / "x.arrow"
    pl.DataFrame({"a": [1]}).write_ipc_stream(path)
    with pytest.raises(DataError, match="is an Arrow stream: write it as an Arrow file"):
        open_arrow([File("x.arrow", path)])


def test_names_of_slipways_own_are_refused(place):
    with pytest.raises(DataError, match="slipway's own"):
        open_parquet([written(place, pl.DataFrame({"_id": [1]}), "x.parquet")])
