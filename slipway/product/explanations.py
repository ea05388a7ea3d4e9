"""The `evaluate.explanations` section: what the model's answers are explained with."""

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
