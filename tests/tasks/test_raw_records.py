"""Raw records, as dirty as their source, through the bundle: the answers that training rows would get."""

import random

import numpy as np
import polars as pl
import pytest
from line import run_line

from slipway.bundle.predictor import Predictor
from slipway.bundle.records import InputError
from slipway.files import read_json, write_json
from slipway.learning.trained import load_network, scores
from slipway.product.preprocess import Preprocess
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from tasks.preprocess import preprocess

RULES = {
    "lower": ["job"],
    "replace": {"job": {"chef": "cook"}},
    "types": {"wage": "number", "married": "boolean", "born": "date"},
    "separators": {"wage": {"decimal": ",", "thousands": "."}},
    "dates": {"born": {"format": "%d.%m.%Y", "parts": ["year", "month", "days"]}},
    "bounds": {"wage": {"low": 0, "high": 9000}, "age": {"high": 90, "action": "clip"}},
    "fill": {"married": False},
    "anonymise": {"generalise": {"age": {"width": 5}}},
}


def dirty_rows(num_rows):
    rng = random.Random(7)
    rows = []
    for index in range(num_rows):
        age, wage = rng.randint(18, 99), rng.uniform(500, 8000)
        rows.append(
            {
                "_id": index,
                "person": f"p{index}",
                "age": age,
                "wage": "-1,5"
                if index % 50 == 0
                else f"{wage:,.1f}".replace(",", "_").replace(".", ",").replace("_", "."),
                "job": rng.choice([" Cook", "chef", "NURSE ", "pilot", "?"]),
                "married": rng.choice(["yes", "No", "", "1"]),
                "born": f"{rng.randint(1, 28):02}.{rng.randint(1, 12)}.{2026 - age}" if index % 9 else "unknown",
                "target": "yes" if age + wage / 200 > 75 else "no",
            }
        )
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def table():
    return dirty_rows(700)


@pytest.fixture(scope="module")
def root(tmp_path_factory, table):
    """The line from preprocess on, trained on dirty rows."""
    root = tmp_path_factory.mktemp("raw")
    checked = root / "checked"
    checked.mkdir()
    table.write_parquet(checked / "table.parquet")
    product = Product(kind="tabular", target="target", classes=["no", "yes"], identifiers=["person"])
    columns = [Column(name=name, dtype=str(dtype)) for name, dtype in table.schema.items() if name != "_id"]
    Schema(product=product, columns=columns, classes=["no", "yes"]).write(checked)
    write_json(checked / "validation.json", {"passed": True, "reasons": []})
    suite = root / "clean.suite.yaml"
    present = "{type: expect_column_values_to_not_be_null, kwargs: {column: age}, severity: critical}"
    suite.write_text(f"name: clean\nexpectations:\n  - {present}\n")
    preprocess(checked, suite, root / "preprocess", Preprocess.model_validate(RULES))
    return run_line(root, preprocess=root / "preprocess", checked=checked)


def records_of(table, ids):
    return table.filter(pl.col("_id").is_in(ids)).drop("_id", "person", "target").to_dicts()


def test_a_raw_record_gets_the_answer_of_its_clean_row(root, table):
    test = pl.read_parquet(root / "preprocess" / "test.parquet")
    expected = scores(load_network(root / "train"), features(test, read_transform(root / "privatize"))).argmax(1)
    answers = Predictor(root / "package" / "bundle").predict(records_of(table, test["_id"].to_list()))
    agree = [answer["label"] == ["no", "yes"][index] for answer, index in zip(answers, expected, strict=True)]
    assert sum(agree) >= 0.98 * len(agree)


def test_the_model_gets_the_same_numbers_from_a_record_as_from_a_table(root, table):
    from slipway.bundle.prepare import parse_prepare
    from slipway.bundle.records import RecordReader
    from slipway.bundle.signature import parse_signature
    from slipway.suites.rules import RowRules
    from slipway.transform.applying import raw_inputs

    bundle = root / "package" / "bundle"
    test = pl.read_parquet(root / "preprocess" / "test.parquet")
    reader = RecordReader(
        parse_signature((bundle / "signature.json").read_bytes()),
        parse_prepare((bundle / "prepare.json").read_bytes()),
        RowRules([]),
    )
    tensors = reader.read(records_of(table, test["_id"].to_list()))
    wanted = raw_inputs(test, read_transform(root / "privatize"))
    assert tensors.keys() == wanted.keys()
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(tensors[name], tensor)


def test_a_record_whose_row_went_to_quarantine_is_refused_with_the_reason(root, table):
    away = pl.read_parquet(root / "preprocess" / "quarantine.parquet")
    assert away.height == 14
    predictor = Predictor(root / "package" / "bundle")
    for record in records_of(table, away["_id"].to_list()):
        with pytest.raises(InputError, match="column 'wage': must be at least 0 and at most 9000"):
            predictor.predict([record])


def test_the_signature_lists_raw_columns(root):
    inputs = read_json(root / "package" / "bundle" / "signature.json")["inputs"]
    born = next(one for one in inputs if one["name"] == "born")
    assert sorted(one["name"] for one in inputs) == ["age", "born", "job", "married", "wage"]
    assert (born["dtype"], born["format"], born["parts"]) == ("date", "%d.%m.%Y", ["year", "month", "days"])
    assert born["missing_allowed"]
    assert next(one for one in inputs if one["name"] == "married")["missing_allowed"]


def test_a_wrong_date_is_missing_and_what_is_no_text_is_refused(root, table):
    predictor = Predictor(root / "package" / "bundle")
    record = records_of(table, [1])[0]
    wrong, missing = predictor.predict([record | {"born": "2026-11-22"}, record | {"born": None}])
    assert wrong == missing
    with pytest.raises(InputError, match="column 'born': must be the text of a date, not 20261122"):
        predictor.predict([record | {"born": 20261122}])
    with pytest.raises(InputError, match="column 'age'"):
        predictor.predict([record | {"age": 10**400 * -1}])
