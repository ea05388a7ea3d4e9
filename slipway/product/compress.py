"""The `compress` section: which smaller artefacts are tried, how one is chosen, and what it may lose."""

from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from slipway.product.archive import Archiving
from slipway.product.section import Section, told_apart

Precision = Literal["fp32", "int8", "int8_dynamic", "int8_weights"]
"""int8: static; int8_dynamic: by the ranges of the batch at hand; int8_weights: stored so, computed with in fp32."""

Recovery = Literal["none", "finetune", "distil"]
"""What a narrower network learns from afterwards: nothing, the targets, or these and the trained model's answers."""

Width = Annotated[float, Field(gt=0, le=1)]

DEFAULT_EPOCHS = 8


class Recipe(Section):
    """How one artefact is made of the trained model; the same recipe gives the same bytes."""

    width: Width = 1.0
    """Share of the hidden units, channels or heads' dimensions that is left of each layer."""

    recover: Recovery = "none"
    """How the narrower network learns again what it lost. An ensemble's first network stands for all, unless none."""

    epochs: int | None = Field(default=None, ge=1, le=100_000)
    """Passes of recovery over the training rows; null: 8, or none where nothing is recovered."""

    precision: Precision = "fp32"
    """Of weights and activations."""

    runtime: Literal["onnxruntime"] = "onnxruntime"
    """What serves the artefact."""

    @model_validator(mode="after")
    def _epochs_are_for_recovery(self) -> Self:
        if self.recover == "none" and self.epochs is not None:
            raise ValueError("epochs are of recover: finetune or distil; leave them out where it is none")
        return self

    @property
    def num_epochs(self) -> int:
        """How long it recovers; 0 where it does not."""
        return 0 if self.recover == "none" else self.epochs or DEFAULT_EPOCHS

    @property
    def keeps_weights(self) -> bool:
        """Whether its network is the trained one, with all its weights."""
        return self.width == 1 and self.recover == "none"

    @property
    def name(self) -> str:
        """What tables and pictures call it.

        >>> Recipe(width=0.5, recover="distil", epochs=3, precision="int8").name
        'int8 width 0.5 distil 3'
        """
        width = "" if self.width == 1 else f" width {self.width:g}"
        recovery = "" if self.recover == "none" else f" {self.recover} {self.num_epochs}"
        return f"{self.precision}{width}{recovery}"


class Compress(Section):
    """Candidates are exported whole and judged on validation; the best that loses little enough is chosen."""

    recipe: Annotated[
        Annotated[Literal["smallest", "search"], Tag("str")] | Annotated[Recipe, Tag("Recipe")],
        told_apart(Recipe, mend="must be smallest, search, or what recipe.json of a search holds"),
    ] = "smallest"
    """smallest: of the precisions in `candidates`, untimed. search: widths, recovery and precision, measured here. A
    recipe, as recipe.json holds it: that artefact alone, untimed."""

    candidates: Annotated[list[Precision], Field(min_length=1)] | None = None
    """Precisions that are tried, fp32 always; null: fp32 and int8, and in a search all."""

    widths: Annotated[list[Width], Field(min_length=1)] = [0.5, 0.35, 0.25, 0.12]
    """Widths that a search tries besides the whole network."""

    objective: Literal["latency_b1", "latency_batch", "size"] = "latency_b1"
    """What a search makes small: milliseconds of one row, or of a full batch; or bytes."""

    search_seconds: float = Field(default=1200, gt=0)
    """After so many seconds a search begins no further training."""

    max_accuracy_drop_pct: float = Field(default=0.5, ge=0, le=100)
    """Points of validation accuracy (or percent of RMSE) that a candidate may lose against the trained model."""

    max_worst_group_drop_pct: float = Field(default=3, ge=0, le=100)
    """The same of the worst group: each value of a sensitive column, and each class. One row may always differ."""

    min_group_rows: int = Field(default=30, ge=1)
    """Groups of fewer validation rows are not judged."""

    max_latency_b1_ms: float | None = Field(default=None, gt=0)
    """Milliseconds that an artefact of a search may take for one row."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of training and validation rows on which an artefact of the trained weights must predict as they do, in
    percent. A network that recovered has weights of its own, and is judged by its accuracy and its worst group."""

    max_batch_difference: float = Field(default=1e-4, gt=0)
    """How far a row's answer may move when it comes alone, or with others."""

    calibration_rows: int = Field(default=512, ge=1)
    """Training rows that static quantisation looks at, at most."""

    archive: Archiving | None = None
    """How the network is thinned out for archive.slw, to be stored or sent beside model.onnx; null: there is none."""

    recovery_rows: int = Field(default=100_000, ge=2)
    """Training rows that recovery learns from, at most."""

    recovery_lr: float = Field(default=2e-3, gt=0, le=10)
    """Learning rate of recovery at its height; half a cosine brings it to zero."""

    recovery_batch_size: int = Field(default=128, ge=2)
    """Rows of one of its steps."""

    temperature: float = Field(default=2.0, gt=0, le=100)
    """Of distillation: what logits of both networks are divided by before they are compared."""

    @model_validator(mode="after")
    def _fp32_is_there(self) -> Self:
        if self.candidates is not None and "fp32" not in self.candidates:
            raise ValueError("candidates must hold fp32, which the others are compared with and fall back to")
        return self
