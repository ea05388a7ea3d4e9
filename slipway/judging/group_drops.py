"""The worst group's drop: a smaller artefact may keep its mean accuracy and lose a minority."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from slipway.judging.comparing import Answers, Compared, Comparison
from slipway.judging.groups import groups_of
from slipway.tables.schema import Schema
from slipway.tables.targets import is_known


@dataclass(frozen=True)
class GroupDrop:
    """How much a group lost, and what a single row of it weighs."""

    group: str
    drop_pct: float
    one_row_pct: float

    def is_kept(self, limit_pct: float) -> bool:
        """Whether it is within the limit; one row may always differ."""
        return self.drop_pct <= max(limit_pct, self.one_row_pct) + 1e-9


class Groups:
    """Groups of validation rows: the values of sensitive columns, and the classes of the main target.

    Numbers of many values are cut into quarters. Groups of few rows are left out: their drop would be that of one row.
    """

    def __init__(self, frame: pl.DataFrame, schema: Schema, main: Compared, *, min_rows: int) -> None:
        known = is_known(main.targets)
        found = {**dict(_of_columns(frame, schema)), **dict(_of_classes(schema, main))}
        self.masks = {name: mask & known for name, mask in found.items() if (mask & known).sum() >= min_rows}

    def worst(self, compared: Comparison, predicted: Answers) -> GroupDrop | None:
        """Return the group of the main target that lost most; None where no group has enough rows."""
        main = compared.main
        answers = predicted[main.tensor]
        drops = [
            GroupDrop(name, main.some(mask).drop_pct(answers[mask]), 0.0 if main.is_regression else 100 / mask.sum())
            for name, mask in self.masks.items()
        ]
        return max(drops, key=lambda each: each.drop_pct - max(0.0, each.one_row_pct), default=None)


def _of_columns(frame: pl.DataFrame, schema: Schema) -> Iterator[tuple[str, np.ndarray]]:
    for name in schema.product.sensitive:
        if name not in frame.columns or frame[name].dtype == pl.Binary:
            continue
        groups = groups_of(frame, name)
        for value in sorted(groups.unique().to_list()):
            yield f"{name} = {value}", (groups == value).to_numpy()


def _of_classes(schema: Schema, main: Compared) -> Mapping[str, np.ndarray]:
    if schema.classes is None or main.has_labels:
        return {}
    name = schema.require_target()
    return {f"{name} = {each}": main.targets == place for place, each in enumerate(schema.classes)}
