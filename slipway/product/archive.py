"""`compress.archive`: how far a network is thinned out for storage and transfer."""

from pydantic import Field

from slipway.product.section import Section


class Archiving(Section):
    """A sparse copy of the trained network, with few different weights, as compress/archive.slw."""

    sparsity: float = Field(default=0.9, ge=0, lt=1)
    """Share of the weights that become zero, over all layers; which ones is decided by their size within a layer."""

    bits: int = Field(default=4, ge=1, le=8)
    """The weights of a layer share 2^bits values, zero among them."""

    epochs: int = Field(default=16, ge=2, le=10_000)
    """Passes over the training rows: three quarters while weights become zero, the rest once they share values."""

    lr: float = Field(default=1e-3, gt=0, le=1)
    """Learning rate at its height."""

    batch_size: int = Field(default=128, ge=2)
    """Rows of one step."""
