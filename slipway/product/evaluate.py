"""The `evaluate` section: how the trained model is judged."""

from pydantic import Field

from slipway.product.section import Section

Value = str | bool | int | float | None
Condition = Value | list[Value]
"""Of a column: a value (null: it is missing), one of several texts, or the range of a number."""


class Evaluate(Section):
    """How the trained model is judged."""

    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the test rows behind each interval."""

    confidence_pct: float = Field(default=95, gt=50, lt=100)
    """Coverage of the intervals, in percent."""

    calibrate: bool = True
    """Whether a temperature is fitted on the validation rows (Guo et al. 2017)."""

    positive: str | None = None
    """The class whose selection, true positive and false positive rates are compared by group; null takes the last of
    two classes, and compares accuracy and the mean rate of all classes where there are more."""

    min_group_rows: int = Field(default=30, ge=1)
    """A group of a sensitive column with fewer test rows is left out: its rates would be chance."""

    slices: list[dict[str, Condition]] = []
    """Parts of the test rows to judge, each by conditions that a row meets all: {sex: Female, age: [30, 45]}. A number
    or a text must be equal, [lowest, highest] holds both its ends (null leaves one open), [a, b] of texts is either."""

    min_slice_rows: int = Field(default=50, ge=2)
    """Slices are searched for among groups of one or two columns with as many test rows."""

    max_slices: int = Field(default=10, ge=0, le=100)
    """How many slices that are surely worse than all rows are told at most."""
