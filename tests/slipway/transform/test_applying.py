"""A row alone through ONNX equals the batch in polars, whatever the steps and the values."""

import numpy as np
import polars as pl
import pytest
from fits import fitted, through_onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.product.steps import Categories, Iqr, Numbers, Quantile, Texts, ZScore
from slipway.shrinking.preparing import transform_model
from slipway.tables.plan import Plan
from slipway.transform.applying import features

TYPES = {"x": pl.Float64, "y": pl.Int64, "u": pl.String, "v": pl.String, "h": pl.String, "note": pl.String}

NUMBERS = st.builds(
    Numbers,
    outliers=st.none()
    | st.builds(
        Iqr, name=st.just("iqr"), factor=st.floats(0.1, 3), action=st.sampled_from(["clip", "null", "quarantine"])
    )
    | st.builds(ZScore, name=st.just("zscore"), threshold=st.floats(0.5, 4), action=st.sampled_from(["clip", "null"])),
    impute=st.sampled_from(["median", "mean", "mode", "zero"]) | st.floats(-10, 10),
    indicator=st.booleans(),
    scale=st.sampled_from(["standard", "minmax", "robust", "quantile", "none"]),
    quantile=st.builds(Quantile, knots=st.integers(2, 30), output=st.sampled_from(["uniform", "normal"])),
)
CATEGORIES = st.builds(
    Categories,
    encode=st.sampled_from(["onehot", "ordinal"]),
    max_values=st.integers(2, 4),
    min_rows=st.integers(1, 3),
    other=st.booleans(),
    missing=st.sampled_from(["none", "category", "mode"]),
)
HASHED = st.builds(
    Categories,
    encode=st.just("hashing"),
    buckets=st.integers(2, 12),
    missing=st.sampled_from(["none", "category", "mode"]),
)
TEXTS = st.builds(Texts, max_words=st.integers(1, 9), weight=st.sampled_from(["counts", "binary", "tfidf"]))
PLANS = st.builds(
    lambda x, y, u, v, h, note: Plan(columns={"x": x, "y": y, "u": u, "v": v, "h": h, "note": note}),
    NUMBERS, NUMBERS, CATEGORIES, CATEGORIES, HASHED, TEXTS,
)  # fmt: skip

reals = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32), st.just(float("nan")), st.sampled_from([1.0, 2.5, 7.0]))
whole = st.none() | st.integers(-(2**40), 2**40) | st.integers(0, 5)
values = st.one_of(st.none(), st.sampled_from(["a", "b", "ü", "a b", "unseen", "", "NaN", "日本"]), st.text(max_size=3))
prose = st.none() | st.lists(
    st.sampled_from(["The", "cat", "東京", "ΣΑΣ", "x!", "…"]) | st.text(max_size=4), max_size=6
).map(" ".join)
ROWS = st.lists(st.tuples(reals, whole, values, values, values, prose), min_size=1, max_size=6)

TRAIN = pl.DataFrame(
    {
        "x": [1.0, 2.5, None, float("nan"), 2.5, 900.0, 3.0, 1e-3],
        "y": [1, 5, 1, None, 3, 2, 2**33, 1],
        "u": ["a", "", "b", None, "b", "c", "a", "d"],
        "v": ["ü", "a b", "ü", "ü", "a b", "x", "y", "z"],
        "h": ["a", "b", "c", None, "e", "f", "g", "日本"],
        "note": ["The cat", "the dog, the cat", None, "", "東京 x", "ΣΑΣ σας", "cat cat cat", "!"],
        "target": list("abababab"),
    },
    schema_overrides=TYPES,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS, ROWS)
def test_a_row_alone_through_onnx_equals_the_batch_in_polars(plan: Plan, rows: list[tuple]) -> None:
    transform = fitted(TRAIN, plan, texts=["note"])
    frame = pl.DataFrame(rows, schema=TYPES, orient="row")
    batch = features(frame, transform)
    assert batch.shape == (len(rows), *transform.feature_shape)
    assert np.isfinite(batch).all()
    for batch_rows in (1, len(rows)):
        alone = through_onnx(frame, transform, batch_rows=batch_rows)
        np.testing.assert_allclose(alone, batch, rtol=2e-6, atol=2e-6)


def test_no_rows_give_no_features() -> None:
    transform = fitted(TRAIN, texts=["note"])
    assert features(TRAIN.head(0), transform).shape == (0, *transform.feature_shape)


def test_the_same_transform_gives_the_same_bytes() -> None:
    plan = Plan(numbers=Numbers(scale="quantile", outliers=Iqr(name="iqr", action="null"), indicator=True))
    graphs = [transform_model(fitted(TRAIN, plan, texts=["note"])) for _ in range(2)]
    first, second = (graph.SerializeToString(deterministic=True) for graph in graphs)
    assert first == second


@pytest.mark.parametrize("batch_rows", [1, 7, 256])
def test_more_rows_than_the_cache_holds_are_prepared_alike(batch_rows) -> None:
    many = pl.concat([TRAIN] * 700)
    plan = Plan(numbers=Numbers(scale="quantile", quantile=Quantile(output="normal")))
    transform = fitted(TRAIN, plan, texts=["note"])
    made = features(many, transform)
    assert (made[:8] == made[-8:]).all()
    np.testing.assert_allclose(through_onnx(many.head(600), transform, batch_rows=batch_rows), made[:600], atol=2e-6)
