"""The `deploy` section: the timed and relative rules, and which pointer is moved."""

from typing import Literal

from pydantic import Field

from slipway.product.section import Section


class DeployGate(Section):
    """Rules that depend on the machine and on the release that serves now."""

    max_latency_p95_ms: float = Field(default=100, gt=0)
    """95th percentile of one-record requests over HTTP to the real server process, in milliseconds."""

    max_metric_drop: float = Field(default=0.02, ge=0)
    """How far accuracy (r2 for a regression) may fall below the champion's, both asked about the same test rows."""

    confidence_pct: float = Field(default=90, gt=50, lt=100)
    """Of the interval of that difference: at 90, each of its ends is wrong in 5 of 100 cases."""

    when_in_doubt: Literal["refuse", "accept"] = "refuse"
    """What becomes of a model that so few rows can neither show to be worse by more than `max_metric_drop`, nor not."""

    rows: int = Field(default=4096, ge=30)
    """Test rows that both models are asked about, at most; they are drawn by product.seed."""


class Deploy(Section):
    """The last judgement and what follows it."""

    to: Literal["champion", "challenger"] = "champion"
    """Which pointer the new release gets."""

    gate: DeployGate = DeployGate()
    """Timed and relative rules."""

    latency_requests: int = Field(default=200, ge=20, le=100_000)
    """One-record requests that are timed, after as many to warm up as a tenth of them."""
