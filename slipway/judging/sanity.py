"""Whether explanations tell what was learned: networks with random weights must give others (Adebayo et al. 2018)."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import polars as pl
import torch
from torch import nn


def randomised(network: nn.Module, seed: int) -> nn.Module:
    """Return a copy whose weights are normal numbers, as large in the root mean square as those of each tensor."""
    copy = deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in copy.parameters():
            size = weight.square().mean().sqrt()
            weight.copy_(torch.randn(weight.shape, generator=generator) * size)
    return copy.eval()


def rank_correlation(one: Sequence[float] | np.ndarray, other: Sequence[float] | np.ndarray) -> float | None:
    """Return Spearman's rank correlation; None of fewer than three values, or where all of one side are alike.

    >>> rank_correlation([1.0, 2.0, 3.0], [10.0, 30.0, 20.0])
    0.5
    """
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    both = pl.DataFrame({"one": np.asarray(one, np.float64), "other": np.asarray(other, np.float64)})
    return round(both.select(pl.corr("one", "other", method="spearman")).item(), 4)


def mean_correlation(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """Return the mean rank correlation of pairs; None where no pair has one."""
    found = [value for one, other in pairs if (value := rank_correlation(one, other)) is not None]
    return round(float(np.mean(found)), 4) if found else None
