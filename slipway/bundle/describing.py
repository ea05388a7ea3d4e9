"""What a record must hold, told from the released rows and the fitted transform: how signature.json is made."""

import polars as pl

from slipway.bundle.prepare import Prepare
from slipway.bundle.signature import ISO_8601, Input, Signature
from slipway.drift import round_outwards
from slipway.tables.schema import Schema
from slipway.transform.fitted import Bounds, Category, Pixels, Transform
from slipway.transform.tokens import whole_words

MAX_WORDS = 50


def signature_of(rows: pl.DataFrame, schema: Schema, transform: Transform, prepare: Prepare) -> Signature:
    """Say what a record must hold, in the order of the model's tensors.

    Ranges are those of the released rows, rounded outwards. Categories and words are some that the transform
    knows, those of a single row, too: model.onnx holds them anyway.
    """
    numbers = with_dates([number_input(rows[step.column], step.bounds) for step in transform.numbers], prepare)
    categories = [category_input(rows[step.column], step) for step in (*transform.known, *transform.hashed)]
    texts = [text_input(rows[step.column], step.words[:MAX_WORDS]) for step in transform.texts]
    if (tokens := transform.tokens) is not None:
        words = whole_words(tokens.tokenizer, MAX_WORDS) or None
        texts.append(text_input(rows[tokens.column], words, length=tokens.length))
    images = [] if transform.image is None else [image_input(transform.image)]
    return Signature(
        kind=schema.product.kind,
        task=schema.product.task,
        label_delimiter=schema.product.label_delimiter,
        target=schema.require_target(),
        classes=schema.classes,
        more_targets=schema.more_targets,
        inputs=[_with_filled(one, prepare) for one in (*numbers, *categories, *texts, *images)],
    )


def _with_filled(one: Input, prepare: Prepare) -> Input:
    """Allow a missing value where the server fills it in, though training rows miss none."""
    return one.model_copy(update={"missing_allowed": True}) if one.name in prepare.fill else one


def number_input(column: pl.Series, bounds: Bounds | None = None) -> Input:
    """Describe a column of numbers; its range is rounded, or its ends would be the values of two rows."""
    refused = bounds if bounds is not None and bounds.action == "quarantine" else None
    values = column.cast(pl.Float64).fill_nan(None)
    known = values.drop_nulls().to_numpy()
    minimum, maximum = round_outwards(float(known.min()), float(known.max()))
    return Input(
        name=column.name,
        dtype="number",
        minimum=minimum,
        maximum=maximum,
        refused_below=None if refused is None else refused.low,
        refused_above=None if refused is None else refused.high,
        missing_allowed=values.null_count() > 0,
    )


def category_input(column: pl.Series, step: Category) -> Input:
    """Describe a column of categories; where values are hashed, none is known."""
    return Input(
        name=step.column,
        dtype="category",
        categories=step.values or None,
        buckets=step.buckets or None,
        missing_allowed=column.null_count() > 0,
    )


def text_input(column: pl.Series, words: list[str] | None, *, length: int | None = None) -> Input:
    """Describe a column of texts; `length` is the most tokens that the model reads, None where it counts words."""
    missing_allowed = column.null_count() > 0
    return Input(name=column.name, dtype="text", words=words, length=length, missing_allowed=missing_allowed)


def image_input(step: Pixels) -> Input:
    """Describe a column of images; a record's pixels are bytes."""
    return Input(name=step.column, dtype="image", shape=step.shape, minimum=0, maximum=min(step.max_value, 255))


def with_dates(numbers: list[Input], prepare: Prepare) -> list[Input]:
    """Put one date in the place of the numbers that are its parts: a record holds the date."""
    owners = {f"{name}_{part}": (name, part) for name, dates in prepare.dates.items() for part in dates.parts}
    inputs: dict[str, Input] = {}
    for number in numbers:
        name, part = owners.get(number.name, (number.name, None))
        if part is None:
            inputs[name] = number
            continue
        known = inputs.get(name) or Input(
            name=name,
            dtype="date",
            format=prepare.dates[name].format or ISO_8601,
            parts=[],
            missing_allowed=number.missing_allowed,
        )
        assert name not in inputs or next(reversed(inputs)) == name, "the parts of a date stand in a row"
        years = {"minimum": number.minimum, "maximum": number.maximum} if part == "year" else {}
        refused = dict(known.refused_parts)
        if number.refused_below is not None and number.refused_above is not None:
            refused[part] = (number.refused_below, number.refused_above)
        parts = {"parts": [*(known.parts or []), part], "refused_parts": refused}
        inputs[name] = known.model_copy(update={**parts, **years})
    return list(inputs.values())
