"""The `augment` section: balancing of rows now, and the policy that train applies on the fly."""

from typing import Literal

from pydantic import Field

from slipway.product.section import Section


class Policy(Section):
    """What train does to each batch, on the device; saved as policy.json."""

    flip: bool = False
    """Mirror images left to right with probability one half (wrong for digits and letters)."""

    shift_pixels: int = Field(default=0, ge=0, le=64)
    """Move images by up to so many pixels in each direction; their border is repeated."""

    rotate_degrees: float = Field(default=0, ge=0, le=180)
    """Turn images by up to so many degrees either way."""

    noise: float = Field(default=0, ge=0, le=10)
    """Standard deviation of Gaussian noise on scaled features, of numbers and pixels alike."""


class Augment(Section):
    """Balancing and augmentation."""

    balance: Literal["none", "oversample"] = "none"
    """oversample: rows of rarer classes are repeated until all classes are equally frequent."""

    policy: Policy = Policy()
    """What train applies on the fly."""
