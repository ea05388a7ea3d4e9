"""Columns of prose: which words are known, and how they are weighed."""

import numpy as np
import polars as pl
import pytest
from fits import fitted, through_onnx
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from slipway.product.steps import Texts
from slipway.tables.plan import Plan
from slipway.transform.applying import features
from slipway.transform.words import words

TEXTS = ["The cat sat, the cat ran.", "A dog? The DOG!", None, "", "…", "cat\tÉCOLE 東京", "the the the"]


def column(values=TEXTS, served=None, **steps):
    table = pl.DataFrame({"note": values, "target": ["a"] * len(values)})
    transform = fitted(table, Plan(texts=Texts(**steps)), texts=["note"])
    rows = table if served is None else pl.DataFrame({"note": served}, schema={"note": pl.String})
    made = features(rows, transform)
    for batch_rows in (1, 3, 4096):
        np.testing.assert_allclose(through_onnx(rows, transform, batch_rows=batch_rows), made, atol=1e-6)
    return made, transform.texts[0]


def test_the_most_frequent_words_are_known_and_counted() -> None:
    made, step = column(max_words=3, weight="counts")
    assert step.words == ["cat", "dog", "the"]
    assert made[:, :].tolist() == [[2, 0, 2], [0, 2, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 3]]


def test_binary_says_whether_a_word_is_there() -> None:
    made, _ = column(max_words=3, weight="binary", served=["THE the dog", "bird"])
    assert made.tolist() == [[0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("weight", ["counts", "binary", "tfidf"])
def test_weights_are_those_of_scikit_learn(weight) -> None:
    made, step = column(weight=weight)
    options = {"tokenizer": str.split, "token_pattern": None, "lowercase": False, "vocabulary": step.words}
    oracle = TfidfVectorizer(**options) if weight == "tfidf" else CountVectorizer(**options, binary=weight == "binary")
    prepared = [words(text or "") for text in TEXTS]
    np.testing.assert_allclose(made, oracle.fit_transform(prepared).toarray(), atol=1e-6)
    assert step.words == sorted(
        CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False).fit(prepared).vocabulary_
    )
