"""Records are asked in whole batches; what is refused leaves, and the others are answered."""

import json
from http.client import RemoteDisconnected

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import DataError
from slipway.serving.asking import as_json, ask
from slipway.serving.process import Client


class Doubling:
    """A server that doubles numbers, refuses odd ones, and remembers the sizes of its requests."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def request(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        assert (method, path) == ("POST", "/predict")
        records = json.loads(body)["records"]
        self.sizes.append(len(records))
        wrong = next((index for index, record in enumerate(records) if record["x"] % 2), None)
        if wrong is not None:
            return 422, {"error": "odd", "record": wrong, "column": "x" if records[wrong]["x"] > 0 else None}
        return 200, {"predictions": [{"value": 2 * record["x"]} for record in records]}


@given(st.lists(st.integers(-9, 9), max_size=40), st.integers(1, 12))
def test_every_record_is_answered_or_refused_and_every_request_is_whole(numbers, batch_rows):
    server = Doubling()
    asked = ask(server, [as_json({"x": number}) for number in numbers], batch_rows)
    even = {index: number for index, number in enumerate(numbers) if number % 2 == 0}
    assert asked.answers == {index: {"value": 2 * number} for index, number in even.items()}
    odd = {index: "x" if number > 0 else None for index, number in enumerate(numbers) if number % 2}
    assert asked.refused == odd
    assert set(server.sizes) <= {batch_rows}


def test_an_answer_of_another_status_is_told():
    class Broken:
        def request(self, method, path, body):
            return 500, "Internal Server Error"

    with pytest.raises(DataError, match="2 records are answered with status 500: Internal Server Error"):
        ask(Broken(), [b'{"x":1}'], 2)


def test_a_connection_that_the_server_closed_meanwhile_is_opened_once_more(monkeypatch):
    client, sent = Client("127.0.0.1", 1), []

    def lost_once(method, path, body):
        sent.append(path)
        if len(sent) == 1:
            raise RemoteDisconnected
        return 200, {}

    monkeypatch.setattr(client, "_request", lost_once)
    assert client.request("GET", "/health") == (200, {})
    assert sent == ["/health", "/health"]
