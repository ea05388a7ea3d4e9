"""The `evaluate` section: how the trained model is judged."""

from pydantic import Field

from slipway.product.section import Section


class Explanations(Section):
    """What the model's answers are explained with, and how much work that may be."""

    rows: int = Field(default=2000, ge=10, le=1_000_000)
    """Test rows that a column's importance is measured on, at most; fewer where the network is large."""

    repeats: int = Field(default=5, ge=1, le=100)
    """How often each column's values are dealt out anew among these rows."""

    steps: int = Field(default=50, ge=10, le=1000)
    """Points on the way from the baseline to a row that gradients are taken at."""


class Evaluate(Section):
    """How the trained model is judged."""

    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the test rows behind each interval."""

    confidence_pct: float = Field(default=95, gt=50, lt=100)
    """Coverage of the intervals, in percent."""

    calibrate: bool = True
    """Whether a temperature is fitted on the validation rows (Guo et al. 2017)."""

    explanations: Explanations | None = Explanations()
    """Which columns matter, and why a few rows were answered as they were; null: neither."""
