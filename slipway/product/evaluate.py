"""The `evaluate` section: how the trained model is judged, and how its probabilities become a class."""

from typing import Annotated

from pydantic import Field

from slipway.product.mitigation import Mitigation
from slipway.product.section import Section

Cost = Annotated[float, Field(ge=0)]


class Evaluate(Section):
    """How the trained model is judged."""

    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the test rows behind each interval."""

    confidence_pct: float = Field(default=95, gt=50, lt=100)
    """Coverage of the intervals, in percent."""

    calibrate: bool = True
    """Whether a temperature is fitted on the validation rows (Guo et al. 2017)."""

    costs: dict[str, dict[str, Cost]] = {}
    """What a wrong answer costs, by true class and given class, as in `{ill: {healthy: 20}}`; one not named costs 1.

    The class of least expected cost is then given; {} takes the most probable one.
    """

    mitigation: Mitigation | None = None
    """Thresholds of groups, for two classes; null has none."""
