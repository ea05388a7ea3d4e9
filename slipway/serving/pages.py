"""The slow and documented part of the server: health, readiness, metrics, and OpenAPI for all of it."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from slipway.bundle.examples import self_test
from slipway.errors import SlipwayError
from slipway.serving.docs import docs_page
from slipway.serving.metrics import Metrics
from slipway.serving.openapi import predict_path
from slipway.serving.service import Service


class Pages(FastAPI):
    """Everything but `POST /predict`, which stands in the documentation all the same."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        signature = service.predictor.signature
        super().__init__(title=f"slipway: {signature.target}", version=service.release, docs_url=None, redoc_url=None)
        self._service = service
        self._metrics = metrics
        self.add_api_route("/docs", self._docs, methods=["GET"], include_in_schema=False)
        self.add_api_route("/health", self._health, methods=["GET"], summary="Is the process alive?")
        self.add_api_route("/ready", self._ready, methods=["GET"], summary="Does the model answer its examples?")
        self.add_api_route("/metrics", self._numbers, methods=["GET"], summary="Counters in Prometheus' format")

    def openapi(self) -> dict[str, Any]:
        """Return FastAPI's schema with /predict as the signature describes it."""
        schema = super().openapi()
        if "/predict" not in schema["paths"]:
            schema["paths"]["/predict"] = predict_path(self._service)
        return schema

    async def _docs(self) -> HTMLResponse:
        return HTMLResponse(docs_page(self._service))

    async def _health(self) -> dict[str, str]:
        return {"status": "alive"}

    async def _ready(self) -> JSONResponse:
        try:
            self_test(self._service.predictor)
        except SlipwayError as error:
            return JSONResponse({"ready": False, "error": str(error)}, status_code=503)
        identity = self._service.predictor.identity
        return JSONResponse({"ready": True, "release": self._service.release, "manifest_sha256": identity})

    async def _numbers(self) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)
