"""The fitted transform: raw columns in, float32 features out; fitted once, on what privatize releases.

It is data, not code (transform.json), so that the same numbers make the polars expressions here and the
ONNX graph in slipway/shrinking/graph.py, and a server prepares a record exactly as training did.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slipway.errors import DataError
from slipway.files import read_json, write_text
from slipway.product.section import Section
from slipway.product.steps import Image, Numbers
from slipway.tables.plan import Plan
from slipway.tables.schema import Schema

Array = npt.NDArray[Any]


class Number(Section):
    """(value or impute, less center, over scale)."""

    column: str
    impute: float
    center: float
    scale: float


class Category(Section):
    """One feature for each value; a missing or unseen value has none of them."""

    column: str
    values: list[str]


class Pixels(Section):
    """(pixel over max_value, less center, over scale), channels first."""

    column: str
    shape: tuple[int, int, int]
    max_value: float
    center: float
    scale: float


class Transform(Section):
    """Numbers, then categories; or an image alone."""

    numbers: list[Number] = []
    categories: list[Category] = []
    image: Pixels | None = None

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Shape of one row's features: (F,) or (channels, height, width)."""
        if self.image is not None:
            height, width, channels = self.image.shape
            return (channels, height, width)
        return (len(self.numbers) + sum(len(category.values) for category in self.categories),)

    def write(self, folder: Path) -> None:
        """Write transform.json into a stage's folder."""
        write_text(folder / "transform.json", self.model_dump_json(indent=1) + "\n")


def read_transform(folder: Path) -> Transform:
    """Read transform.json from a stage's folder."""
    return Transform.model_validate(read_json(folder / "transform.json"))


def fit_transform(train: pl.DataFrame, schema: Schema, plan: Plan) -> Transform:
    """Fit the plan on the released training rows.

    Raises:
        DataError: there is no feature, or an image stands beside other features.
    """
    images, numbers, categories = schema.names("image"), schema.names("number"), schema.names("category")
    if not images and not numbers and not categories:
        raise DataError("no column is left to learn from: all are target, identifiers or ignored in product")
    if images and (len(images) > 1 or numbers or categories):
        raise DataError(
            f"an image is learned from alone, but there are {[*images, *numbers, *categories]}: "
            "add all columns but one image to product.ignore"
        )
    return Transform(
        numbers=[_fit_number(train[name], plan.numbers) for name in numbers],
        categories=[_fit_category(train[name], plan.categories.max_values) for name in categories],
        image=_fit_pixels(train[images[0]], schema, plan.image) if images else None,
    )


def features(frame: pl.DataFrame, transform: Transform) -> npt.NDArray[np.float32]:
    """Apply the transform to a frame that has its columns: [N, F] float32, or [N, channels, height, width]."""
    if transform.image is not None:
        step = transform.image
        pixels = image_array(frame[step.column], step.shape).astype(np.float32)
        scaled = (pixels / np.float32(step.max_value) - np.float32(step.center)) / np.float32(step.scale)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
    numbers = [
        ((pl.col(step.column).cast(pl.Float64).fill_nan(None).fill_null(step.impute) - step.center) / step.scale)
        .cast(pl.Float32)
        .alias(f"number {index}")
        for index, step in enumerate(transform.numbers)
    ]
    categories = [
        pl.col(step.column).eq_missing(pl.lit(value)).cast(pl.Float32).alias(f"category {index} {value}")
        for index, step in enumerate(transform.categories)
        for value in step.values
    ]
    return np.ascontiguousarray(frame.select(numbers + categories).to_numpy(writable=True))


def raw_inputs(frame: pl.DataFrame, transform: Transform) -> dict[str, Array]:
    """Give the columns as model.onnx takes them, under the names of its inputs; those that exist.

    `numeric`: float64 [N, k], NaN for missing. `categorical`: strings [N, c], "" for missing.
    `image`: uint8 [N, height, width, channels].
    """
    inputs: dict[str, Array] = {}
    if transform.image is not None:
        inputs["image"] = image_array(frame[transform.image.column], transform.image.shape)
    if transform.numbers:
        columns = [pl.col(step.column).cast(pl.Float64).fill_null(float("nan")) for step in transform.numbers]
        inputs["numeric"] = np.ascontiguousarray(frame.select(columns).to_numpy())
    if transform.categories:
        texts = [frame[step.column].fill_null("").to_list() for step in transform.categories]
        inputs["categorical"] = np.array(texts, dtype=object).T
    return inputs


def targets(frame: pl.DataFrame, schema: Schema) -> Array:
    """Give the target: int64 class indices [N], or float64 values [N] for a regression.

    Raises:
        DataError: a class is not among those of the schema.
    """
    column = frame[schema.require_target()]
    if schema.classes is None:
        return column.cast(pl.Float64).to_numpy()
    unknown = sorted(set(column.unique().to_list()) - set(schema.classes), key=str)
    if unknown:
        raise DataError(
            f"target '{column.name}' holds {unknown[:5]}, not among the classes {schema.classes[:20]}: "
            "correct product.classes, or let validate put these rows into quarantine"
        )
    return column.replace_strict(schema.classes, list(range(len(schema.classes))), return_dtype=pl.Int64).to_numpy()


def image_array(column: pl.Series, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Turn a Binary column into uint8 [N, height, width, channels]."""
    data = b"".join(column.to_list())
    return np.frombuffer(data, dtype=np.uint8).reshape(len(column), *shape)


def _fit_number(column: pl.Series, params: Numbers) -> Number:
    values = column.cast(pl.Float64).fill_nan(None)
    known = values.drop_nulls().to_numpy()
    if not len(known):
        raise DataError(f"column '{column.name}' has no value in the training rows: add it to product.ignore")
    impute = {"median": float(np.median(known)), "mean": float(known.mean()), "zero": 0.0}[params.impute]
    filled = values.fill_null(impute).to_numpy()
    center, scale = 0.0, 1.0
    if params.scale == "standard":
        center, scale = float(filled.mean()), float(filled.std())
    elif params.scale == "minmax":
        center, scale = float(filled.min()), float(filled.max() - filled.min())
    # A constant column leaves as zeros: its rounding errors must not become the unit of what is served.
    constant = scale <= 1e-12 * max(1.0, abs(center))
    return Number(column=column.name, impute=impute, center=center, scale=1.0 if constant else scale)


def _fit_category(column: pl.Series, max_values: int) -> Category:
    known = column.filter(column != "")  # an empty text is how model.onnx is told of a missing one
    if known.is_empty():
        raise DataError(f"column '{column.name}' has no value in the training rows: add it to product.ignore")
    counts = known.value_counts(name="rows").sort(["rows", column.name], descending=[True, False])
    return Category(column=column.name, values=sorted(counts[column.name].head(max_values).to_list()))


def _fit_pixels(column: pl.Series, schema: Schema, params: Image) -> Pixels:
    assert schema.image_shape is not None, "ingest writes the shape of images"
    pixels = image_array(column, schema.image_shape) / params.max_value
    center, scale = (float(pixels.mean()), float(pixels.std())) if params.scale == "standard" else (0.0, 1.0)
    return Pixels(
        column=column.name,
        shape=schema.image_shape,
        max_value=params.max_value,
        center=center,
        scale=scale if scale > 0 else 1.0,
    )
