"""Prose, hashed and ordinal categories, bounds and quantiles go the whole line, and the export answers as trained."""

from pathlib import Path

import polars as pl
import pytest
from line import run_line, write_preprocessed

from slipway.bundle.predictor import Predictor
from slipway.bundle.records import InputError
from slipway.files import read_json
from slipway.product.steps import Categories, Iqr, Numbers, Quantile, Texts
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, read_schema

PLAN = Plan(
    split_by=["_id"],
    duplicates="keep",
    numbers=Numbers(indicator=True, scale="quantile", quantile=Quantile(knots=20, output="normal")),
    texts=Texts(max_words=4),
    columns={
        "height": Numbers(outliers=Iqr(name="iqr", action="quarantine"), scale="robust"),
        "town": Categories(encode="hashing", buckets=4),
        "size": Categories(encode="ordinal", values=["small", "large"]),
    },
)


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("line")
    preprocess = write_preprocessed(root / "preprocess")
    for part in ("train", "validation", "test"):
        rows = pl.read_parquet(preprocess / f"{part}.parquet").with_row_index("row")
        turn = pl.col("row").cast(pl.Int64) % 7
        rows.with_columns(
            height=pl.when(pl.col("row") == 3).then(9000.0).otherwise(160.0 + turn),
            town=pl.format("town {}", turn),
            size=pl.when(turn > 3).then(pl.lit("large")).otherwise(pl.lit("small")),
            note=pl.when(turn == 6).then(None).otherwise(pl.format("The {} pilot, the {} cook!", turn, turn % 2)),
            alike=pl.lit("x"),
        ).drop("row").write_parquet(preprocess / f"{part}.parquet")
    schema = read_schema(preprocess)
    texts = [Column(name=name, dtype="String") for name in ("town", "size", "alike")]
    more = [Column(name="height", dtype="Float64"), *texts, Column(name="note", dtype="String", kind="text")]
    schema.model_copy(update={"columns": [*schema.columns, *more]}).write(preprocess)
    (preprocess / "plan.json").write_text(PLAN.model_dump_json())
    return run_line(root, preprocess=preprocess)


def test_the_export_answers_as_the_trainer_does(line: Path) -> None:
    fidelity = read_json(line / "compress" / "fidelity.json")
    assert fidelity["parity_error"] < 1e-4
    assert fidelity["batch_difference"] < 1e-4


def test_records_are_answered_and_what_was_quarantined_is_refused(line: Path) -> None:
    predictor = Predictor(line / "package" / "bundle")
    assert {one.name for one in predictor.signature.inputs} == {"age", "height", "job", "town", "size", "note"}
    names = [one.name for one in predictor.signature.inputs]
    records = pl.read_parquet(line / "preprocess" / "test.parquet").select(names).to_dicts()
    assert pl.read_parquet(line / "privatize" / "quarantine.parquet").height == 1
    with pytest.raises(InputError, match="record 3, column 'height'.*outliers"):
        predictor.predict(records)
    assert len(predictor.predict(records[4:])) == len(records) - 4


def test_the_card_names_no_constant_column(line: Path) -> None:
    features = {
        one["name"]: one["kind"] for one in read_json(line / "package" / "bundle" / "card.json")["data"]["features"]
    }
    assert features["note"] == "text"
    assert "alike" not in features
