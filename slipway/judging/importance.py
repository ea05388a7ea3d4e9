"""How much each column matters to the model: permutation importance (Breiman 2001, section 10; Fisher et al. 2019).

A column's values are dealt out anew among the rows, and the loss that this adds is the column's importance. It is done
to all features of a raw column at once, so that a category is one column however it is encoded; what is dealt out are
features, because each is made from its own row and column alone. Of images, what is dealt out is a patch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from slipway.judging.decision import Decision
from slipway.judging.intervals import percentiles, resamples
from slipway.judging.label_metrics import binary
from slipway.judging.metrics import log_losses
from slipway.judging.subject import Subject
from slipway.learning.trained import scores
from slipway.tables.targets import is_known, targets_of
from slipway.transform.applying import features
from slipway.transform.fitted import Transform

Array = npt.NDArray[Any]

MAX_MULTIPLICATIONS = 15e9
MIN_ROWS = 100
PATCHES = 7
DIGITS = 6


@dataclass(frozen=True)
class Importance:
    """What the parts of a row add to the loss when they are dealt out anew.

    Attributes:
        metric: As `metric_of` names it.
        rises: Of each part: how much larger the metric is, and the ends of its interval.
        num_rows: Rows that were looked at.
        repeats: How often each part was dealt out.
    """

    metric: str
    rises: dict[str, tuple[float, float, float]]
    num_rows: int
    repeats: int


def importance_of(
    subject: Subject, decision: Decision, *, rows: int, repeats: int, samples: int, confidence_pct: float, seed: int
) -> Importance:
    """Measure the importance of each part of a row for the main target, on test rows that are drawn by `seed`.

    The interval is a bootstrap of the rows (percentiles); a row's losses are averaged over the repeats first.

    Args:
        subject: What is asked.
        decision: The main target's.
        rows: Rows to look at, at most; a large network is given fewer, but `MIN_ROWS`.
        repeats: How often each part is dealt out, at most; for a large network less often, but once.
        samples: Resamples of the bootstrap.
        confidence_pct: Coverage of the interval.
        seed: Of the rows, the dealing and the bootstrap.
    """
    parts = parts_of(subject.transform)
    frame, targets = subject.frames["test"], targets_of(subject.frames["test"], subject.schema, subject.heads[0].name)
    known = np.flatnonzero(is_known(targets))
    random = np.random.default_rng(seed)
    first = features(frame[known[:1]], subject.transform)
    affordable = MAX_MULTIPLICATIONS / multiplications(subject.network, first) / max(1, len(parts))
    num_rows = min(len(known), rows, max(MIN_ROWS, int(affordable / repeats)))
    repeats = min(repeats, max(1, int(affordable / num_rows)))
    drawn = np.sort(random.choice(known, num_rows, replace=False))
    x, drawn_targets = features(frame[drawn], subject.transform), targets[drawn]

    def losses(asked: Array) -> Array:
        answers = subject.heads[0].of(scores(subject.network, asked))
        return row_losses(np.resize(drawn_targets, (len(asked), *targets.shape[1:])), answers, decision)

    metric = metric_of(decision)
    plain = losses(x)
    dealt = np.stack([plain, *(_dealt_out(x, places, repeats, random, losses) for places in parts.values())], axis=1)

    def rises(mean_losses: Array) -> Array:
        figures = np.sqrt(mean_losses) if metric == "rmse" else mean_losses
        return figures[..., 1:] - figures[..., :1]

    blocks = [
        dict(zip(parts, rises(weights.T.astype(np.float64) @ dealt / len(x)).T, strict=True))
        for weights in resamples(len(x), samples, seed)
    ]
    limits = percentiles(blocks, confidence_pct)
    values = dict(zip(parts, rises(dealt.mean(axis=0)), strict=True))
    found = {name: _rounded(values[name], *limits[name]) for name in parts}
    return Importance(metric, dict(sorted(found.items(), key=lambda each: -each[1][0])), num_rows, repeats)


def metric_of(decision: Decision) -> str:
    """Name the metric whose rise is the importance: `log_loss`, or `rmse` of a regression."""
    return "rmse" if decision.classes is None else "log_loss"


def parts_of(transform: Transform) -> dict[str, Array]:
    """Return what is dealt out at once: for each column, or each patch of an image, its places in the flat features.

    A product of texts has one column, and one part.
    """
    if transform.tokens is not None:
        return {transform.tokens.column: np.arange(transform.tokens.length)}
    if transform.image is not None:
        return _patches(transform.feature_shape)
    columns = np.array(transform.feature_columns)
    return {str(name): np.flatnonzero(columns == name) for name in dict.fromkeys(columns)}


def _patches(shape: tuple[int, ...]) -> dict[str, Array]:
    channels, height, width = shape
    places = np.arange(channels * height * width).reshape(shape)
    down, across = (np.array_split(np.arange(side), min(PATCHES, -(-side // 2))) for side in (height, width))
    return {
        f"rows {rows[0] + 1}-{rows[-1] + 1}, columns {columns[0] + 1}-{columns[-1] + 1}": places[
            :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
        ].ravel()
        for rows in down
        for columns in across
    }


def row_losses(targets: Array, outputs: Array, decision: Decision) -> Array:
    """Return the loss of each row [N]: log loss, of labels their mean, or the squared error.

    Args:
        targets: As `targets_of` gives them.
        outputs: Logits [N, C], or values [N].
        decision: The target's.
    """
    if decision.classes is None:
        return (outputs.astype(np.float64) - targets) ** 2
    probabilities = decision.probabilities(outputs)
    if decision.has_labels:
        return log_losses(*binary(targets, probabilities)).reshape(probabilities.shape).mean(axis=1)
    return log_losses(targets, probabilities)


def multiplications(network: nn.Module, row: Array) -> float:
    """Count the multiplications of one row's answer, in the layers that have a weight: what a network costs, about."""
    counts: list[float] = [1.0]

    def count(layer: nn.Module, _: Any, output: Any) -> None:
        weight = getattr(layer, "weight", None)
        if isinstance(weight, torch.Tensor) and weight.ndim >= 2 and isinstance(output, torch.Tensor):
            is_looked_up = isinstance(layer, nn.Embedding)
            counts.append(0.0 if is_looked_up else float(output.numel() * weight[0].numel()))

    hooks = [layer.register_forward_hook(count) for layer in network.modules()]
    try:
        scores(network, row)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counts)


def _dealt_out(x: Array, places: Array, repeats: int, random: np.random.Generator, losses: Any) -> Array:
    """Return the mean loss of each row [N] where its features at `places` are those of other rows."""
    flat = x.reshape(len(x), -1)
    changed = np.tile(flat, (repeats, 1))
    orders = np.concatenate([random.permutation(len(x)) for _ in range(repeats)])
    changed[:, places] = flat[np.ix_(orders, places)]
    return losses(changed.reshape(-1, *x.shape[1:])).reshape(repeats, len(x)).mean(axis=0)


def _rounded(value: float, low: float, high: float) -> tuple[float, float, float]:
    return round(float(value), DIGITS) + 0.0, round(low, DIGITS) + 0.0, round(high, DIGITS) + 0.0
