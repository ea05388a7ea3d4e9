"""A product that contradicts itself is refused before a row is read, with all that contradicts it."""

from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.params import Params
from slipway.suites.staying import require_staying
from slipway.suites.suite import Suite

SECTIONS = ("ingest", "validate", "preprocess", "privatize", "augment", "train", "evaluate", "compress", "package")
GONE = {"identifiers": ["id"], "ignore": ["note", "sex"], "sensitive": ["sex"]}


def check(preprocess, *about):
    sections = {name: {} for name in (*SECTIONS, "deploy", "serve", "tune")}
    product = {"kind": "tabular", "target": "y", "more_targets": {"z": {}}, **GONE}
    params = Params.model_validate(
        {**sections, "product": product, "ingest": {"source": "x.csv"}, "preprocess": preprocess}
    )
    each = [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}, "severity": "warning"}
        for name in about
    ]
    each.append({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "severity": "critical"})
    clean = Suite.model_validate({"name": "clean", "expectations": each})
    require_staying(params, clean, params_file=Path("params.yaml"), clean_file=Path("clean.suite.yaml"))


def test_what_stays_may_be_named():
    check({"types": {"age": "number"}, "dates": {"note": {}}}, "age", "sex", "y")


def test_a_pseudonym_stays():
    check({"anonymise": {"pseudonymise": ["id"]}}, "id")


@pytest.mark.parametrize(
    ("preprocess", "about", "message"),
    [
        ({"types": {"note": "text"}}, [], "params.yaml: preprocess.types names 'note', but product.ignore takes it"),
        ({"types": {"y": "number"}}, [], "preprocess.types names 'y', but it is a target"),
        ({"types": {"z": "number"}}, [], "preprocess.types names 'z', but it is a target"),
        ({"types": {"id": "number"}}, [], "preprocess.types names 'id', but product.identifiers says"),
        ({"columns": {"sex": {"scale": "none"}}}, [], "preprocess.columns names 'sex', but product.ignore"),
        (
            {},
            ["age", "note"],
            r"clean.suite.yaml, expectation 2 \(expect_column.*\) is about 'note', but product.ignore",
        ),
        ({}, ["id"], "is about 'id', but product.identifiers"),
        ({"dates": {"joined": {"parts": ["year"]}}}, ["joined"], "'joined', but cleaning makes joined_year of it"),
        ({"dates": {"joined": {"parts": []}}}, ["joined"], "'joined', but preprocess.dates leaves no part"),
    ],
)
def test_what_cleaning_takes_away_is_named_with_its_reason(preprocess, about, message):
    with pytest.raises(ParamsError, match=message):
        check(preprocess, *about)


def test_all_mistakes_are_told_at_once_up_to_three():
    with pytest.raises(ParamsError) as refused:
        check({"types": {"note": "text"}}, "note", "id", "note", "id")
    assert len(str(refused.value).splitlines()) == 4
    assert str(refused.value).endswith("and 2 more")
