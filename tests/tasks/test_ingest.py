"""The ingest stage."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from slipway.errors import DataError, SlipwayError
from slipway.files import read_json
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from slipway.tables.schema import read_schema
from tasks.ingest import ingest

ROOT = Path(__file__).parents[2]
PRODUCT = Product(kind="tabular", target="y")


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.delenv("SLIPWAY_DATA", raising=False)
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "rows.csv").write_text("x,y\n1,a\n2,b\n,a\n")
    return folder


def run(source, content, product=PRODUCT, **sections):
    out = source.parent / "data" / "ingest"
    ingest(source, out, Ingest.model_validate({"source": content, **sections}), product)
    return out


def test_the_rows_are_numbered_and_described(source):
    out = run(source, "rows.csv")
    rows = pl.read_parquet(out / "table.parquet")
    assert rows.to_dict(as_series=False) == {"_id": [0, 1, 2], "x": [1, 2, None], "y": ["a", "b", "a"]}
    assert read_schema(out).classes == ["a", "b"]
    assert sorted(path.name for path in out.iterdir()) == [
        "broken.parquet",
        "schema.json",
        "sources.json",
        "table.parquet",
    ]
    assert pl.read_parquet(out / "broken.parquet").schema == {
        "source": pl.String,
        "line": pl.Int64,
        "text": pl.String,
        "reason": pl.String,
    }
    assert pl.read_parquet(out / "broken.parquet").height == 0


def test_the_same_source_gives_the_same_bytes(source, tmp_path):
    with zipfile.ZipFile(source / "x.zip", "w") as archive:
        archive.writestr("a.csv", "x,y\n1,a\n2\n3,b\n")
    content = {"file": "x.zip", "read": {"broken": "quarantine", "max_broken_pct": 50}}
    first = run(source, content).rename(tmp_path / "first")
    second = run(source, content)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_broken_lines_are_kept_aside_and_counted_for_each_source(source):
    (source / "more.csv").write_text("x,y\n4,a\n5\n\n6,b\n")
    out = run(
        source,
        {"train": "rows.csv", "test": {"file": "more.csv", "read": {"broken": "quarantine", "max_broken_pct": 50}}},
    )
    assert pl.read_parquet(out / "broken.parquet").rows() == [("more.csv", 3, "5", "1 value instead of 2")]
    first, second = read_json(out / "sources.json")
    assert (first["part"], first["file"], first["rows"], first["broken"]) == ("train", "rows.csv", 3, 0)
    assert (second["part"], second["rows"], second["broken"], second["blank_lines"]) == ("test", 2, 1, 1)
    assert len(second["sha256"]) == 64
    rows = pl.read_parquet(out / "table.parquet")
    assert rows["_split"].to_list() == ["train"] * 3 + ["test"] * 2
    assert rows["_id"].to_list() == [0, 1, 2, 3, 4]


def test_each_part_has_its_own_read_options(source):
    (source / "a.data").write_text("39, yes\n ?, no\n\n")
    (source / "a.test").write_text("|1x3 Cross validator\n40, yes.\n")
    read = {"header": False, "columns": ["age", "y"], "trim": True, "missing": ["?"]}
    out = run(
        source,
        {"train": {"file": "a.data", "read": read}, "test": {"file": "a.test", "read": {**read, "skip_lines": 1}}},
    )
    rows = pl.read_parquet(out / "table.parquet").drop("_id", "_split").rows()
    assert rows == [(39, "yes"), (None, "no"), (40, "yes.")]


def test_a_type_that_the_first_rows_do_not_show_is_found(source):
    (source / "rows.csv").write_text("x,y\n" + "1,a\n" * 10_001 + "q,b\n")
    rows = pl.read_parquet(run(source, "rows.csv") / "table.parquet")
    assert rows["x"].to_list()[-2:] == ["1", "q"]


def test_a_source_that_breaks_midway_leaves_the_old_folder_and_names_the_line(source, tmp_path):
    out = run(source, "rows.csv")
    before = (out / "table.parquet").read_bytes()
    (source / "rows.csv").write_text("x,y\n" + "1,a\n" * 10_000 + '2,b\n3,"open\n')
    with pytest.raises(DataError, match=r"rows\.csv, line 10003: a quote is never closed"):
        run(source, "rows.csv")
    assert (out / "table.parquet").read_bytes() == before
    assert "rows.csv" in (tmp_path / "data" / "failed" / "ingest" / "error.txt").read_text()
    assert not list((tmp_path / "data").rglob("scratch"))


def test_what_was_unpacked_does_not_stay(source):
    with zipfile.ZipFile(source / "x.zip", "w") as archive:
        archive.writestr("a.csv", "x,y\n1,a\n3,b\n")
    out = run(source, "x.zip")
    assert not list(out.parent.rglob("scratch"))


@pytest.mark.parametrize(
    ("content", "source_or_read", "message"),
    [
        ("x,y\n", {}, "the source has no rows"),
        ("x,y\n1,a\n2,a\n", {}, r"has the one class \['a'\]"),
        ("x,y\n1,\n2,\n", {}, "is missing in every row"),
        ("x,y,y\n1,a,b\n", {}, "no name of their own"),
        ("x,z\n1,a\n", {}, "the source has no column 'y'"),
        ("x,y\n1,a\n2,b,c\n", {}, r"rows\.csv, line 3: 3 values instead of 2"),
        ("x,y\n1,a\n2", {}, "the file ends in the middle of this line"),
        ("x,y\n1,a\n2,b\n", {"sha256": "0" * 64}, "is not the pinned file"),
        ("x,y\n1,a\n2,b\n", {"read": {"format": "parquet"}}, "is no Parquet file"),
        ("x,y\n1,a\n2,b\n", {"read": {"format": "ndjson"}}, "line 1: is no JSON"),
        ("x,y\n1,a\n2,b\n", {"read": {"format": "excel"}}, "is no Excel file"),
        ("x,y\n1,a\n2,b\n", {"read": {"format": "arrow"}}, "is no Arrow file"),
        ("x,y\n1,a\n2,b\n", {"inside": "*.csv"}, "is no archive and no folder"),
    ],
)
def test_a_table_that_is_none_is_refused_and_nothing_is_written(source, content, source_or_read, message):
    (source / "rows.csv").write_text(content)
    with pytest.raises(SlipwayError, match=message) as error:
        run(source, {"file": "rows.csv", **source_or_read})
    assert not (source.parent / "data" / "ingest").exists()
    assert len(str(error.value).splitlines()) <= 3


def test_a_column_without_values_stays_a_column(source):
    (source / "rows.csv").write_text("x,y\n,a\n,b\n")
    assert pl.read_parquet(run(source, "rows.csv") / "table.parquet")["x"].to_list() == [None, None]


def test_the_limits_of_archives_and_downloads_are_the_sections(source):
    with zipfile.ZipFile(source / "x.zip", "w") as archive:
        archive.writestr("a.csv", "x,y\n" + "1,a\n" * 1000)
    with pytest.raises(DataError, match="max_gib"):
        run(source, "x.zip", unpack={"max_gib": 1e-6})
    pinned = {"file": "none.csv", "url": "http://127.0.0.1:9/none.csv", "sha256": "0" * 64}
    with pytest.raises(DataError, match="could not be downloaded"):
        run(source, pinned, download={"retries": 0, "timeout_seconds": 1})


def test_importing_the_stage_loads_no_reader_of_one_format():
    code = "import sys, tasks.ingest; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"PIL", "fastexcel", "httpx", "boto3", "duckdb", "sqlite3", "sklearn", "orjson"} & set(loaded.split())


PEAK = """
import resource, sys
from pathlib import Path
from slipway.product.ingest import Ingest
from slipway.product.product import Product
from tasks.ingest import ingest
source, out = map(Path, sys.argv[1:3])
ingest(source, out, Ingest.model_validate({"source": sys.argv[3]}), Product(kind="tabular"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mib(source: Path, out: Path, file: str) -> int:
    command = [sys.executable, "-c", PEAK, str(source), str(out), file]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_memory_does_not_grow_with_the_source(source, tmp_path, name):
    """Four times the rows, 1.1 GB of them, need at most a fifth more memory."""
    wide = ",".join(f"c{i}" for i in range(20)) + "\n"
    block = "".join(f"{i},{i / 7:.6f}," + ",".join(["0.123456"] * 17) + f",{i % 5}\n" for i in range(100_000))
    peaks = []
    for blocks in (16, 64):
        with (source / "rows.csv").open("w") as file:
            file.write(wide)
            for _ in range(blocks):
                file.write(block)
        if name.endswith(".gz"):
            subprocess.run(["gzip", "-1", "-f", "rows.csv"], cwd=source, check=True)
        peaks.append(peak_mib(source, tmp_path / "data" / f"{blocks}", name))
    assert peaks[1] < 1.2 * peaks[0], peaks
