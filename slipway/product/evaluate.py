"""The `evaluate` section: how the trained model is judged, and how its probabilities become a class."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from slipway.product.explanations import Explanations
from slipway.product.mitigation import Mitigation
from slipway.product.product import Product
from slipway.product.robustness import Robustness
from slipway.product.section import Section

Baseline = Literal["constant", "linear", "gradient_boosting"]
Cost = Annotated[float, Field(ge=0)]
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

    costs: dict[str, dict[str, Cost]] = {}
    """What a wrong answer costs, by true class and given class, as in `{ill: {healthy: 20}}`; one not named costs 1.

    The class of least expected cost is then given; {} takes the most probable one.
    """

    mitigation: Mitigation | None = None
    """Thresholds of groups, for two classes; null has none."""

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

    explanations: Explanations | None = Explanations()
    """Which columns matter, and why a few rows were answered as they were; null: neither."""

    baselines: list[Baseline] = ["constant", "linear", "gradient_boosting"]
    """Simple models that are fitted to the same rows; constant is the majority's class or the mean; [] is none."""

    robustness: Robustness = Robustness()
    """What the model is worth on corrupted rows."""

    @field_validator("costs")
    @classmethod
    def _right_answers_cost_nothing(cls, costs: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        if right := [name for name, row in costs.items() if name in row]:
            raise ValueError(f"costs.{right[0]}.{right[0]}: a right answer costs nothing; remove it")
        return costs

    def require_fit(self, product: Product, classes: list[str] | None) -> None:
        """Refuse costs and mitigation that the main target cannot have.

        Args:
            product: The section.
            classes: Of the main target; None where nobody knows them yet, and of a regression.

        Raises:
            ValueError: There is such a thing.
        """
        for key in ("costs", "mitigation"):
            if getattr(self, key) and product.task != "classification":
                raise ValueError(f"evaluate.{key} is for task: classification, and product.task is {product.task}")
        if self.costs and classes is not None:
            _require_costs_of(self.costs, classes)
        if self.mitigation is None:
            return
        if classes is not None and len(classes) != 2:
            raise ValueError(f"evaluate.mitigation is for two classes, and '{product.target}' has {len(classes)}")
        if (column := self.mitigation.column) not in product.sensitive:
            raise ValueError(
                f"evaluate.mitigation.column = '{column}' is not among product.sensitive {product.sensitive}: "
                "add it there, so that fairness is judged by it"
            )


def _require_costs_of(costs: dict[str, dict[str, float]], classes: list[str]) -> None:
    named = [*costs, *(given for row in costs.values() for given in row)]
    if unknown := [name for name in named if name not in classes]:
        raise ValueError(f"evaluate.costs names '{unknown[0]}', which is none of the classes {classes[:20]}")
    if not any(costs.get(true, {}).get(given, 1) for true in classes for given in classes if true != given):
        raise ValueError("evaluate.costs: no wrong answer costs anything, so nothing tells the classes apart")
