"""Steps of the transform, as `preprocess` declares them and privatize fits them: a part of the section `preprocess`."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, Tag, ValidationError, model_validator

from slipway.product.section import Section, told_apart


def _null_is_a_word(value: object) -> object:
    return "null" if value is None else value


# YAML reads a bare `null` as nothing.
Action = Annotated[Literal["clip", "null", "quarantine"], BeforeValidator(_null_is_a_word)]


class Iqr(Section):
    """Bounds at some interquartile ranges below the first quartile and above the third (Tukey's fences)."""

    name: Literal["iqr"]
    """The rule."""

    factor: float = Field(default=1.5, gt=0)
    """Interquartile ranges between a quartile and its bound."""

    action: Action = "clip"
    """What becomes of a value beyond a bound. clip: the bound. null: missing. quarantine: a training row leaves
    with its reason, and a server refuses such a record; in validation and test the value counts as the bound.
    """


class ZScore(Section):
    """Bounds at some standard deviations from the mean."""

    name: Literal["zscore"]
    """The rule."""

    threshold: float = Field(default=3.0, gt=0)
    """Standard deviations between the mean and a bound."""

    action: Action = "clip"
    """What becomes of a value beyond a bound, as for iqr."""


Outliers = Annotated[Iqr | ZScore, Field(discriminator="name")]


class Quantile(Section):
    """How `scale: quantile` spreads values out: by their rank among the training rows, between fitted knots."""

    knots: int = Field(default=100, ge=2, le=10_000)
    """Quantiles that are fitted; between two of them a value is interpolated."""

    output: Literal["uniform", "normal"] = "uniform"
    """uniform: 0 to 1. normal: zero mean, unit variance, at most 5.2 either way."""


class Numbers(Section):
    """Steps for columns of numbers, fitted in privatize, in this order: outliers, impute, scale."""

    outliers: Outliers | None = None
    """Bounds fitted on the training rows, and what is done beyond them; null: nothing is. A column whose values
    have no spread by the rule (half of them are equal) gets no bounds.
    """

    impute: Literal["median", "mean", "mode", "zero"] | float = "median"
    """What stands in for a missing value; a number stands for itself."""

    indicator: bool = False
    """Whether a second feature says that the value was missing (where any is, in the training rows)."""

    scale: Literal["standard", "minmax", "robust", "quantile", "none"] = "standard"
    """standard: zero mean, unit variance. minmax: 0 to 1. robust: less the median, over the interquartile range."""

    quantile: Quantile = Quantile()
    """For scale: quantile."""


class Categories(Section):
    """Steps for columns of text with few values, fitted in privatize."""

    encode: Literal["onehot", "ordinal", "hashing"] = "onehot"
    """onehot: a feature for each value. ordinal: one feature, the value's place in their order, 0 to 1. hashing: a
    feature for each of some buckets, which a hash chooses: for columns of very many values.
    """

    values: list[str] | None = Field(default=None, min_length=2)
    """The values that are known, in order; null: those found in the training rows, sorted. Not for hashing."""

    max_values: int = Field(default=50, ge=2, le=10_000)
    """The most frequent values that are known, where they are found; the others are rare."""

    min_rows: int = Field(default=1, ge=1)
    """Values that fewer training rows hold are rare."""

    min_share: float = Field(default=0.0, ge=0, lt=1)
    """Values that a smaller share of the training rows holds are rare."""

    other: bool = True
    """Whether rare values, and unseen ones, share one more feature (a place of their own after the last, for
    ordinal), if the training rows hold any. If not, they have none (place -1).
    """

    missing: Literal["none", "category", "mode"] = "none"
    """A missing value has no feature (place -1), one of its own if the training rows miss any, or that of the
    most frequent value.
    """

    buckets: int = Field(default=32, ge=2, le=10_000)
    """For encode: hashing."""

    @model_validator(mode="after")
    def _values_are_different_texts(self) -> Self:
        if self.values is not None and (len(set(self.values)) < len(self.values) or "" in self.values):
            raise ValueError(f"values {self.values} must be different, and none of them empty, which is missing")
        if self.values is not None and self.encode == "hashing":
            raise ValueError("values are not for hashing, which knows no value: remove them, or encode: onehot")
        return self


class Texts(Section):
    """Steps for columns of prose (preprocess.types says `text`), fitted in privatize.

    Words are runs of letters and digits, in lower case; punctuation, symbols and white space stand between them.
    """

    max_words: int = Field(default=1000, ge=1, le=100_000)
    """The most frequent words of the training rows that get a feature each."""

    weight: Literal["counts", "binary", "tfidf"] = "tfidf"
    """counts: how often a word stands in the text. binary: whether it does. tfidf: the count times the logarithm of
    the word's rarity, each text scaled to length one.
    """


class Image(Section):
    """Steps for images, fitted in privatize."""

    max_value: float = Field(default=255, gt=0)
    """The brightest a pixel can be in the source; pixels are divided by it."""

    scale: Literal["standard", "none"] = "standard"
    """standard: zero mean and unit variance over all pixels of the training images."""


class Tokens(Section):
    """The step of a product of texts (product.kind: texts), fitted in privatize: a vocabulary of tokens.

    Tokens are frequent pieces of words (byte-pair encoding). A text becomes their numbers; 0 is padding, 1 is unknown.
    """

    vocabulary: int = Field(default=8000, ge=300, le=200_000)
    """Tokens at most, padding and unknown included; few texts have fewer."""

    length: int = Field(default=64, ge=1, le=4096)
    """Tokens of a text that the network reads; padding follows a shorter one, and the rest of a longer one is cut."""

    lower: bool = True
    """Whether capital letters are read as small ones."""

    min_frequency: int = Field(default=2, ge=1)
    """How often two neighbours stand in the training texts, at least, to become one token."""


Steps = Numbers | Categories | Texts

ColumnSteps = Annotated[
    Annotated[Numbers, Tag("Numbers")] | Annotated[Categories, Tag("Categories")] | Annotated[Texts, Tag("Texts")],
    told_apart(
        Numbers,
        Categories,
        Texts,
        mend="must hold steps of one kind: those of preprocess.numbers, of categories, or of texts",
    ),
]


def fill_in(steps: Steps, others: Steps) -> Steps:
    """Return the steps of one column, what is not given taken from those for all columns of its kind.

    Raises:
        ValueError: together they contradict each other.
    """
    given = {name: getattr(steps, name) for name in steps.model_fields_set}
    try:
        return type(others).model_validate(
            {**{name: getattr(others, name) for name in type(others).model_fields}, **given}
        )
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
