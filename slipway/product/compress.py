"""The `compress` section: which smaller artefacts are tried and what they may lose."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.product.archive import Archiving
from slipway.product.section import Section


class Compress(Section):
    """Candidates are exported, judged on validation; the smallest that loses little enough is chosen."""

    candidates: Annotated[list[Literal["fp32", "int8"]], Field(min_length=1)] = ["fp32", "int8"]
    """What is tried, fp32 always. int8: static quantisation (onnxruntime, QDQ)."""

    max_accuracy_drop_pct: float = Field(default=0.5, ge=0, le=100)
    """Points of validation accuracy (or percent of RMSE) that a candidate may lose against the trained model."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of training and validation rows on which a candidate must predict as the trained model does, in percent."""

    max_batch_difference: float = Field(default=1e-4, gt=0)
    """How far a row's answer may move when it comes alone, or with others."""

    calibration_rows: int = Field(default=512, ge=1)
    """Training rows that static quantisation looks at, at most."""

    archive: Archiving | None = None
    """How the network is thinned out for archive.slw, to be stored or sent beside model.onnx; null: there is none."""

    @model_validator(mode="after")
    def _fp32_is_there(self) -> Self:
        if "fp32" not in self.candidates:
            raise ValueError("candidates must hold fp32, which the others are compared with and fall back to")
        return self
