"""A vocabulary of tokens: the same bytes in every process, padding and unknown, and what every text becomes."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import polars as pl
import pytest
from fits import schema_of

from slipway.errors import DataError
from slipway.product.steps import Tokens
from slipway.tables.plan import Plan
from slipway.transform.applying import features, raw_inputs
from slipway.transform.fitted import Transform, read_transform
from slipway.transform.fitting import fit_transform
from slipway.transform.tokens import CHARACTERS_PER_TOKEN, PADDING, UNKNOWN, TokenReader, whole_words

TEXTS = ["the good cat", "the good dog", "a bad cat ate the good fish", None, "the bad dog", "the cat"] * 5
TABLE = pl.DataFrame({"note": TEXTS, "target": ["a", "b", "a", "b", "a", "b"] * 5})


def fitted(table: pl.DataFrame | pl.LazyFrame = TABLE, **steps: object) -> Transform:
    schema = schema_of(TABLE, texts=["note"], kind="texts")
    return fit_transform(table, schema, Plan(tokens=Tokens.model_validate({"length": 6, **steps})))[0]


def reader(**steps: object) -> TokenReader:
    return TokenReader(fitted(**steps).tokens.tokenizer)


def test_a_text_is_its_tokens_and_padding_behind_and_a_missing_one_is_padding_alone() -> None:
    made = features(TABLE.head(4), fitted())
    assert (made.dtype, made.shape) == ("int64", (4, 6))
    assert (made[0] != PADDING).tolist() == [True] * 3 + [False] * 3, "frequent words are one token each"
    assert made[0, 0] == made[1, 0] == made[2, 4], "'the' is one token wherever it stands"
    assert (made[3] == PADDING).all()
    assert (raw_inputs(TABLE.head(4), fitted())["tokens"] == made).all(), "a server gives the model the same"


def test_how_many_texts_are_read_at_once_changes_nothing(tmp_path, monkeypatch) -> None:
    TABLE.write_parquet(tmp_path / "table.parquet")
    monkeypatch.setattr("slipway.transform.vocabularies.TEXTS_AT_ONCE", 3)
    in_parts = fitted(pl.scan_parquet(tmp_path / "table.parquet"))
    monkeypatch.undo()
    assert in_parts == fitted()


def test_a_long_text_is_cut() -> None:
    long, short = reader().read(["the cat " * 1000, "the cat the cat the cat"])
    assert (long == short).all()


def test_what_lies_far_behind_the_last_token_is_not_even_looked_at() -> None:
    far = " " * (6 * CHARACTERS_PER_TOKEN) + "the cat"
    assert (reader().read([far]) == reader().read([far + " the dog" * 10_000])).all()


def test_bytes_that_training_has_not_seen_are_unknown_and_neighbours_count_as_one() -> None:
    row = reader().read(["the 🙂🙂 cat"])[0].tolist()
    assert UNKNOWN in row
    assert all(pair != (UNKNOWN, UNKNOWN) for pair in pairwise(row))


def test_a_text_that_spells_a_special_token_is_read_as_letters() -> None:
    table = TABLE.with_columns(note=pl.lit("[PAD] [UNK]"))
    table = pl.concat([table, TABLE])
    made = features(table.head(1), fitted(table, lower=False, length=12))[0].tolist()
    assert PADDING not in made[: made.index(PADDING)]
    assert made[0] not in (PADDING, UNKNOWN)
    assert UNKNOWN not in made


def test_capital_letters_count_only_where_they_should() -> None:
    same, other = reader().read(["THE cat", "the cat"])
    assert (same == other).all()
    same, other = reader(lower=False).read(["THE cat", "the cat"])
    assert (same != other).any()


def test_no_texts_are_no_rows() -> None:
    assert reader().read([]).shape == (0, 6)


def test_the_vocabulary_is_as_large_as_the_texts_allow_and_no_larger_than_stated() -> None:
    words = pl.DataFrame({"note": [f"{a}{b}{c} {b}{c}{a}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"]})
    table = words.with_columns(target=pl.lit("a"))
    assert fitted(table, vocabulary=300, min_frequency=1).vocabulary == 300
    assert fitted().vocabulary < 60
    assert fitted(min_frequency=100).vocabulary < fitted().vocabulary


def test_whole_words_are_named_the_most_frequent_first() -> None:
    words = whole_words(fitted().tokens.tokenizer, 50)
    assert words.index("the") < words.index("cat")
    assert whole_words(fitted().tokens.tokenizer, 2) == words[:2]


def test_the_file_can_be_read_by_the_library_alone(tmp_path) -> None:
    fitted().write(tmp_path)
    again = read_transform(tmp_path)
    assert again == fitted()
    assert json.loads(again.tokens.tokenizer)["truncation"]["max_length"] == 6


@pytest.mark.parametrize(("texts", "message"), [(["same"] * 4, "holds the same text"), ([None] * 4, "has no value")])
def test_texts_that_teach_nothing_are_refused(texts: list, message: str) -> None:
    table = pl.DataFrame({"note": texts, "target": ["a", "b"] * 2}, schema_overrides={"note": pl.String})
    with pytest.raises(DataError, match=message):
        fitted(table)


FIT = """
import hashlib, random
import polars as pl
from slipway.product.steps import Tokens
from slipway.transform.columns import Counts
from slipway.transform.vocabularies import fit_tokens
rng = random.Random(1)
letters = "abcdefgh éß東"
texts = ["".join(rng.choices(letters, k=60)) for _ in range(1500)]
step = fit_tokens(pl.LazyFrame({"t": texts}), "t", Tokens(vocabulary=900), Counts())
print(hashlib.sha256(step.tokenizer.encode()).hexdigest())
"""


def test_the_vocabulary_is_the_same_whatever_the_process_and_its_threads() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", FIT],
            env={**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "true"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "4"), ("3", "2"))
    }
    assert len(seen) == 1
