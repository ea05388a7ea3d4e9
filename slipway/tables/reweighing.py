"""Makes the class of training rows independent of a group, before anything is learned (Kamiran and Calders 2012).

Their reweighing gives each row the weight P(group) P(class) / P(group, class), section 4.2. Here a row stands in the
table as often, section 4.3 (sampling), which they found to do about as well: nothing that learns needs to know of
weights then, neither losses nor streams nor several processes.
"""

from typing import Any

import numpy as np
import polars as pl

from slipway.errors import DataError

MAX_GROUPS = 50


def reweighed(groups: pl.Series, classes: pl.Series, *, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Return which rows to take, in their order and as often as their weight says, and the weights.

    A row is taken floor(w) times, and some rows of its group and class once more, so that together they are as many as
    the weight says, rounded, and one at least. There are about as many rows as before.

    Args:
        groups: [N] the group of each row.
        classes: [N] its class.
        seed: Decides which rows are taken once more.

    Raises:
        DataError: There is one group alone, or too many.
    """
    table = pl.DataFrame({"group": groups, "class": classes}).with_row_index("row")
    cells = table.group_by("group", "class", maintain_order=True).agg(pl.col("row"), rows=pl.len())
    totals = {name: dict(table[name].value_counts().iter_rows()) for name in ("group", "class")}
    if not 1 < len(totals["group"]) <= MAX_GROUPS:
        raise DataError(f"it has {len(totals['group'])} groups, and between 2 and {MAX_GROUPS} can be made alike")
    times, random = np.zeros(table.height, dtype=np.int64), np.random.default_rng(seed)
    weights: dict[str, dict[str, float]] = {group: {} for group in sorted(totals["group"])}
    for group, label, rows, count in cells.sort("group", "class").iter_rows():
        expected = totals["group"][group] * totals["class"][label] / table.height
        weights[group][label] = float(f"{expected / count:.6g}")
        often, rest = divmod(max(1, round(expected)), count)
        times[rows] = often
        times[random.choice(rows, rest, replace=False)] += 1
    absent = [
        f"{group} with class {label}"
        for group in weights
        for label in sorted(set(totals["class"]) - set(weights[group]))
    ]
    return np.repeat(np.arange(table.height), times), {"weights": weights, "absent": absent}
