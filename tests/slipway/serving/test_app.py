"""The ASGI application, driven without a server."""

import asyncio
import json

import pytest

from slipway.bundle.predictor import Predictor
from slipway.product.serve import Serve
from slipway.serving.app import App
from slipway.serving.service import Service

GOOD = b'{"records": [{"age": 40, "income": 3.5, "region": "north"}]}'


@pytest.fixture
def service(tabular) -> Service:
    return Service(Predictor(tabular), "v0001", Serve())


def asked(app: App, method: str, path: str, messages: list[dict]) -> list[dict]:
    """Return what the application sends when it receives these messages."""
    sent, incoming = [], iter(messages)

    async def receive() -> dict:
        return next(incoming)

    async def send(message) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(app({**scope, "http_version": "1.1", "scheme": "http"}, receive, send))
    return sent


def test_a_body_that_comes_in_pieces_is_put_together(service):
    pieces = [{"type": "http.request", "body": GOOD[at : at + 7], "more_body": True} for at in range(0, len(GOOD), 7)]
    start, body = asked(App(service), "POST", "/predict", [*pieces, {"type": "http.request"}])
    assert start["status"] == 200
    assert json.loads(body["body"])["predictions"][0]["label"] == "yes"


def test_a_client_that_goes_away_gets_no_answer_and_does_no_harm(service):
    half = {"type": "http.request", "body": GOOD[:10], "more_body": True}
    assert asked(App(service), "POST", "/predict", [half, {"type": "http.disconnect"}]) == []


def test_another_method_is_told_the_right_one(service):
    start, _ = asked(App(service), "GET", "/predict", [])
    assert (start["status"], (b"allow", b"POST") in start["headers"]) == (405, True)


def test_a_server_that_no_longer_answers_its_examples_is_not_ready(service):
    examples = json.loads(service.predictor.files["examples.json"])
    examples["examples"][0]["output"]["probabilities"] = {"no": 1.0, "yes": 0.0}
    service.predictor.files["examples.json"] = json.dumps(examples).encode()
    start, body = asked(App(service), "GET", "/ready", [{"type": "http.request"}])
    assert start["status"] == 503
    assert "self-test" in json.loads(body["body"])["error"]
