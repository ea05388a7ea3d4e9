"""transform.json: what the transform's steps were fitted to.

It is data, not code, so that the same numbers make the polars expressions in applying.py and the ONNX graph in
slipway/shrinking/graph.py, and a server prepares a record exactly as training did.
"""

from pathlib import Path
from typing import Literal

from slipway.files import read_json, write_text
from slipway.product.section import Section


class Bounds(Section):
    """The range of a number, and what is done with a value beyond it."""

    low: float
    """Below it is an outlier."""

    high: float
    """Above it is an outlier."""

    action: Literal["clip", "null", "quarantine"]
    """clip, or quarantine (of the training rows, and refused by a server): the bound. null: missing."""

    @property
    def reason(self) -> str:
        """What is said of a value beyond them."""
        ends = f"at least {self.low:.15g} and at most {self.high:.15g}"
        return f"must be {ends}, or it is an outlier among the training rows"


class Knots(Section):
    """Distinct quantiles of the training rows and the share of rows at them, 0 to 1.

    A value of many rows is a step: below it the share comes near `before`, at it the share is `at`, above it
    goes on from `after`.
    """

    values: list[float]
    """Ascending."""

    before: list[float]
    """Share just below the value."""

    at: list[float]
    """Share at the value."""

    after: list[float]
    """Share just above the value."""

    normal: bool
    """Whether the share becomes the quantile of a normal distribution."""


class Number(Section):
    """One feature: bounded, imputed, less center, over scale; or spread between knots. And whether it was missing."""

    column: str
    impute: float
    bounds: Bounds | None = None
    center: float = 0.0
    scale: float = 1.0
    knots: Knots | None = None
    indicator: bool = False


class Category(Section):
    """Each value has a code; features follow from the code.

    onehot and hashing: a feature for each code, -1 has none. ordinal: one feature, the code over the last code.
    """

    column: str
    encode: Literal["onehot", "ordinal", "hashing"] = "onehot"
    values: list[str] = []
    """Codes 0, 1, ...; empty for hashing, whose codes are buckets."""

    buckets: int = 0
    """For hashing."""

    other: int = -1
    """Code of a value that is not listed."""

    missing: int = -1
    """Code of a missing value."""

    @property
    def num_codes(self) -> int:
        """Codes that there are, those of rare and missing values included."""
        return max(len(self.values) + self.buckets, self.other + 1, self.missing + 1)

    @property
    def num_features(self) -> int:
        """Features of the column."""
        return 1 if self.encode == "ordinal" else self.num_codes

    @property
    def unit(self) -> int:
        """What the code of an ordinal is divided by."""
        return max(1, self.num_codes - 1)


class Text(Section):
    """A feature for each known word."""

    column: str
    words: list[str]
    """Sorted."""

    weight: Literal["counts", "binary", "tfidf"]
    """As in preprocess.texts."""

    rarity: list[float] = []
    """For tfidf, of each word: 1 + ln((1 + rows) / (1 + rows that hold it)); each text is then scaled to length 1."""


class Tokenized(Section):
    """A text as the numbers of its tokens: 0 is padding, 1 is unknown."""

    column: str
    length: int
    """Tokens of a text, padding included."""

    vocabulary: int
    """How many different tokens there are, padding and unknown included."""

    tokenizer: str
    """The content of tokenizer.json, as the library tokenizers reads it."""


class Pixels(Section):
    """(pixel over max_value, less center, over scale), channels first."""

    column: str
    shape: tuple[int, int, int]
    max_value: float
    center: float
    scale: float


class Transform(Section):
    """Numbers, then what was missing of them, categories, texts; or the tokens of one text, or an image, alone."""

    numbers: list[Number] = []
    categories: list[Category] = []
    texts: list[Text] = []
    tokens: Tokenized | None = None
    image: Pixels | None = None
    constant: list[str] = []
    """Columns that all training rows are alike in: they are no features."""

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Shape of one row's features: (F,), (channels, height, width), or (tokens,)."""
        if self.tokens is not None:
            return (self.tokens.length,)
        if self.image is not None:
            height, width, channels = self.image.shape
            return (channels, height, width)
        missing = sum(number.indicator for number in self.numbers)
        values = sum(category.num_features for category in self.categories)
        return (len(self.numbers) + missing + values + sum(len(text.words) for text in self.texts),)

    @property
    def feature_columns(self) -> list[str]:
        """The column of each feature of a table, in the order of the features."""
        values = [step.column for step in self.numbers]
        missing = [step.column for step in self.numbers if step.indicator]
        codes = [step.column for step in self.categories for _ in range(step.num_features)]
        return [*values, *missing, *codes, *(step.column for step in self.texts for _ in step.words)]

    @property
    def vocabulary(self) -> int | None:
        """How many different tokens there are; None where features are numbers."""
        return None if self.tokens is None else self.tokens.vocabulary

    @property
    def known(self) -> list[Category]:
        """The categories whose values are looked up."""
        return [step for step in self.categories if step.encode != "hashing"]

    @property
    def hashed(self) -> list[Category]:
        """The categories whose values are hashed."""
        return [step for step in self.categories if step.encode == "hashing"]

    def write(self, folder: Path) -> None:
        """Write transform.json into a stage's folder."""
        write_text(folder / "transform.json", self.model_dump_json(indent=1, exclude_defaults=True) + "\n")


def read_transform(folder: Path) -> Transform:
    """Read transform.json from a stage's folder."""
    return Transform.model_validate(read_json(folder / "transform.json"))
