"""The `compress` section: which smaller artefacts are tried and what they may lose."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.product.section import Section


class Compress(Section):
    """Candidates are exported, judged on validation; the smallest that loses little enough is chosen."""

    candidates: Annotated[list[Literal["fp32", "int8"]], Field(min_length=1)] = ["fp32", "int8"]
    """int8: static QDQ per channel for convolutions, dynamic for linear layers (onnxruntime)."""

    max_accuracy_drop_pct: float = Field(default=0.5, ge=0, le=100)
    """Points of validation accuracy (or percent of RMSE) that a candidate may lose against the trained model."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of validation rows on which a candidate must predict as the trained model does, in percent."""

    calibration_rows: int = Field(default=512, ge=1)
    """Training rows that static quantisation looks at, at most."""
