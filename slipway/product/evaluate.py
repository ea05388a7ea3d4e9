"""The `evaluate` section: how the trained model is judged."""

from typing import Literal

from pydantic import Field

from slipway.product.robustness import Robustness
from slipway.product.section import Section

Baseline = Literal["constant", "linear", "gradient_boosting"]


class Evaluate(Section):
    """How the trained model is judged."""

    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the test rows behind each interval."""

    confidence_pct: float = Field(default=95, gt=50, lt=100)
    """Coverage of the intervals, in percent."""

    calibrate: bool = True
    """Whether a temperature is fitted on the validation rows (Guo et al. 2017)."""

    baselines: list[Baseline] = ["constant", "linear", "gradient_boosting"]
    """Simple models that are fitted to the same rows; constant is the majority's class or the mean; [] is none."""

    robustness: Robustness = Robustness()
    """What the model is worth on corrupted rows."""
