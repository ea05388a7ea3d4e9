"""Raw records one by one through a bundle get the answers of the batch, which polars cleans and prepares."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from fits import schema_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from test_applying import CATEGORIES, HASHED, NUMBERS, TEXTS, TRAIN, TYPES

from slipway.bundle.describing import signature_of
from slipway.bundle.examples import write_examples
from slipway.bundle.predictor import Predictor
from slipway.bundle.prepare import Prepare
from slipway.bundle.records import InputError
from slipway.files import read_json, write_json
from slipway.judging.decision import Decision
from slipway.product.preprocess import Preprocess
from slipway.product.steps import Categories, Iqr, Numbers
from slipway.serving.docs import takes
from slipway.serving.openapi import record_schema
from slipway.shrinking.graph import servable
from slipway.shrinking.nodes import Graph
from slipway.tables.cleaning import prepare
from slipway.tables.plan import Plan
from slipway.tables.preparation import Preparation
from slipway.tables.schema import Schema
from slipway.transform.applying import features
from slipway.transform.fitted import Transform
from slipway.transform.fitting import fit_transform
from slipway.transform.numbers import fit_bounds, split_outliers

CLEANING = Preprocess.model_validate(
    {
        "types": {"t": "number", "note": "text", "d": "date"},
        "missing": ["", "?"],
        "dates": {"d": {"parts": ["year", "day"]}},
    }
)
RAW = {"t": pl.String, **TYPES, "d": pl.String}
TABLE = TRAIN.with_columns(
    v=pl.col("v").replace("z", "?"),
    t=pl.Series(["1", " 2.5", "?", "x", "7", "8e2", "-3", "0"]),
    d=pl.Series(
        ["2020-01-01", "2021-02-03", "?", "2020-05-31", "1999-01-01", "2021-01-07", "2022-01-08", "2020-10-09"]
    ),
)
SOURCE = schema_of(TABLE)
PREPARE = Prepare.model_validate(prepare(SOURCE, CLEANING))


def network(width: int, weights: np.ndarray):
    """`outputs` = features x weights."""
    graph = Graph()
    graph.input("features", TensorProto.FLOAT, ["batch", width])
    graph.add("MatMul", ["features", graph.constant("weights", weights)], "outputs")
    return graph.model(helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", 2]))


def cleaned(raw: pl.DataFrame) -> pl.DataFrame:
    preparation = Preparation(raw.lazy(), SOURCE, CLEANING)
    return preparation.clean().select(preparation.names).collect()


def fit(plan: Plan) -> tuple[Transform, pl.DataFrame, Schema]:
    rows, schema = cleaned(TABLE), Preparation(TABLE.lazy(), SOURCE, CLEANING).schema
    bounds = fit_bounds(rows, schema, plan)
    good = split_outliers(rows, bounds)[0]
    return fit_transform(good, schema, plan, bounds)[0], rows, schema


def bundle(folder: Path, transform: Transform, rows: pl.DataFrame, schema: Schema, weights: np.ndarray) -> Predictor:
    model = servable(network(*transform.feature_shape, weights), transform, temperature=1.0)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    signature_of(rows, schema, transform, PREPARE).write(folder)
    PREPARE.write(folder)
    Decision(classes=schema.classes).write(folder)
    write_json(folder / "rules.json", {"format": 2, "rules": [], "not_served": []})
    return Predictor(folder, packed=False)


def batch_answers(raw: pl.DataFrame, transform: Transform, weights: np.ndarray) -> np.ndarray:
    logits = features(cleaned(raw), transform).astype(np.float64) @ weights
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def is_refused(row: dict, transform: Transform) -> bool:
    """Whether a number lies beyond the bounds of a quarantine."""
    limits = {step.column: step.bounds for step in transform.numbers if step.bounds is not None}
    return any(
        each.action == "quarantine" and row[name] is not None and not each.low <= row[name] <= each.high
        for name, each in limits.items()
    )


reals = st.none() | st.floats(-1e6, 1e6, width=32) | st.sampled_from([1.0, 2.5, 7.0, 3])
numerals = st.none() | st.sampled_from(["1", " 2.5 ", "?", "", "x", "1e3", "nan", "1_0"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
values = st.none() | st.sampled_from(["a", " b", "ü", "a b", "unseen", "", "?", "NaN", "日本"]) | texts
prose = st.none() | st.lists(st.sampled_from(["The", "cat", "東京", "ΣΑΣ", "x!", "?"]) | texts, max_size=6).map(
    " ".join
)
dates = st.none() | st.dates(date(1000, 1, 1)).map(str) | st.sampled_from(["2020-06-07", "2021-13-01", "?"])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "t": numerals,
            "x": reals,
            "y": st.none() | st.integers(-(2**40), 2**40),
            "u": values,
            "v": values,
            "h": values,
        }
        | {"note": prose, "d": dates}
    ),
    min_size=1,
    max_size=4,
)
PLANS = st.builds(
    lambda t, x, y, d, u, v, h, note: Plan(
        columns={"t": t, "x": x, "y": y, "d_year": d, "d_day": d, "u": u, "v": v, "h": h, "note": note}
    ),
    NUMBERS, NUMBERS, NUMBERS, NUMBERS, CATEGORIES, CATEGORIES, HASHED, TEXTS,
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS, RECORDS)
def test_a_record_alone_through_the_bundle_equals_the_batch(plan: Plan, records: list[dict]) -> None:
    transform, rows, schema = fit(plan)
    weights = np.random.default_rng(1).normal(size=(*transform.feature_shape, 2)).astype(np.float32)
    weights[: len(transform.numbers)] *= 1e-4  # unscaled numbers are large
    raw = pl.DataFrame(records, schema=RAW).with_columns(target=pl.lit("a"))
    expected = batch_answers(raw, transform, weights)
    with TemporaryDirectory() as folder:
        predictor = bundle(Path(folder), transform, rows, schema, weights)
    for record, clean_row, wanted in zip(records, cleaned(raw).to_dicts(), expected, strict=True):
        taken = {one.name for one in predictor.signature.inputs}
        asked = {name: value for name, value in record.items() if name in taken}
        if is_refused(clean_row, transform):
            with pytest.raises(InputError, match="went to quarantine as outliers"):
                predictor.predict([asked])
        else:
            (answer,) = predictor.predict([asked])
            np.testing.assert_allclose(list(answer["probabilities"].values()), wanted, atol=1e-4)


def test_the_signature_names_what_each_column_takes() -> None:
    plan = Plan(
        numbers=Numbers(outliers=Iqr(name="iqr", action="quarantine")),
        columns={"h": Categories(encode="hashing", buckets=8)},
    )
    transform, rows, schema = fit(plan)
    inputs = {one.name: one for one in signature_of(rows, schema, transform, PREPARE).inputs}
    assert (inputs["h"].buckets, inputs["h"].categories, inputs["h"].tensor) == (8, None, "hashed")
    assert inputs["u"].categories == ["a", "b", "d"], "the one row with c went to quarantine"
    assert "cat" in inputs["note"].words
    bounds = {step.column: step.bounds for step in transform.numbers}
    assert inputs["x"].refused_above == bounds["x"].high
    assert inputs["d"].refused_parts["year"] == (bounds["d_year"].low, bounds["d_year"].high)


def test_a_date_whose_year_training_put_into_quarantine_is_refused(tmp_path) -> None:
    plan = Plan(columns={"d_year": Numbers(outliers=Iqr(name="iqr", action="quarantine"))})
    transform, rows, schema = fit(plan)
    predictor = bundle(tmp_path, transform, rows, schema, np.ones((*transform.feature_shape, 2), dtype=np.float32))
    record = {name: None for name in RAW}
    assert predictor.predict([{**record, "d": "2021-05-06"}, record])
    with pytest.raises(InputError, match="column 'd': must have a year of at least .*, not '1999-01-01'"):
        predictor.predict([{**record, "d": "1999-01-01"}])


def test_examples_are_drawn_for_every_type_and_the_pages_say_what_is_taken(tmp_path) -> None:
    plan = Plan(columns={"h": Categories(encode="hashing", buckets=8)})
    transform, rows, schema = fit(plan)
    weights = np.ones((*transform.feature_shape, 2), dtype=np.float32)
    signature = bundle(tmp_path, transform, rows, schema, weights).signature
    write_examples(tmp_path, count=20, seed=1)
    examples = [example["input"] for example in read_json(tmp_path / "examples.json")["examples"]]
    known = set(transform.texts[0].words)
    assert any(example["note"] and known.issuperset(example["note"].split()) for example in examples)
    types = {name: each["type"] for name, each in record_schema(signature)["properties"].items()}
    assert types["note"] == types["h"] == ["string", "null"]
    assert [takes(one) for one in signature.inputs if one.name in ("h", "note")] == ["text; or null", "prose; or null"]
