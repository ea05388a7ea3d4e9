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
        "without_required": 0,
        "duplicates": 0,
        "repeated_keys": 0,
        "quarantine": 0,
        "train": 0,
        "validation": 0,
        "test": 0,
    }
    assert sum(report["rows"][part] for part in ("train", "validation", "test")) == rows.height == 198
    assert report["dropped_columns"] == ["person", "note"]
    assert report["changed"] == {
        "trimmed": {"city": 200, "y": 49},
        "missing": {"age": 1, "y": 1},
        "no_number": {"age": 1},
    }
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
    with pytest.raises(ParamsError, match=r"split.by names 'persn'.*did you mean 'person'"):
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


def test_a_stray_class_is_refused_by_name_and_leaves_no_copy_of_the_rows(run, tmp_path):
    with pytest.raises(DataError, match=r"49 rows .*holds \['c'\], not among \['a', 'b'\]"):
        run(classes=["a", "b"])
    assert [path.name for path in (tmp_path / "data" / "failed" / "preprocess").iterdir()] == ["error.txt"]


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
            "quarantine.parquet",
        ]
    )


def test_a_date_may_be_coerced_to_a_category(run):
    out = run(TABLE.with_columns(day=pl.date(2026, 1, 1)), types={"day": "category"})
    assert set(parts(out)["train"]["day"]) == {"2026-01-01"}


SALES = TABLE.with_columns(
    sold=pl.format("2026-{}-{}", (pl.col("_id") % 12 + 1).cast(pl.String).str.zfill(2), pl.lit("15")),
    wage=pl.col("_id").cast(pl.Float64),
)


def test_a_date_leaves_its_parts_and_the_schema_says_so(run):
    out = run(SALES, dates={"sold": {"parts": ["month", "weekday"]}})
    rows = parts(out)["train"]
    assert rows.columns == ["_id", "age", "city", "y", "sold_month", "sold_weekday", "wage"]
    assert rows["sold_month"].to_list() == [number % 12 + 1 for number in rows["_id"]]
    assert read_schema(out).names("number") == ["sold_month", "sold_weekday", "wage"]
    report = json.loads((out / "cleaning.json").read_text())
    assert report["dates"] == {"sold": ["sold_month", "sold_weekday"]}
    assert report["prepare"]["dates"] == {"sold": {"format": None, "parts": ["month", "weekday"]}}


def test_a_part_that_takes_a_columns_name_is_refused(run):
    with pytest.raises(ParamsError, match="has a column 'sold_month' already"):
        run(SALES.with_columns(sold_month=1), dates={"sold": {"parts": ["month"]}})


def test_a_row_beyond_bounds_goes_to_quarantine_with_its_reason_and_is_counted(run):
    out = run(SALES, bounds={"wage": {"low": 5, "high": 198}})
    away = pl.read_parquet(out / "quarantine.parquet")
    assert away["_id"].to_list() == [0, 1, 2, 3, 4, 199]
    report = json.loads((out / "cleaning.json").read_text())
    reason = "wage: must be at least 5 and at most 198"
    assert report["quarantined"] == {reason: away.height}
    assert report["rows"]["quarantine"] == away.height
    assert set(away["_reasons"].explode()) == {reason}
    assert "person" not in away.columns
    kept = pl.concat(parts(out).values())
    assert kept.height + away.height == 198
    assert kept["wage"].min() >= 5


def test_a_row_without_a_required_value_is_dropped_and_counted(run):
    out = run(types={"age": "number"}, require=["age"])
    report = json.loads((out / "cleaning.json").read_text())
    assert report["without_required"] == {"age": 1}
    assert report["rows"]["without_required"] == 1
    assert pl.concat(parts(out).values())["age"].null_count() == 0


@pytest.mark.parametrize(("keep", "left"), [("first", [0, 1]), ("last", [2, 3]), ("none", [])])
def test_rows_that_share_a_key_are_counted_and_leave(run, keep, left):
    table = TABLE.with_columns(
        person=pl.when(pl.col("_id") < 4).then(pl.format("q{}", pl.col("_id") % 2)).otherwise("person")
    )
    out = run(table, unique={"key": ["person"], "keep": keep})
    ids = pl.concat(parts(out).values())["_id"]
    assert sorted(set(ids) & {0, 1, 2, 3}) == left
    assert json.loads((out / "cleaning.json").read_text())["rows"]["repeated_keys"] == 4 - len(left)
    assert json.loads((out / "plan.json").read_text())["duplicates"] == "drop"


def test_a_warning_of_the_clean_suite_sends_rows_to_quarantine(run):
    warning = """
  - {type: expect_column_values_to_be_in_set, kwargs: {column: city, value_set: [Ulm]}, severity: warning}
"""
    out = run(
        TABLE.with_columns(city=pl.when(pl.col("_id") % 10 == 0).then(pl.lit("Rom")).otherwise(pl.lit("Ulm"))),
        suite=SUITE + warning,
    )
    away = pl.read_parquet(out / "quarantine.parquet")
    assert set(away["city"]) == {"Rom"}
    assert away["_reasons"].list.len().unique().to_list() == [1]
    report = json.loads((out / "cleaning.json").read_text())
    assert list(report["quarantined"].values()) == [away.height] == [report["rows"]["quarantine"]]
    assert set(pl.concat(parts(out).values())["city"]) == {"Ulm"}
    checks = json.loads((out / "checks.json").read_text())
    assert checks["passed"] is True
    assert len(checks["reasons"]) == 1
    ids = [rows["_id"].to_list() for rows in parts(out).values()]
    assert all(each == sorted(each) for each in ids)


def test_a_critical_check_of_the_clean_suite_stops_the_line(run):
    critical = """
  - {type: expect_column_values_to_be_in_set, kwargs: {column: city, value_set: [Ulm]}, severity: critical}
"""
    with pytest.raises(DataError, match="do not keep .*city"):
        run(suite=SUITE + critical)


def test_an_identifier_leaves_as_a_pseudonym_that_no_model_looks_at(run, monkeypatch):
    with pytest.raises(ParamsError, match="SLIPWAY_PSEUDONYM_KEY, which is not set"):
        run(anonymise={"pseudonymise": ["person"]})
    monkeypatch.setenv("SLIPWAY_PSEUDONYM_KEY", "k" * 20)
    out = run(anonymise={"pseudonymise": ["person"]})
    rows = pl.concat(parts(out).values())
    assert rows["person"].n_unique() == rows.height
    assert set(rows["person"].str.len_chars()) == {32}
    assert "person" not in [column.name for column in read_schema(out).features]
    assert not any(b"k" * 20 in path.read_bytes() for path in out.iterdir())
    with pytest.raises(ParamsError, match="'city', which is no identifier"):
        run(anonymise={"pseudonymise": ["city"]})


def test_rows_that_are_too_few_of_a_kind_stop_the_line_with_a_report(run, tmp_path):
    rules = {"quasi_identifiers": ["city"], "k": 50, "sensitive": "y", "l": 2}
    out = run(anonymise=rules)
    report = json.loads((out / "anonymity.json").read_text())
    assert (report["passed"], report["rows"], report["groups"], report["k"], report["l"]) == (True, 198, 2, 99, 2)
    assert report["rows_in_small_groups"] == 0
    with pytest.raises(DataError, match=r"198 of 198 rows are in groups of fewer than k = 100 .*the smallest has 99"):
        run(anonymise=rules | {"k": 100})
    assert (tmp_path / "data" / "failed" / "preprocess" / "anonymity.json").exists()
    assert run(anonymise=rules | {"k": 100, "below": "report"})


def test_a_stratified_split_has_exact_shares_of_each_class(run):
    out = run(split={"stratify": "y", "test": 0.25, "validation": 0.25})
    sizes = {part: rows["y"].value_counts(sort=True).sort("y")["count"].to_list() for part, rows in parts(out).items()}
    assert (sizes["test"], sizes["validation"]) == ([25, 12, 12], [25, 13, 12])
    assert json.loads((out / "plan.json").read_text())["split_by"] == ["y"]


def test_the_newest_rows_are_the_test(run):
    out = run(
        SALES.with_columns(sold=pl.date(2026, 1, 1) + pl.duration(days=pl.col("_id") // 2)),
        split={"time": "sold"},
        dates={"sold": {"parts": ["days"]}},
    )
    days = {part: set(rows["sold_days"]) for part, rows in parts(out).items()}
    assert max(days["train"]) < min(days["validation"])
    assert max(days["validation"]) < min(days["test"])
    with pytest.raises(DataError, match=r"'sold' is missing in 20 rows"):
        run(
            SALES.with_columns(sold=pl.when(pl.col("_id") >= 20).then("sold")),
            split={"time": "sold"},
            dates={"sold": {}},
        )


def test_a_set_that_came_split_gives_validation_in_the_declared_way(run):
    table = SALES.with_columns(_split=pl.when(pl.col("_id") % 5 == 0).then(pl.lit("test")).otherwise(pl.lit("train")))
    out = run(table, split={"time": "wage", "validation": 0.25})
    rows = parts(out)
    assert set(rows["test"]["_id"] % 5) == {0}
    assert rows["train"]["wage"].max() < rows["validation"]["wage"].min()
    assert run(table, split={"stratify": "y"})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"lower": ["citi"]}, "preprocess.lower names 'citi'.*did you mean 'city'"),
        ({"fill": {"gone": 1}}, "preprocess.fill names 'gone'"),
        ({"require": ["gone"]}, "preprocess.require names 'gone'"),
        ({"unique": {"key": ["gone"]}}, "preprocess.unique.key names 'gone'"),
        ({"split": {"time": "gone"}}, "preprocess.split.time names 'gone'"),
        ({"split": {"time": "city"}}, "'city' is of type String, whose order is no order in time: .*dates.city"),
        ({"bounds": {"city": {"low": 1}}}, "'city' is of type String, and the rule is for columns of numbers"),
        ({"fill": {"city": 1}}, "fill.city = 1, but the column holds category"),
        ({"fill": {"y": "a"}}, "a target: answers are not made up"),
        ({"anonymise": {"generalise": {"city": {"width": 2}}}}, "for columns of numbers"),
        ({"anonymise": {"quasi_identifiers": ["note"]}}, "'note', which is dropped anyway"),
        ({"types": {"y": "number"}}, "'y' is no feature"),
        ({"dates": {"y": {}}}, "'y'"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_by_name(run, rule, message):
    with pytest.raises(ParamsError, match=message):
        run(**rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"fill": {"pay": 0.5}},
        {"replace": {"pay": {"999": "1.5"}}},
        {"bounds": {"pay": {"low": -1, "action": "clip"}}},
        {"bounds": {"pay": {"low": -1, "action": "null"}}},
        {"anonymise": {"generalise": {"pay": {"width": 1}}}},
    ],
)
def test_a_rule_that_changes_no_value_leaves_the_type_that_the_schema_says(run, rule):
    out = run(TABLE.with_columns(pay=pl.col("_id")), **rule)
    [dtype] = [column.dtype for column in read_schema(out).columns if column.name == "pay"]
    assert {str(rows.schema["pay"]) for rows in parts(out).values()} == {dtype}


def test_types_that_fit_nothing_leave_missing_values_that_are_counted(run):
    out = run(SALES, types={"city": "date", "age": "boolean"})
    report = json.loads((out / "cleaning.json").read_text())
    assert report["changed"]["no_date"] == {"city": 200}
    assert report["changed"]["no_boolean"] == {"age": 197}
    assert parts(out)["train"]["city_year"].null_count() == parts(out)["train"].height


def test_a_column_of_missing_values_alone_passes(run):
    out = run(TABLE.with_columns(empty=pl.lit(None, pl.String), none=pl.lit(None, pl.Float64)))
    assert parts(out)["train"]["empty"].null_count() == parts(out)["train"].height


def test_one_class_alone_is_dealt_out_too(run):
    assert run(TABLE.filter(pl.col("y") == "a"), classes=["a", "b"])
