"""The server: load, test itself, listen, print the address. Refuses to start with a model that fails its self-test."""

import contextlib
import os
import socket
import sys
from pathlib import Path

import uvicorn

from slipway.bundle.examples import self_test
from slipway.bundle.predictor import Predictor
from slipway.errors import BundleError, SlipwayError
from slipway.product.serve import Serve
from slipway.releases import CHAMPION, Releases
from slipway.serving.app import App
from slipway.serving.listening import listen
from slipway.serving.service import Service

GRACE_SECONDS = 10


def serve(releases: Path, params: Serve) -> None:
    """Serve the champion of releases/<name> until SIGINT or SIGTERM; requests under way are finished.

    Raises:
        BundleError: there is no champion, or it is damaged or fails its self-test.
        SlipwayError: the address cannot be listened on.
    """
    champion = Releases(releases).pointed(CHAMPION)
    if champion is None:
        raise BundleError(f"{releases} has no champion: deploy one first (slipway run {releases.name})")
    _serve(champion.bundle, f"{releases.name} {champion.version}", champion.version, params)


def serve_bundle(bundle: Path, params: Serve) -> None:
    """Serve a bundle that was not released, under the first letters of its hash as release."""
    _serve(bundle, str(bundle), None, params)


def _serve(bundle: Path, title: str, release: str | None, params: Serve) -> None:
    predictor = Predictor(bundle, params.threads)
    self_test(predictor)
    service = Service(predictor, release or predictor.identity[:12], params)
    with _listen(params.host, params.port) as listener:
        port = listener.getsockname()[1]
        host = f"[{params.host}]" if ":" in params.host else params.host
        sys.stdout.write(f"{title} is served at http://{host}:{port} (documented at /docs)\n")
        sys.stdout.flush()
        _run(App(service), listener)


def _run(app: App, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after it has ended gracefully
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # names have their own
        mend = "set serve.host or serve.port in params.yaml; port 0 takes a free one"
        raise SlipwayError(f"cannot listen on {host}:{port} ({reason}): {mend}") from None
