"""The ASGI application: a lean route for `POST /predict`, everything else to the documented pages.

A route of FastAPI's own costs four to ten times more for each prediction: it builds a request and
response object, resolves dependencies and validates with models that the predictor repeats.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from slipway.serving.metrics import Metrics
from slipway.serving.pages import Pages
from slipway.serving.service import Answer, Service, refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A larger body is answered in a thread, so that the health check is not kept waiting.
MAX_INLINE_BYTES = 64 * 1024


class App:
    """An ASGI application around a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._metrics = Metrics(service.release, service.predictor.identity)
        self._pages = Pages(service, self._metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one connection."""
        if scope["type"] != "http" or scope["path"] != "/predict":
            await self._pages(scope, receive, send)
        elif scope["method"] != "POST":
            await _send(send, refusal(405, "/predict takes POST alone"), (b"allow", b"POST"))
        else:
            start = time.perf_counter()
            body = await self._body(scope, receive)
            if body is not None:
                answer = await self._answer(body)
                self._metrics.observe(answer, time.perf_counter() - start)
                await _send(send, answer)

    async def _answer(self, body: bytes | Answer) -> Answer:
        if isinstance(body, Answer):
            return body
        if len(body) <= MAX_INLINE_BYTES:
            return self._service.answer(body)
        return await asyncio.to_thread(self._service.answer, body)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Answer | None:
        """Return the body, a refusal where it is too large, or None where the client went away."""
        limit = self._service.max_body_bytes
        too_large = refusal(413, f"the body is too large: at most {limit} bytes are allowed")
        if any(name == b"content-length" and int(value) > limit for name, value in scope["headers"]):
            return too_large
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                return too_large
        return body


async def _send(send: Send, answer: Answer, *headers: tuple[bytes, bytes]) -> None:
    length = str(len(answer.body)).encode()
    both = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*both, *headers]})
    await send({"type": "http.response.body", "body": answer.body})
