"""The preprocess stage: clean, dealt out, checked; and it refuses what did not pass."""

import json

import polars as pl
import pytest

from slipway.errors import DataError, ParamsError, Refused
from slipway.files import write_json
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema, read_schema
from tasks.preprocess import preprocess

SUITE = """
name: clean
expectations:
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 10}, severity: warning}
"""

TABLE = pl.DataFrame(
    {
        "_id": range(200),
        "person": [f"p{number}" for number in range(200)],
        "age": [str(number) for number in range(198)] + ["?", "old"],
        "city": [" Ulm", "Bonn "] * 100,
        "note": ["x"] * 200,
        "y": ["a", "b", "c", " a"] * 49 + ["a", None, "?", "b"],
    }
)
PRODUCT = {"kind": "tabular", "target": "y", "identifiers": ["person"], "ignore": ["note"]}


@pytest.fixture
def run(tmp_path):
    """Return a function that preprocesses a table as if validate had passed it."""

    def run(table=TABLE, *, classes=("a", "b", "c"), passed=True, suite=SUITE, product=PRODUCT, shape=None, **params):
        validate = tmp_path / "data" / "validate"
        validate.mkdir(parents=True, exist_ok=True)
        table.write_parquet(validate / "table.parquet")
        names = [name for name in table.columns if name not in ("_id", "_split")]
        columns = [Column(name=name, dtype=str(table.schema[name])) for name in names]
        Schema(
            product=Product.model_validate(product),
            columns=columns,
            classes=list(classes) if classes else None,
            image_shape=shape,
        ).write(validate)
        write_json(validate / "validation.json", {"passed": passed, "reasons": [] if passed else ["too many bad rows"]})
        (tmp_path / "clean.suite.yaml").write_text(suite)
        return preprocess(
            validate, tmp_path / "clean.suite.yaml", tmp_path / "data" / "preprocess", Preprocess(**params)
        )

    return run


def parts(out):
    return {part: pl.read_parquet(out / f"{part}.parquet") for part in ("train", "validation", "test")}


def test_rows_are_cleaned_dealt_out_and_counted(run):
    out = run(types={"age": "number"})
    rows = pl.concat(parts(out).values()).sort("_id")
    assert rows.columns == ["_id", "age", "city", "y"]
    assert rows.schema["age"] == pl.Float64
    assert set(rows["city"]) == {"Ulm", "Bonn"}
    assert set(rows["y"]) == {"a", "b", "c"}
    report = json.loads((out / "cleaning.json").read_text())
    assert report["rows"] | {"train": 0, "validation": 0, "test": 0} == {
        "in": 200,
        "without_target": 2,
        "duplicates": 0,
        "train": 0,
        "validation": 0,
        "test": 0,
    }
    assert sum(report["rows"][part] for part in ("train", "validation", "test")) == rows.height == 198
    assert report["dropped_columns"] == ["person", "note"]
    assert report["trimmed"] == {"city": 200, "y": 49}
    assert report["missing"] == {"age": 1, "y": 1}
    assert report["no_number"] == {"age": 1}
    assert report["prepare"]["types"] == {"age": "number"}


def test_the_schema_says_what_is_left(run):
    schema = read_schema(run(types={"age": "number"}))
    assert [(column.name, column.dtype) for column in schema.columns] == [
        ("age", "Float64"),
        ("city", "String"),
        ("y", "String"),
    ]
    assert schema.names("number") == ["age"]


def test_the_second_copy_of_a_row_is_dropped_and_counted(run):
    copies = pl.concat([TABLE, TABLE.head(5).with_columns(pl.col("_id") + 200)])
    out = run(copies)
    assert json.loads((out / "cleaning.json").read_text())["rows"]["duplicates"] == 5
    assert max(pl.concat(parts(out).values())["_id"]) < 200
    kept = run(copies, duplicates="keep")
    assert json.loads((kept / "cleaning.json").read_text())["rows"]["duplicates"] == 0


def test_two_people_with_equal_measurements_are_two_and_share_a_part(run):
    twins = TABLE.with_columns(pl.lit("1").alias("age"), city=pl.lit("Ulm"))
    with pytest.raises(DataError, match="no rows fell to"):
        run(twins.filter(pl.col("y") == "a"))
    out = run(pl.concat([TABLE, TABLE.with_columns(pl.col("_id") + 200, pl.format("q{}", "_id").alias("person"))]))
    part_of = {}
    for part, rows in parts(out).items():
        for row in rows.drop("_id").rows():
            assert part_of.setdefault(row, part) == part


def test_rows_of_one_person_share_a_part_when_split_by_them(run):
    visits = TABLE.with_columns(person=pl.format("p{}", pl.col("_id") // 4))
    out = run(visits, split={"by": ["person"]})
    owners = [set(rows["_id"] // 4) for rows in parts(out).values()]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
    with pytest.raises(ParamsError, match=r"\['persn'\]"):
        run(split={"by": ["persn"]})


def test_a_regression_target_is_a_number(run):
    table = TABLE.with_columns(y=pl.Series([str(number) for number in range(199)] + ["?"]))
    out = run(table, classes=None, product=PRODUCT | {"task": "regression"})
    rows = pl.concat(parts(out).values())
    assert rows.schema["y"] == pl.Float64
    assert rows.height == 199


def test_a_table_that_did_not_pass_is_refused_with_the_reason(run, tmp_path):
    with pytest.raises(Refused, match="too many bad rows"):
        run(passed=False)
    assert not (tmp_path / "data" / "preprocess").exists()
    assert "too many" in (tmp_path / "data" / "failed" / "preprocess" / "error.txt").read_text()


def test_a_stray_class_is_refused_by_name(run):
    with pytest.raises(DataError, match=r"49 rows .*holds \['c'\], not among \['a', 'b'\]"):
        run(classes=["a", "b"])


def test_a_class_that_ingest_took_for_missing_is_refused_with_the_mend(run):
    with pytest.raises(DataError, match=r"holds \['\?'\], not among \['a', 'b', 'c'\].\n.*correct product.classes"):
        run(missing=["NA"])


def test_a_failed_check_stops_the_line_and_keeps_its_evidence(run, tmp_path):
    with pytest.raises(DataError, match=r"row_count_to_be_between\(min_value=1000\): observed 198"):
        run(suite=SUITE.replace("10", "1000"))
    checks = json.loads((tmp_path / "data" / "failed" / "preprocess" / "checks.json").read_text())
    assert checks["passed"] is False


def test_an_image_of_the_wrong_size_is_refused(run):
    table = pl.DataFrame(
        {"_id": range(40), "image": [bytes([n] * 4) for n in range(39)] + [b"1"], "y": ["a", "b"] * 20}
    )
    product = {"kind": "images", "target": "y"}
    with pytest.raises(DataError, match=r"in 1 rows .*no 2 x 2 x 1 bytes"):
        run(table, classes=["a", "b"], product=product, shape=(2, 2, 1))
    out = run(table.head(39), classes=["a", "b"], product=product, shape=(2, 2, 1))
    assert parts(out)["train"].schema["image"] == pl.Binary


def test_a_feature_that_no_step_prepares_is_named(run):
    with pytest.raises(DataError, match="column 'day' is of type Date"):
        run(TABLE.with_columns(day=pl.date(2026, 1, 1)))


def test_the_same_rows_give_the_same_bytes(run):
    first = {path.name: path.read_bytes() for path in run().iterdir()}
    assert first == {path.name: path.read_bytes() for path in run().iterdir()}
    assert sorted(first) == sorted(
        [
            "train.parquet",
            "validation.parquet",
            "test.parquet",
            "plan.json",
            "cleaning.json",
            "checks.json",
            "schema.json",
        ]
    )


def test_a_date_may_be_coerced_to_a_category(run):
    out = run(TABLE.with_columns(day=pl.date(2026, 1, 1)), types={"day": "category"})
    assert set(parts(out)["train"]["day"]) == {"2026-01-01"}
