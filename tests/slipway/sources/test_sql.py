"""Queries: SQLite and DuckDB files, and a PostgreSQL server where one can be started."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import polars as pl
import pytest

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import SqlSource
from slipway.sources.sql import open_sql


@pytest.fixture
def shop(place):
    with sqlite3.connect(place.folder / "shop.db") as connection:
        connection.execute("create table orders (id integer, price real, name text)")
        connection.executemany("insert into orders values (?, ?, ?)", [(i, i / 2, f"n{i}") for i in range(10)])
    connection.close()
    return "sqlite:///shop.db"


def rows(place, connection, query, **options):
    return open_sql(SqlSource(connection=connection, query=query, **options), place).frame.collect()


@pytest.mark.parametrize("batch_rows", [1, 3, 100])
def test_a_query_is_read_in_batches_in_its_order(place, shop, batch_rows):
    table = rows(place, shop, "select id, price, name from orders order by id desc", batch_rows=batch_rows)
    assert table.rows() == [(i, i / 2, f"n{i}") for i in reversed(range(10))]
    assert len(list(place.scratch.glob("*.parquet"))) == -(-10 // batch_rows)


def test_a_column_that_changes_its_type_between_batches_is_one_of_texts(place, shop):
    query = (
        "select case when id < 5 then id else name end as x, case when id < 5 then null else id end as y from orders"
    )
    table = rows(place, shop, query, batch_rows=5)
    assert table["x"].to_list() == ["0", "1", "2", "3", "4", "n5", "n6", "n7", "n8", "n9"]
    assert table["y"].to_list() == [None] * 5 + [5, 6, 7, 8, 9]


def test_the_report_names_the_variable_and_not_its_value(place, shop, monkeypatch):
    monkeypatch.setenv("SHOP_FILE", "shop.db")
    source = SqlSource(connection="sqlite:///${SHOP_FILE}", query="select id from orders", revision=3)
    assert open_sql(source, place).origin == {
        "connection": "sqlite:///${SHOP_FILE}",
        "query": "select id from orders",
        "revision": 3,
    }
    monkeypatch.delenv("SHOP_FILE")
    with pytest.raises(ParamsError, match=r"names \$\{SHOP_FILE\}, but the environment has no SHOP_FILE"):
        open_sql(source, place)


def test_a_database_anywhere_else_is_named_with_four_slashes(place, shop, tmp_path):
    shutil.move(place.folder / "shop.db", tmp_path / "other.db")
    assert rows(place, f"sqlite:///{tmp_path}/other.db", "select count(*) as n from orders").item() == 10


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://me:pass-word@host/db",
        "postgresql://host/db?user=me&password=pass-word",
        "postgresql://me:${X}w@h/d",
    ],
)
def test_a_password_in_the_connection_is_refused_and_not_told(place, connection):
    with pytest.raises(ParamsError, match=r"write \$\{NAME\} in its place") as error:
        rows(place, connection, "select 1")
    assert "pass-word" not in str(error.value)


@pytest.mark.parametrize(
    ("connection", "query", "error", "message"),
    [
        ("sqlite:///none.db", "select 1", DataError, "does not exist"),
        ("sqlite:////none.db", "select 1", DataError, "/none.db does not exist"),
        ("sqlite://", "select 1", ParamsError, "names no file"),
        ("sqlite:///shop.db", "select x from orders", DataError, "does not answer the query: .*no such column: x"),
        ("sqlite:///shop.db", "select 1 as id, 2 as id", DataError, "id"),
        ("sqlite:///shop.db", "delete from orders", DataError, "readonly"),
        ("sqlite:///text.db", "select 1 from x", DataError, "does not answer the query: .*not a database"),
    ],
)
def test_a_query_that_cannot_be_answered_is_told(place, shop, connection, query, error, message):
    (place.folder / "text.db").write_text("no database" * 100)
    with pytest.raises(error, match=message):
        rows(place, connection, query)


def test_duckdb_writes_the_rows_itself(place):
    duckdb = pytest.importorskip("duckdb", reason="the extra sql is not installed")
    with duckdb.connect(str(place.folder / "shop.duckdb")) as connection:
        connection.execute("create table t as select i as id, i::decimal(10, 2) / 2 as price from range(5000) r(i)")
    table = rows(
        place, "duckdb:///shop.duckdb", "select id, price, 'x' as name from t order by id desc; ", batch_rows=10
    )
    assert table.shape == (5000, 3)
    assert table.row(0) == (4999, 2499.5, "x")
    with pytest.raises(DataError, match="does not answer the query: .*nothing"):
        rows(place, "duckdb:///shop.duckdb", "select * from nothing")


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """Start a server of our own; PostgreSQL refuses to run as root, so it then runs as another user."""
    pytest.importorskip("adbc_driver_postgresql", reason="the extra sql is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/none")]
    if not found[-1].exists():
        pytest.skip("no PostgreSQL server is installed")
    folder = tmp_path_factory.mktemp("postgresql")
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    if user:
        inside = folder.relative_to(tempfile.gettempdir()).parts
        for each in (folder, *folder.parents[: len(inside) - 1]):
            each.chmod(0o755)
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command):
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **user)

    control = str(found[-1].with_name("pg_ctl"))
    run(str(found[-1]), "-D", "data", "-A", "trust", "-U", "me", "--no-sync")
    options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1"
    run(control, "-D", "data", "-o", options, "-l", "log", "-w", "start")
    yield f"postgresql://me:${{SHOP_PASSWORD}}@127.0.0.1:{port}/postgres"
    run(control, "-D", "data", "-m", "immediate", "-w", "stop")


def test_postgresql_is_read_in_batches(place, postgresql, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "secret-word")
    columns = "i, i::numeric(20, 2) / 4 n, 'x' || i s, date '2026-01-02' d, null::int z"
    query = f"select {columns} from generate_series(1, 20000) i"
    table = rows(place, postgresql, query, batch_rows=5000)
    assert table.shape == (20_000, 5)
    assert table.row(0)[:3] == (1, 0.25, "x1")
    assert table.schema["d"] == pl.Date
    assert len(list(place.scratch.glob("*.parquet"))) > 1
    with pytest.raises(DataError, match="cannot execute CREATE TABLE in a read-only transaction"):
        rows(place, postgresql, "create table t (i int)")
    with pytest.raises(DataError, match="does not answer the query") as error:
        rows(place, postgresql, "select 'secret-word' from none")
    assert "secret-word" not in str(error.value)
