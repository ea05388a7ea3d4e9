"""Pseudonyms that join and tell nothing, coarser values, and an honest count of who looks alike."""

import hashlib
import hmac

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.bundle.prepare import generalise as generalise_one
from slipway.errors import DataError, ParamsError
from slipway.product.anonymise import Anonymise, Generalise
from slipway.tables.anonymising import KEY, anonymity, generalise, pseudonym, read_key, require_anonymity

SECRET = "a key that is long enough"


def pseudonyms(values, dtype=None):
    column = pl.Series("who", values, dtype=dtype)
    return column.to_frame().lazy().select(pseudonym("who", column.dtype, SECRET)).collect()["who"].to_list()


def test_a_pseudonym_is_the_hmac_of_the_value():
    wanted = hmac.new(SECRET.encode(), b"M\xc3\xbcller", hashlib.sha256).hexdigest()[:32]
    assert pseudonyms(["Müller", None]) == [wanted, None]


@given(st.lists(st.integers(-(2**40), 2**40), unique=True, min_size=1))
def test_equal_values_join_whatever_their_type_and_different_ones_do_not(numbers):
    as_numbers = pseudonyms(numbers)
    assert as_numbers == pseudonyms([str(number) for number in numbers])
    assert as_numbers == pseudonyms([float(number) for number in numbers])
    assert len(set(as_numbers)) == len(numbers)


@pytest.mark.parametrize(("key", "found"), [(None, "is not set"), ("short", "has 5 letters")])
def test_without_a_key_that_keeps_a_secret_there_is_no_pseudonym(monkeypatch, key, found):
    monkeypatch.delenv(KEY, raising=False)
    if key is not None:
        monkeypatch.setenv(KEY, key)
    with pytest.raises(ParamsError, match=f"environment variable {KEY}, which {found}"):
        read_key()
    monkeypatch.setenv(KEY, SECRET)
    assert read_key() == SECRET


@pytest.mark.parametrize(
    ("params", "value", "coarse"),
    [
        (Generalise(width=10), 37.0, 30.0),
        (Generalise(width=10), -1.0, -10.0),
        (Generalise(width=49), 49.0, 49.0),
        (Generalise(edges=[0, 18, 65]), 18.0, 18.0),
        (Generalise(edges=[0, 18, 65]), 64.9, 18.0),
        (Generalise(edges=[0, 18, 65]), 99.0, 65.0),
        (Generalise(edges=[0, 18, 65]), -5.0, 0.0),
        (Generalise(prefix=3), "89073", "890"),
        (Generalise(prefix=3), "ä", "ä"),
    ],
)
def test_a_value_is_made_as_coarse_in_a_table_as_in_a_record(params, value, coarse):
    column = pl.Series([value, None])
    assert column.to_frame("x").select(generalise(params)(pl.col("x")).alias("x"))["x"].to_list() == [coarse, None]
    assert generalise_one(params, value) == coarse
    assert generalise_one(params, coarse) == coarse


@pytest.mark.parametrize("rule", [{}, {"width": 1, "prefix": 2}, {"edges": [2, 1]}, {"edges": [1]}, {"width": 0}])
def test_a_generalisation_is_one_and_makes_sense(rule):
    with pytest.raises(ValidationError):
        Generalise.model_validate(rule)


PEOPLE = pl.DataFrame(
    {
        "age": [30, 30, 30, 40, 40, None],
        "zip": ["890", "890", "890", "891", "891", None],
        "illness": ["flu", "flu", "cold", "flu", "flu", "cold"],
    }
)


def test_rows_that_look_alike_are_counted():
    params = Anonymise(quasi_identifiers=["age", "zip"], sensitive="illness", k=3, l=2, below="report")
    report = anonymity(PEOPLE.lazy(), params)
    figures = ("rows", "groups", "k", "rows_in_small_groups", "l", "rows_in_uniform_groups")
    assert [report[name] for name in figures] == [6, 3, 1, 3, 1, 3]
    assert report["passed"] is False
    assert "no differential privacy" in report["meaning"]
    require_anonymity(report, params)


def test_groups_that_are_too_small_or_too_alike_are_refused_where_it_is_declared():
    params = Anonymise(quasi_identifiers=["age"], k=2)
    with pytest.raises(DataError, match=r"1 of 6 rows are in groups of fewer than k = 2 rows alike in age"):
        require_anonymity(anonymity(PEOPLE.lazy(), params), params)
    params = Anonymise(quasi_identifiers=["age"], sensitive="illness", l=2)
    with pytest.raises(DataError, match=r"3 of 6 rows are in groups with fewer than l = 2 values of 'illness'"):
        require_anonymity(anonymity(PEOPLE.lazy(), params), params)
    params = Anonymise(quasi_identifiers=["illness"], k=2)
    require_anonymity(anonymity(PEOPLE.lazy(), params), params)


@pytest.mark.parametrize("rule", [{"k": 3}, {"sensitive": "x"}, {"quasi_identifiers": ["x"], "l": 2}])
def test_what_cannot_be_measured_is_refused(rule):
    with pytest.raises(ValidationError):
        Anonymise.model_validate(rule)
