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


class WorstGroup(Section):
    """Limits for the group of a sensitive column that fares worst; a column of many numbers is cut into quarters."""

    min_rows: int = Field(default=30, ge=1)
    """Test rows that a group, or a class within it, must have to be judged; smaller ones are named in the notes."""

    min_accuracy: float | None = Field(default=None, ge=0, le=1)
    """The least accuracy of a group; null judges none."""

    min_recall: float | None = Field(default=None, ge=0, le=1)
    """The least recall of a class within a group: accuracy hides a rare class that is never found."""

    max_rmse: float | None = Field(default=None, gt=0)
    """The greatest error of a group, for a regression."""

    @property
    def limits(self) -> dict[str, float]:
        """What is judged, by the key."""
        named = {"min_accuracy": self.min_accuracy, "min_recall": self.min_recall, "max_rmse": self.max_rmse}
        return {key: limit for key, limit in named.items() if limit is not None}


class RobustnessFloor(Section):
    """What evaluate's headline metric must still be under a disturbance of the test rows."""

    curve: str
    """As robustness.json names it: noise, for example."""

    strength: float = Field(ge=0)
    """One of the strengths that evaluate measured."""

    min: float
    """The least accuracy (r2 for a regression) there."""


class Gate(Section):
    """The untimed rules, judged by what the real server process answers; the timed ones stand in deploy.gate."""

    rows: int = Field(default=4096, ge=30)
    """Test rows that the server is asked about, at most; they are drawn by product.seed."""

    metrics: dict[str, Limit] = {}
    """Limits of the served answers' metrics on test, by the name that metrics.json uses; `ece` is calibration."""

    min_test_rows: int = Field(default=30, ge=1)
    """Rows that the metrics must at least stand on: a model that is right on one row proves nothing."""

    max_refused_pct: float = Field(default=5, ge=0, le=100)
    """Share of test rows that the server may refuse, in percent: those whose like went to quarantine in training."""

    min_class_recall: float | None = Field(default=None, ge=0, le=1)
    """The least recall of a class with `worst_group.min_rows` rows; null judges none."""

    worst_group: WorstGroup = WorstGroup()
    """Limits by group of product.sensitive."""

    robustness: list[RobustnessFloor] = []
    """Floors under disturbances that evaluate measured."""

    max_size_kib: float | None = Field(default=None, gt=0)
    """Size of model.onnx; null judges only that it is what candidates.csv says."""

    max_zero_weights_pct: float = Field(default=50, ge=0, le=100)
    """Share of weights that are zero: masked units are as large and as slow as others, so that is no pruning."""

    max_epsilon: float | None = Field(default=None, gt=0)
    """What privatize and train may spend together; null judges none, and no guarantee at all breaks a limit."""

    max_delta: float | None = Field(default=None, ge=0, lt=1)
    """The delta of both together."""

    max_parity_error: float = Field(default=1e-4, gt=0)
    """Largest difference between the fp32 export's outputs and those of the network that it holds."""

    max_batch_difference: float = Field(default=1e-4, gt=0)
    """How far a test row's answer may move with the size of its batch: 1, 32 and 256."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of test rows on which the served artefact decides as the network that it holds, in percent.

    One row may always differ: fewer than a hundred rows cannot tell 99 percent from less.
    """

    max_retrained_drop: float = Field(default=0.01, ge=0)
    """How far accuracy (r2 for a regression) may lie below the trained model's, where compress cut it or trained it
    again: such an artefact may decide otherwise in single rows."""

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
