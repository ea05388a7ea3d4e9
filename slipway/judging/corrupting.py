"""Corruptions of tables and texts: raw cleaned columns as they might arrive on a bad day.

Each is a function of the rows, a strength and a seeded generator. Shares are of single values or words.
"""

import random
import string
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import polars as pl

from slipway.judging.corrupting_images import IMAGES, corrupted
from slipway.tables.schema import Schema
from slipway.transform.applying import plain_number
from slipway.transform.fitted import Transform

Corruption = Callable[[pl.DataFrame, float, np.random.Generator], pl.DataFrame]
"""From rows, a strength and luck to corrupted rows."""


def corruptions(schema: Schema, transform: Transform) -> dict[str, Corruption]:
    """Return those that concern a column which the model looks at, by their names."""
    if transform.image is not None:
        return {name: partial(corrupted, step=transform.image, name=name) for name in IMAGES}
    dtypes = {column.name: column.dtype for column in schema.columns}
    numbers = [step.column for step in transform.numbers if dtypes[step.column] != "Boolean"]
    categories = [step.column for step in transform.categories]
    texts = [step.column for step in transform.texts] if transform.tokens is None else [transform.tokens.column]
    flags = [step.column for step in transform.numbers if dtypes[step.column] == "Boolean"]
    of_tables: dict[str, tuple[Callable[..., pl.DataFrame], list[str]]] = {
        "missing": (_missing, [*numbers, *flags, *categories, *texts]),
        "noise": (_noise, numbers),
        "shift": (_shift, numbers),
        "scale": (_scale, numbers),
        "shuffle": (_shuffle, [*flags, *categories]),
    }
    of_words = {name: (partial(_edited, edit=edit), texts) for name, edit in WORDS.items()}
    both = of_words if transform.tokens is not None else of_tables | of_words
    return {name: partial(corrupt, columns=columns) for name, (corrupt, columns) in both.items() if columns}


def _missing(rows: pl.DataFrame, strength: float, luck: np.random.Generator, columns: Sequence[str]) -> pl.DataFrame:
    """Lose each value with the probability `strength`."""
    return rows.with_columns(
        pl.when(pl.Series(luck.random(rows.height) >= strength)).then(pl.col(name)).alias(name) for name in columns
    )


def _noise(rows: pl.DataFrame, strength: float, luck: np.random.Generator, columns: Sequence[str]) -> pl.DataFrame:
    """Add normal noise of `strength` standard deviations of the column."""
    return rows.with_columns(
        plain_number(name) + strength * _deviation(name) * pl.Series(luck.normal(size=rows.height)) for name in columns
    )


def _shift(rows: pl.DataFrame, strength: float, luck: np.random.Generator, columns: Sequence[str]) -> pl.DataFrame:
    """Move each column up or down by `strength` standard deviations: a gauge that is off."""
    signs = luck.choice([-1.0, 1.0], size=len(columns))
    return rows.with_columns(
        plain_number(name) + strength * sign * _deviation(name) for name, sign in zip(columns, signs, strict=True)
    )


def _scale(rows: pl.DataFrame, strength: float, luck: np.random.Generator, columns: Sequence[str]) -> pl.DataFrame:
    """Spread each column about its mean, 1 + `strength` times as wide."""
    return rows.with_columns(
        plain_number(name).mean() + (1 + strength) * (plain_number(name) - plain_number(name).mean())
        for name in columns
    )


def _shuffle(rows: pl.DataFrame, strength: float, luck: np.random.Generator, columns: Sequence[str]) -> pl.DataFrame:
    """Give each category, with the probability `strength`, the value that another row has."""
    changed = []
    for name in columns:
        other = rows[name].gather(luck.permutation(rows.height))
        changed.append(pl.when(pl.Series(luck.random(rows.height) < strength)).then(other).otherwise(pl.col(name)))
    return rows.with_columns(each.alias(name) for each, name in zip(changed, columns, strict=True))


def _edited(
    rows: pl.DataFrame,
    strength: float,
    luck: np.random.Generator,
    columns: Sequence[str],
    edit: Callable[[str, random.Random], str],
) -> pl.DataFrame:
    """Edit each word with the probability `strength`."""
    draw = random.Random(int(luck.integers(2**32)))

    def edited(text: str | None) -> str | None:
        if text is None:
            return None
        words = [edit(word, draw) if draw.random() < strength else word for word in text.split(" ")]
        return " ".join(word for word in words if word)

    return rows.with_columns(
        pl.Series(name, [edited(text) for text in rows[name].cast(pl.String).to_list()], dtype=pl.String)
        for name in columns
    )


def _drop(word: str, draw: random.Random) -> str:
    return ""


def _mistype(word: str, draw: random.Random) -> str:
    """Replace, lose or double one letter."""
    if not word:
        return word
    place = draw.randrange(len(word))
    instead = draw.choice([draw.choice(string.ascii_lowercase), "", 2 * word[place]])
    return word[:place] + instead + word[place + 1 :]


def _swap(word: str, draw: random.Random) -> str:
    """Swap two letters that stand beside each other."""
    if len(word) < 2:
        return word
    place = draw.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


WORDS = {"dropped_words": _drop, "typos": _mistype, "swapped_letters": _swap}


def _deviation(name: str) -> pl.Expr:
    """Return the column's standard deviation, 0 where there is none."""
    return plain_number(name).std(ddof=0).fill_null(0.0)
