"""Words and buckets are the same in plain Python, which serves, and in polars, which trains."""

import doctest

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slipway.transform import quantiles, words
from slipway.transform.applying import words_of


def in_polars(texts: list[str]) -> list[str]:
    return pl.DataFrame({"x": texts}, schema={"x": pl.String}).select(words_of("x")).to_series().to_list()


def test_the_examples_hold() -> None:
    assert not any(doctest.testmod(module).failed for module in (words, quantiles))


def test_every_character_that_there_is_gives_the_same_words() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [f"a{one}b Σ{one}Σ" for one in every]
    assert in_polars(texts) == [words.words(text) for text in texts]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_gives_the_same_words(texts: list[str]) -> None:
    assert in_polars(texts) == [words.words(text) for text in texts]


def test_words_hold_no_separator_and_one_space_between_them() -> None:
    assert words.words(" ... Don't  STOP_now—ΟΔΟΣ\n\x00") == "don t stop now οδοσ"
    assert words.words("!?") == ""


def test_buckets_are_stable_and_spread() -> None:
    found = [words.bucket(str(index), 10) for index in range(1000)]
    assert found[:5] == [words.bucket(str(index), 10) for index in range(5)]
    assert all(60 < found.count(one) < 140 for one in range(10))
