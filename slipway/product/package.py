"""The `package` section: the untimed rules that an artefact must keep to be deployed."""

from pydantic import Field

from slipway.product.section import Section


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

    max_parity_error: float = Field(default=1e-4, gt=0)
    """Largest difference between the fp32 export's outputs and the trained model's."""

    max_batch_difference: float = Field(default=1e-4, gt=0)
    """How far a test row's answer may move with the size of its batch."""

    min_agreement_pct: float = Field(default=99, ge=0, le=100)
    """Share of test rows on which the chosen artefact predicts as the trained model does, in percent."""


class Package(Section):
    """What goes into the bundle and what it must keep."""

    gate: Gate = Gate()
    """The untimed rules."""

    description: str = ""
    """What the model is for, in a sentence or two: the first lines of the model card."""

    examples: int = Field(default=8, ge=1, le=1000)
    """Example inputs, drawn from the signature and never from rows, that a server must answer alike."""
