"""Ask a bundle in a server of its own about fresh rows, at several sizes of a batch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from slipway.judging.fresh_rows import FreshRows
from slipway.judging.served import Served, served
from slipway.serving.asking import ask
from slipway.serving.process import Client
from slipway.tables.schema import Schema

BATCHES = (1, 32, 256)
"""Records of a request. The largest comes first to light: its answers are those that are judged."""

ALONE_ROWS = 256
"""Rows that are sent one by one, at most; larger batches get all."""


@dataclass(frozen=True)
class InServer:
    """What the server answered, at the largest size of a batch, and how far that depends on the size."""

    rows: FreshRows
    """Those that were answered at every size."""

    answers: dict[str, Served]
    """By target."""

    num_asked: int
    refused: dict[str, int]
    """How many rows were refused, by the column that was to blame."""

    num_without_answer: int
    """Rows for which the model had no finite answer, at one size at least."""

    batch_differences: dict[tuple[int, int], float]
    """How far answers in batches of the first size are from those in batches of the second, over all targets."""


def ask_in_batches(client: Client, rows: FreshRows, schema: Schema, names: Sequence[str]) -> InServer:
    """Send each row's raw record, of the columns that the model takes, at every size of a batch.

    Raises:
        DataError: the server answers with anything but predictions and refusals, or the rows lack a column.
    """
    records = rows.records(names)
    asked = {size: ask(client, records[:ALONE_ROWS] if size == 1 else records, size) for size in BATCHES}
    refused = {index: column for each in asked.values() for index, column in each.refused.items()}
    kept = [index for index in range(len(records)) if index not in refused]
    alone = [index for index in kept if index < ALONE_ROWS]

    def arrays(size: int, indices: list[int]) -> dict[str, Served]:
        return served([asked[size].answers[index] for index in indices], rows.clean[indices], schema)

    def apart(size: int, smaller: int) -> float:
        both = alone if smaller == 1 else kept
        some, others = arrays(size, both), arrays(smaller, both)
        return max(some[name].distance(others[name]) for name in some)

    return InServer(
        rows.take(kept),
        arrays(BATCHES[-1], kept),
        len(records),
        dict(sorted(Counter(column for column in refused.values() if column is not None).items())),
        sum(column is None for column in refused.values()),
        {(size, smaller): apart(size, smaller) for smaller, size in pairwise(BATCHES)},
    )
