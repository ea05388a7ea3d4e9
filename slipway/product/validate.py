"""The `validate` section: how many bad rows are too many."""

from pydantic import Field

from slipway.product.section import Section


class Validate(Section):
    """The budget for bad rows; the rules themselves stand in raw.suite.yaml."""

    max_quarantine_pct: float = Field(default=5.0, ge=0, le=100)
    """Share of the rows that may go to quarantine before the verdict is `passed: false`, in percent."""
