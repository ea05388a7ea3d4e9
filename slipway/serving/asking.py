"""Many records to a server in batches of one size, and its answers back, record by record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from slipway.errors import DataError
from slipway.serving.process import Client

Prediction = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What became of records, by their index."""

    answers: dict[int, Prediction]
    """As the server gave them."""

    refused: dict[int, str | None]
    """The column that a record was refused for (422); None where the model has no finite answer."""


def ask(client: Client, records: Sequence[bytes], batch_rows: int) -> Asked:
    """Ask about records [N], each the JSON of an object, in requests of exactly `batch_rows` records.

    The last request is filled up with the first records, so that even few rows are seen in full batches: an artefact
    may be wrong at one size of a batch alone. A record that is refused leaves, and its batch is asked again.

    Raises:
        DataError: a request is answered with neither 200 nor 422.
    """
    waiting, start = list(range(len(records))), 0
    answers: dict[int, Prediction] = {}
    refused: dict[int, str | None] = {}
    while start < len(waiting):
        batch = list(islice(cycle(waiting[start:] + waiting[:start]), batch_rows))
        status, content = client.request("POST", "/predict", _body([records[index] for index in batch]))
        if status == 200:
            for index, answer in zip(batch, content["predictions"], strict=True):
                answers.setdefault(index, answer)
            start += batch_rows
        elif status == 422 and isinstance(content, dict) and "record" in content:
            index = batch[content["record"]]
            refused[index] = content["column"]
            answers.pop(index, None)
            start -= waiting.index(index) < start
            waiting.remove(index)
        else:
            raise DataError(f"{batch_rows} records are answered with status {status}: {str(content)[:300]}")
    return Asked(dict(sorted(answers.items())), refused)


def as_json(record: dict[str, Any]) -> bytes:
    """Return a record as a request holds it."""
    return json.dumps(record, separators=(",", ":")).encode()


def _body(records: Sequence[bytes]) -> bytes:
    return b'{"records":[' + b",".join(records) + b"]}"
