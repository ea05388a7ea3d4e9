"""Rates of groups of rows, from sums alone: a bootstrap then gets a thousand resamples at once.

Three views of an answer, with the same four methods: of a positive class against the rest, of classes that are all
alike, and of values. Sums are [..., G, K]: any leading axes, G groups, K sums of a group.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slipway.judging.intervals import CELLS_PER_BLOCK, resamples

Rates = dict[str, np.ndarray]
"""By the name of a rate, its value for each group [..., G]; NaN where a group has no row that it is a share of."""

Shares = dict[str, tuple[np.ndarray, np.ndarray]]
"""Of each rate that is a share of rows: how many [..., G], and of how many."""


class View(Protocol):
    """What is looked at in the answers to rows."""

    main: str
    """The rate by which a group is the worst: `accuracy`, or `rmse`."""

    def sums(self, groups: np.ndarray, num_groups: int) -> np.ndarray:
        """Return the sums [G, K] of rows whose groups are numbered [N]."""
        ...

    def draws(self, groups: np.ndarray, num_groups: int, *, samples: int, seed: int) -> Iterator[np.ndarray]:
        """Yield the sums [B, G, K] of blocks of resamples of the rows with replacement."""
        ...

    def shares(self, sums: np.ndarray) -> Shares:
        """Return those rates that are shares."""
        ...

    def rates(self, sums: np.ndarray) -> Rates:
        """Return all rates."""
        ...

    def differences(self, rates: Rates) -> dict[str, np.ndarray]:
        """Return how far apart the groups are [...]: largest less smallest, NaN where fewer than two have the rate."""
        ...


class Counted:
    """A view whose sums count rows: each row is in one cell of its group.

    A resample of rows, counted by cell, is a draw of the multinomial distribution over the cells, so none is drawn
    row by row.
    """

    def __init__(self, cells: np.ndarray, num_cells: int) -> None:
        """Take the cell of each row [N]."""
        self._cells, self._num_cells = cells, num_cells

    def sums(self, groups: np.ndarray, num_groups: int) -> np.ndarray:
        """Count rows by group and cell."""
        flat = np.bincount(groups * self._num_cells + self._cells, minlength=num_groups * self._num_cells)
        return flat.reshape(num_groups, self._num_cells)

    def draws(self, groups: np.ndarray, num_groups: int, *, samples: int, seed: int) -> Iterator[np.ndarray]:
        """Draw counts."""
        counts, random = self.sums(groups, num_groups), np.random.default_rng(seed)
        block = max(1, CELLS_PER_BLOCK // counts.size)
        for start in range(0, samples, block):
            drawn = random.multinomial(len(groups), counts.ravel() / len(groups), size=min(block, samples - start))
            yield drawn.reshape(-1, *counts.shape)


class OneAgainstRest(Counted):
    """A positive class against the rest (Hardt et al. 2016): who is given it, rightly or wrongly.

    >>> view = OneAgainstRest(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 1]), positive=1)
    >>> view.rates(view.sums(np.array([0, 0, 0, 0]), 1))["tpr"]
    array([0.5])
    """

    main = "accuracy"

    def __init__(self, targets: np.ndarray, given: np.ndarray, *, positive: int) -> None:
        """Take true and given classes [N]; of more than two, a row is right only with its own class."""
        super().__init__(4 * (targets == positive) + 2 * (given == positive) + (targets == given), 8)

    def shares(self, sums: np.ndarray) -> Shares:
        """Return accuracy, selection rate (given the class), and true and false positive rate."""
        cells = sums.reshape(*sums.shape[:-1], 2, 2, 2)  # [..., G, true, given, right]
        rows, actual, chosen = cells.sum((-3, -2, -1)), cells[..., 1, :, :].sum((-2, -1)), cells[..., 1, :].sum(-1)
        return {
            "accuracy": (cells[..., 1].sum((-2, -1)), rows),
            "selection_rate": (chosen.sum(-1), rows),
            "tpr": (chosen[..., 1], actual),
            "fpr": (chosen[..., 0], rows - actual),
        }

    def rates(self, sums: np.ndarray) -> Rates:
        """Return all four."""
        return {name: _share(*share) for name, share in self.shares(sums).items()}

    def differences(self, rates: Rates) -> dict[str, np.ndarray]:
        """Return the demographic parity difference, and the equalized odds difference: the larger of TPR's and FPR's.

        As fairlearn has them, but for a group without a row of a class: it has no rate there, and not the rate 0.
        """
        return {
            "demographic_parity_difference": spread(rates["selection_rate"]),
            "equalized_odds_difference": np.fmax(spread(rates["tpr"]), spread(rates["fpr"])),
        }


class EachClass(Counted):
    """Classes that are all alike: none is the positive one."""

    main = "accuracy"

    def __init__(self, targets: np.ndarray, given: np.ndarray, *, num_classes: int) -> None:
        """Take true and given classes [N]."""
        super().__init__(2 * targets + (targets == given), 2 * num_classes)

    def shares(self, sums: np.ndarray) -> Shares:
        """Return accuracy."""
        return {"accuracy": (sums[..., 1::2].sum(-1), sums.sum(-1))}

    def rates(self, sums: np.ndarray) -> Rates:
        """Return accuracy, and the true positive rate averaged over the classes that occur in the group."""
        hits, rows = sums[..., 1::2], sums[..., 0::2] + sums[..., 1::2]
        of_class = np.where(rows > 0, hits / np.maximum(rows, 1), 0).sum(-1)
        return {"accuracy": _share(*self.shares(sums)["accuracy"]), "tpr_macro": _share(of_class, (rows > 0).sum(-1))}

    def differences(self, rates: Rates) -> dict[str, np.ndarray]:
        """Return those of both rates."""
        return {f"{name}_difference": spread(rates[name]) for name in ("accuracy", "tpr_macro")}


@dataclass(frozen=True)
class Errors:
    """Values and how far they are off."""

    errors: np.ndarray
    """[N] predicted less true."""

    main = "rmse"

    def sums(self, groups: np.ndarray, num_groups: int) -> np.ndarray:
        """Sum rows, absolute and squared errors."""
        return self._by_group(groups, num_groups).sum(axis=0).reshape(num_groups, 3)

    def draws(self, groups: np.ndarray, num_groups: int, *, samples: int, seed: int) -> Iterator[np.ndarray]:
        """Draw rows."""
        by_group = self._by_group(groups, num_groups)
        for weights in resamples(len(groups), samples, seed):
            yield (weights.T.astype(np.float64) @ by_group).reshape(-1, num_groups, 3)

    def _by_group(self, groups: np.ndarray, num_groups: int) -> np.ndarray:
        """Return for each row what it adds to the sums of all groups: [N, 3 * G]."""
        each = np.stack([np.ones(len(groups)), np.abs(self.errors), self.errors**2], axis=1)
        return (np.eye(num_groups)[groups][:, :, None] * each[:, None, :]).reshape(len(groups), -1)

    def shares(self, sums: np.ndarray) -> Shares:
        """Return none."""
        return {}

    def rates(self, sums: np.ndarray) -> Rates:
        """Return the root of the mean squared error, and the mean absolute error."""
        rows, absolute, squared = np.moveaxis(sums, -1, 0)
        return {"rmse": np.sqrt(_share(squared, rows)), "mae": _share(absolute, rows)}

    def differences(self, rates: Rates) -> dict[str, np.ndarray]:
        """Return those of both errors."""
        return {f"{name}_difference": spread(rates[name]) for name in ("rmse", "mae")}


def spread(rates: np.ndarray) -> np.ndarray:
    """Return the largest less the smallest of the rates [..., G] that are there, NaN where fewer than two are."""
    known = ~np.isnan(rates)
    largest = np.where(known, rates, -np.inf).max(-1)
    smallest = np.where(known, rates, np.inf).min(-1)
    return np.where(known.sum(-1) > 1, largest - smallest, np.nan)


def _share(some: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.divide(some, rows, out=np.full(np.shape(rows), np.nan), where=np.asarray(rows) > 0)
