"""The `package` section: the untimed rules that an artefact must keep to be deployed."""

from typing import Self

from pydantic import Field, model_validator

from slipway.product.section import Section

CLASSIFICATION_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "roc_auc",
    "log_loss",
    "ece",
)
REGRESSION_METRICS = ("mae", "rmse", "r2")


class Limit(Section):
    """A metric's floor, ceiling or both, on test."""

    min: float | None = None
    """The least it may be."""

    max: float | None = None
    """The most it may be."""


class Gate(Section):
    """The untimed rules; the timed and relative ones stand in deploy.gate."""

    metrics: dict[str, Limit] = {}
    """Limits of the chosen artefact's metrics on test, by the name that metrics.json uses."""

    min_test_rows: int = Field(default=30, ge=1)
    """Rows that the metrics must at least stand on: a model that is right on one row proves nothing."""

    max_parity_error: float = Field(default=1e-4, gt=0)
    """Largest difference between the fp32 export's outputs and the trained model's."""

    max_batch_difference: float = Field(default=1e-4, gt=0)
    """How far a test row's answer may move with the size of its batch."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of test rows on which the chosen artefact predicts as the trained model does, in percent.

    One row may always differ: fewer than a hundred rows cannot tell 99 percent from less.
    """

    @model_validator(mode="after")
    def _metrics_exist(self) -> Self:
        known = (*CLASSIFICATION_METRICS, *REGRESSION_METRICS)
        unknown = [name for name in self.metrics if name not in known]
        if unknown:
            raise ValueError(f"no metric {unknown}; there are {', '.join(known)}")
        return self


class Package(Section):
    """What goes into the bundle and what it must keep."""

    gate: Gate = Gate()
    """The untimed rules."""

    description: str = ""
    """What the model is for, in a sentence or two: the first lines of the model card."""

    examples: int = Field(default=8, ge=1, le=1000)
    """Example inputs, drawn from the signature and never from rows, that a server must answer alike."""
