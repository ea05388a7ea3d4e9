"""Spread numbers by their rank among the training rows, in arithmetic that ONNX has too.

The quantile function of the normal distribution is that of Wichura 1988, algorithm AS 241 (PPND16): for shares of at
least e**-25 it is within 1e-15 of the truth, relatively.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from slipway.product.steps import Quantile
from slipway.transform.fitted import Knots

Floats = npt.NDArray[np.float64]

LEAST_SHARE = 1e-7
"""Shares nearer to 0 or 1 count as this: the ends of a sample are at no infinity."""

CENTRAL = 0.425
CENTRAL_SQUARE = 0.180625
TAIL_START = 1.6

# Coefficients of the powers 0 to 7 of numerator and denominator, for the centre and for the tails.
CENTRAL_ABOVE = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
CENTRAL_BELOW = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
TAIL_ABOVE = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
TAIL_BELOW = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)


def fit_knots(values: Floats, steps: Quantile) -> Knots:
    """Take quantiles of the values [N] at evenly spaced shares; equal ones become one knot.

    A rank that is whole but for rounding counts as whole, or the dust would make two knots of equal values.
    """
    shares = np.linspace(0, 1, min(steps.knots, len(values)))
    ordered, ranks = np.sort(values), shares * (len(values) - 1)
    ranks = np.where(np.isclose(ranks, np.rint(ranks), rtol=0, atol=1e-6), np.rint(ranks), ranks)
    lower, upper = ordered[np.floor(ranks).astype(np.int64)], ordered[np.ceil(ranks).astype(np.int64)]
    quantiles = np.maximum.accumulate(lower + (upper - lower) * (ranks - np.floor(ranks)))
    distinct, first = np.unique(quantiles, return_index=True)
    before, after = shares[first], shares[np.append(first[1:], len(shares)) - 1]
    at = (before + after) / 2
    at[-1], at[0] = 1, 0
    lists = {"values": distinct, "before": before, "at": at, "after": after}
    return Knots(**{name: each.tolist() for name, each in lists.items()}, normal=steps.output == "normal")


def spread(values: Floats, knots: Knots) -> Floats:
    """Return the share of training rows below each value [N], interpolated between knots; or its normal quantile."""
    known, at, after = np.array(knots.values), np.array(knots.at), np.array(knots.after)
    within = np.clip(values, known[0], known[-1])
    index = np.searchsorted(known, within, side="right") - 1
    part = (within - known[index]) / widths(knots)[index]
    share = np.where(within == known[index], at[index], after[index] + part * heights(knots)[index])
    return normal_quantile(share) if knots.normal else share


def widths(knots: Knots) -> Floats:
    """Return how far the next knot is from each; the last has none, and is never left."""
    return np.append(np.diff(knots.values), 1.0)


def heights(knots: Knots) -> Floats:
    """Return the share of rows between each knot and the next."""
    return np.append(np.subtract(knots.before[1:], knots.after[:-1]), 0.0)


def normal_quantile(share: npt.ArrayLike) -> Floats:
    """Return where a normal distribution of zero mean and unit variance has this share of its mass below.

    >>> normal_quantile([0.025, 0.5, 0.975]).round(6).tolist()
    [-1.959964, 0.0, 1.959964]
    """
    within = np.clip(np.asarray(share, dtype=np.float64), LEAST_SHARE, 1 - LEAST_SHARE)
    off = within - 0.5
    central = CENTRAL_SQUARE - off * off
    tail = np.sqrt(-np.log(np.minimum(within, 1 - within))) - TAIL_START
    middle = off * _polynomial(central, CENTRAL_ABOVE) / _polynomial(central, CENTRAL_BELOW)
    outer = np.sign(off) * _polynomial(tail, TAIL_ABOVE) / _polynomial(tail, TAIL_BELOW)
    return np.where(np.abs(off) <= CENTRAL, middle, outer)


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
