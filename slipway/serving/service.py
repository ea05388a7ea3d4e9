"""A predictor behind bytes: the body of a request in, a status and the body of the answer out."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from slipway.bundle.predictor import Prediction, Predictor
from slipway.bundle.records import InputError
from slipway.product.serve import Serve


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /predict`."""

    records: list[dict[str, Any]]


class Response(msgspec.Struct):
    """The body of its answer."""

    release: str
    predictions: list[Prediction]


@dataclass(frozen=True)
class Answer:
    """An HTTP status, a JSON body, and how many records it answers."""

    status: int
    body: bytes
    num_records: int = 0


class Service:
    """Answers the bodies of requests; its methods may be called from many threads at once."""

    def __init__(self, predictor: Predictor, release: str, params: Serve) -> None:
        self.predictor = predictor
        self.release = release
        self.max_body_bytes = int(params.max_body_mib * 2**20)
        self._max_records = params.max_records
        self._decoder = msgspec.json.Decoder(Request)
        self._encoder = msgspec.json.Encoder()

    def answer(self, body: bytes) -> Answer:
        """Predict; whatever is wrong with the body becomes a status of 4xx that says what."""
        try:
            records = self._decoder.decode(body).records
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._explain(body, error)
        if len(records) > self._max_records:
            return self._too_many(records)
        try:
            predictions = self.predictor.predict(records)
        except InputError as error:
            return wrong_input(error)
        return Answer(200, self._encoder.encode(Response(self.release, predictions)), len(records))

    def _explain(self, body: bytes, error: Exception) -> Answer:
        """Say why a body cannot be read, with the column where one is to blame.

        NaN, Infinity and 1e999 are no JSON that a strict decoder takes; the lenient one of the
        standard library does, so that the predictor can say in which column they stand. The model is not
        asked: whatever it answered, the body would be refused.
        """
        try:
            records = json.loads(body)["records"]
            if isinstance(records, list) and len(records) > self._max_records:
                return self._too_many(records)
            self.predictor.check(records)
        except InputError as wrong:
            return wrong_input(wrong)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass  # it is malformed in other ways, which the first error names
        status = 422 if isinstance(error, msgspec.ValidationError) else 400
        return refusal(status, f'the body must be {{"records": [{{...}}]}} in JSON: {error}')

    def _too_many(self, records: list[Any]) -> Answer:
        return refusal(413, f"{len(records)} records: at most {self._max_records} are allowed in one request")


def wrong_input(error: InputError) -> Answer:
    """Answer a request with a wrong record."""
    content = {"error": str(error), "record": error.record, "column": error.column}
    return Answer(422, msgspec.json.encode(content))


def refusal(status: int, reason: str) -> Answer:
    """Answer a request that is refused as a whole."""
    return Answer(status, msgspec.json.encode({"error": reason}))
