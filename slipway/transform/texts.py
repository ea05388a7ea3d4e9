"""Fit the steps of columns of prose: the vocabulary, and how rare each word is."""

import polars as pl

from slipway.product.steps import Texts
from slipway.transform.applying import words_of
from slipway.transform.columns import Counts, no_value
from slipway.transform.fitted import Text


def fit_text(rows: pl.LazyFrame, name: str, steps: Texts, counts: Counts) -> Text | None:
    """Fit the steps of one column of prose; None where all rows have the same words."""
    words = words_of(name)
    facts = rows.select(rows=pl.len(), missing=pl.col(name).null_count(), different=words.n_unique())
    num_rows, num_missing, num_different = facts.collect(engine="streaming").row(0)
    if num_missing == num_rows:
        raise no_value(name)
    if num_missing:
        counts.missing[name] = num_missing
    split = words.str.split(" ")
    vocabulary = sorted(_count(rows, split).head(steps.max_words)["word"].to_list())
    if num_different == 1 or not vocabulary:
        return None
    rarity: list[float] = []
    if steps.weight == "tfidf":
        holding = _count(rows, split.list.unique()).filter(pl.col("word").is_in(vocabulary)).sort("word")
        rarity = (1 + ((1 + num_rows) / (1 + holding["rows"])).log()).to_list()
    return Text(column=name, words=vocabulary, weight=steps.weight, rarity=rarity)


def _count(rows: pl.LazyFrame, words: pl.Expr) -> pl.DataFrame:
    """Count words, the most frequent first."""
    every = rows.select(word=words).explode("word").filter(pl.col("word") != "")
    counted = every.group_by("word").agg(rows=pl.len()).collect(engine="streaming")
    return counted.sort(["rows", "word"], descending=[True, False])
