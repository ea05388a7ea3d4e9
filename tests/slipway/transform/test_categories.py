"""Columns of categories: known, rare, missing and unseen values in each encoding."""

import polars as pl
import pytest
from fits import fitted, through_onnx
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from slipway.product.steps import Categories
from slipway.tables.plan import Plan
from slipway.transform.applying import features
from slipway.transform.words import bucket

JOBS = ["cook", "cook", "cook", "nurse", "nurse", "pilot", None, ""]


def column(data=JOBS, served=None, **steps):
    """Features of one column, fitted on its values and applied to what is served."""
    table = pl.DataFrame({"u": data, "target": ["a"] * len(data)})
    transform = fitted(table, Plan(categories=Categories(**steps)))
    rows = table if served is None else pl.DataFrame({"u": served}, schema={"u": pl.String})
    made = features(rows, transform)
    assert (through_onnx(rows, transform) == made).all()
    return made.tolist(), transform.categories[0]


def test_a_missing_or_unseen_category_has_no_feature() -> None:
    assert column(served=["cook", "pilot", None, "", "baker"])[0] == [[1, 0, 0], [0, 0, 1], *[[0, 0, 0]] * 3]


@pytest.mark.parametrize("steps", [{"max_values": 2}, {"min_rows": 2}, {"min_share": 0.2}])
def test_rare_and_unseen_values_share_one_feature_if_the_training_rows_hold_any(steps) -> None:
    made, step = column(served=["nurse", "pilot", "baker", None], **steps)
    assert step.values == ["cook", "nurse"]
    assert made == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert column(served=["pilot", "baker"], other=False, **steps)[0] == [[0, 0], [0, 0]]


def test_a_missing_value_has_a_feature_of_its_own_or_that_of_the_most_frequent() -> None:
    assert column(served=[None, "", "baker"], missing="category")[0] == [[0, 0, 0, 1], [0, 0, 0, 1], [0] * 4]
    assert column(served=[None, "cook"], missing="mode")[0] == [[1, 0, 0]] * 2
    made, step = column(["x", "y"], served=[None], missing="category")
    assert made == [[0, 0]], "no training row teaches what a missing value means"
    assert step.missing == -1


def test_declared_values_are_known_in_their_order_whether_seen_or_not() -> None:
    made, step = column(served=["pilot", "cook", "nurse"], values=["pilot", "judge", "cook"])
    assert step.values == ["pilot", "judge", "cook"]
    assert made == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_ordinals_are_places_from_zero_to_one_and_minus_for_nothing() -> None:
    sizes = ["small", "large", "middle", "small"]
    order = ["small", "middle", "large"]
    made, _ = column(sizes, served=[*order, "huge", None], encode="ordinal", values=order)
    assert made == [[0], [0.5], [1], [-0.5], [-0.5]]


def test_one_hot_features_are_those_of_scikit_learn() -> None:
    known = [[value] for value in JOBS if value]
    served = [["cook"], ["pilot"], ["baker"]]
    oracle = OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False).fit(known)
    assert (
        column([value for (value,) in known], served=[v for (v,) in served], min_rows=2)[0]
        == oracle.transform(served).tolist()
    )


def test_ordinals_are_those_of_scikit_learn_over_the_last() -> None:
    known = [[value] for value in JOBS if value]
    oracle = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(known)
    served = [["nurse"], ["pilot"], ["baker"]]
    expected = (oracle.transform(served) / 2).tolist()
    assert column([value for (value,) in known], served=[v for (v,) in served], encode="ordinal")[0] == expected


def test_hashing_puts_every_value_seen_or_not_into_its_bucket() -> None:
    served = ["cook", "baker", None, "日本"]
    made, _ = column(served=served, encode="hashing", buckets=8)
    for row, value in zip(made, served, strict=True):
        assert row == [float(value is not None and bucket(value, 8) == place) for place in range(8)]
    assert column(served=[None], encode="hashing", buckets=8, missing="category")[0] == [[0.0] * 8 + [1.0]]
    assert column(served=[None], encode="hashing", buckets=8, missing="mode")[0][0][bucket("cook", 8)] == 1


def test_values_that_are_all_rare_leave_one_code_and_no_feature() -> None:
    table = pl.DataFrame({"u": ["x", "y", "z"], "v": ["x", "x", "y"], "target": list("aba")})
    transform = fitted(table, Plan(categories=Categories(min_rows=2)))
    assert transform.constant == ["u"]
    assert transform.categories[0].values == ["x"]


def test_all_values_rare_beside_missing_ones_are_told_apart() -> None:
    made, step = column(["x", "y", None], min_rows=2)
    assert step.values == []
    assert made == [[1], [1], [0]]
