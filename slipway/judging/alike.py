"""When two models give values that are alike: they are near each other, in units of the targets' spread."""

import numpy as np

from slipway.tables.targets import is_known

SPREAD_SHARE = 0.1
"""Two values are alike where they differ by no more than this share of the targets' spread."""

SMALLEST_SPREAD = 1e-12


def spread_of(targets: np.ndarray) -> float:
    """Return the standard deviation of the targets [N] that are known, above 0; 1 where none is.

    >>> spread_of(np.array([1.0, 3.0, np.nan]))
    1.0
    """
    known = targets[is_known(targets)]
    return max(float(known.std()), SMALLEST_SPREAD) if len(known) else 1.0


def are_alike(values: np.ndarray, others: np.ndarray, spread: float) -> np.ndarray:
    """Say which values [N] are alike."""
    return np.abs(values - others) <= SPREAD_SHARE * spread
