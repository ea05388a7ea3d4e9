"""Apply the fitted transform to a frame: features for training, and the raw tensors that model.onnx takes.

Each raw column becomes one polars column by row-wise expressions, which stream: a number, a code, or words. What grows
from there to many features is written straight into the rows of the features' array: polars would make a column of
each, and turning columns into rows costs many times more than making them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.tables.images import image_array
from slipway.transform.fitted import Category, Number, Pixels, Text, Tokenized, Transform
from slipway.transform.quantiles import spread
from slipway.transform.tokens import TokenReader
from slipway.transform.words import LAST_SIGMA, SEPARATORS, SIGMA, bucket

Array = npt.NDArray[Any]

ROWS_AT_ONCE = 4096
ANSWERED_AT_ONCE, TOKENS_AT_ONCE = 8192, 1 << 17


def features(frame: pl.DataFrame, transform: Transform) -> Array:
    """Apply the transform to a frame that has its columns.

    Returns:
        [N, F] or [N, channels, height, width] float32; for a product of texts [N, tokens] int64.
    """
    if transform.tokens is not None:
        return _tokens(frame, transform.tokens)
    if transform.image is not None:
        return _scaled_pixels(frame[transform.image.column], transform.image)
    indicated = [step for step in transform.numbers if step.indicator]
    numbers = frame.select(number(step) for step in transform.numbers)
    missing = frame.select(was_missing(step) for step in indicated)
    codes = frame.select(code(step) for step in transform.categories)
    texts = frame.select(words_of(step.column) for step in transform.texts)
    made = np.zeros((frame.height, *transform.feature_shape), dtype=np.float32)
    start = _write_rows(made, [*numbers.get_columns(), *missing.get_columns()])
    for step, column in zip(transform.categories, codes.get_columns(), strict=True):
        _write_codes(made[:, start : start + step.num_features], column.to_numpy(), step)
        start += step.num_features
    for prose, column in zip(transform.texts, texts.get_columns(), strict=True):
        _write_words(made[:, start : start + len(prose.words)], column, prose)
        start += len(prose.words)
    return made


def rows_at_once(tokens_a_row: int | None) -> int:
    """Return how many rows a network answers at once: what a Transformer holds of a text grows with its length squared.

    Args:
        tokens_a_row: Of texts; None of numbers and images.
    """
    return ANSWERED_AT_ONCE if tokens_a_row is None else min(ANSWERED_AT_ONCE, max(1, TOKENS_AT_ONCE // tokens_a_row))


def raw_inputs(frame: pl.DataFrame, transform: Transform) -> dict[str, Array]:
    """Give the columns as model.onnx takes them, under the names of its inputs; those that exist.

    `numeric`: float64 [N, k], NaN for missing. `categorical`: strings [N, c], "" for missing. `hashed`: int64 [N, h],
    buckets, -1 for missing. `text`: strings [N, t], words joined by a space. `image`: uint8 [N, height, width,
    channels]. `tokens`: int64 [N, tokens].
    """
    inputs: dict[str, Array] = {}
    if transform.image is not None:
        inputs["image"] = image_array(frame[transform.image.column], transform.image.shape)
    if transform.tokens is not None:
        inputs["tokens"] = _tokens(frame, transform.tokens)
    if transform.numbers:
        numbers = frame.select(plain_number(step.column).fill_null(float("nan")) for step in transform.numbers)
        inputs["numeric"] = np.empty((frame.height, numbers.width))
        _write_rows(inputs["numeric"], numbers.get_columns())
    if transform.known:
        inputs["categorical"] = _strings(
            frame.select(plain_text(step.column).fill_null("") for step in transform.known)
        )
    if transform.hashed:
        buckets = frame.select(bucket_of(step).fill_null(-1) for step in transform.hashed)
        inputs["hashed"] = np.ascontiguousarray(buckets.to_numpy())
    if transform.texts:
        inputs["text"] = _strings(frame.select(words_of(step.column) for step in transform.texts))
    return inputs


def plain_number(column: str) -> pl.Expr:
    """Return a column of numbers as Float64, null where missing."""
    return pl.col(column).cast(pl.Float64).fill_nan(None)


def plain_text(column: str) -> pl.Expr:
    """Return a column of texts, null where missing; an empty text is how model.onnx is told of a missing one."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text != "").then(text).alias(column)


def bounded(step: Number) -> pl.Expr:
    """Return the number, null where it is missing or an outlier that counts as missing."""
    value = plain_number(step.column)
    if step.bounds is None or step.bounds.action != "null":
        return value
    return pl.when(value.is_between(step.bounds.low, step.bounds.high)).then(value)


def was_missing(step: Number) -> pl.Expr:
    """Return 1 where the number is missing, else 0 (Float32)."""
    return bounded(step).is_null().cast(pl.Float32)


def number(step: Number) -> pl.Expr:
    """Return the scaled number (Float32)."""
    value = bounded(step).fill_null(step.impute)
    if step.bounds is not None and step.bounds.action != "null":
        value = value.clip(step.bounds.low, step.bounds.high)
    if step.knots is None:
        return ((value - step.center) / step.scale).cast(pl.Float32)
    knots = step.knots

    def spread_out(series: pl.Series) -> pl.Series:
        return pl.Series(series.name, spread(series.to_numpy(), knots))

    return value.map_batches(spread_out, return_dtype=pl.Float64, is_elementwise=True).cast(pl.Float32)


def code(step: Category) -> pl.Expr:
    """Return the code of a category (Int32)."""
    if step.encode == "hashing":
        return bucket_of(step).fill_null(step.missing).cast(pl.Int32)
    text = plain_text(step.column)
    listed = text.cast(pl.Enum(step.values), strict=False).to_physical().cast(pl.Int32)
    return pl.when(text.is_null()).then(step.missing).otherwise(listed.fill_null(step.other)).alias(step.column)


def bucket_of(step: Category) -> pl.Expr:
    """Return the bucket of a category (Int64), null where it is missing; each different text is hashed once."""

    def look_up(series: pl.Series) -> pl.Series:
        different = series.drop_nulls().unique()
        buckets = [bucket(text, step.buckets) for text in different.to_list()]
        return series.replace_strict(different, buckets, default=None, return_dtype=pl.Int64)

    return plain_text(step.column).map_batches(look_up, return_dtype=pl.Int64, is_elementwise=True)


def words_of(column: str) -> pl.Expr:
    """Return the words of a text, joined by single spaces; "" where it is missing (see words.py)."""
    lower = pl.col(column).cast(pl.String).fill_null("").str.replace_all(SEPARATORS, " ").str.to_lowercase()
    return lower.str.replace_all(LAST_SIGMA, SIGMA, literal=True).str.strip_chars(" ")


def _write_rows(made: Array, columns: Sequence[pl.Series]) -> int:
    """Write columns of numbers into the first columns of the array, some rows at a time: they stay in the cache."""
    arrays = [column.to_numpy() for column in columns]
    for start in range(0, len(made) if arrays else 0, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        made[rows, : len(arrays)] = np.stack([array[rows] for array in arrays], axis=1)
    return len(arrays)


def _write_codes(made: Array, codes: Array, step: Category) -> None:
    if step.encode == "ordinal":
        made[:, 0] = codes / step.unit
    else:
        rows = np.flatnonzero(codes >= 0)
        made[rows, codes[rows]] = 1


def _write_words(made: Array, texts: pl.Series, step: Text) -> None:
    """Count each text's known words, and weigh them."""
    split = pl.DataFrame({"row": np.arange(len(texts)), "word": texts.str.split(" ")}).explode("word")
    places = pl.col("word").cast(pl.Enum(step.words), strict=False).to_physical()
    known = split.select("row", places.cast(pl.Int64)).drop_nulls()
    rows, words = known["row"].to_numpy(), known["word"].to_numpy()
    if step.weight == "binary":
        made[rows, words] = 1
        return
    np.add.at(made, (rows, words), 1)
    if step.weight == "tfidf":
        made *= np.array(step.rarity, dtype=np.float32)
        length = np.sqrt(np.einsum("nf,nf->n", made, made))[:, None]
        np.divide(made, length, out=made, where=length > 0)


def _strings(columns: pl.DataFrame) -> Array:
    return np.array([column.to_list() for column in columns.get_columns()], dtype=object).T


def _tokens(frame: pl.DataFrame, step: Tokenized) -> npt.NDArray[np.int64]:
    texts = frame[step.column].cast(pl.String).fill_null("")
    return TokenReader(step.tokenizer).read(texts.to_list())


def _scaled_pixels(column: pl.Series, step: Pixels) -> npt.NDArray[np.float32]:
    pixels = image_array(column, step.shape).astype(np.float32)
    scaled = (pixels / np.float32(step.max_value) - np.float32(step.center)) / np.float32(step.scale)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
