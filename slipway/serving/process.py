"""A server in a process of its own, for whoever must see how a bundle behaves over real HTTP."""

import contextlib
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slipway.errors import SlipwayError
from slipway.product.serve import Serve

ADDRESS = re.compile(r"http://(127\.0\.0\.1):([0-9]+)")
START_SECONDS = 120
STOP_SECONDS = 15
POLL_SECONDS = 0.01


class Client:
    """One kept connection to a server."""

    def __init__(self, host: str, port: int, timeout_seconds: float = 60) -> None:
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Send one request and return the status and the JSON of the answer (text where it is none).

        A server closes a connection that was idle for a few seconds, so a broken one is opened once more.
        """
        try:
            return self._request(method, path, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.connection.close()
            return self._request(method, path, body)

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        self.connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        response = self.connection.getresponse()
        content = response.read()
        is_json = response.getheader("content-type", "").startswith("application/json")
        return response.status, json.loads(content) if is_json else content.decode()

    def predict(self, records: list[dict[str, Any]]) -> tuple[int, Any]:
        """Send records to /predict."""
        return self.request("POST", "/predict", json.dumps({"records": records}).encode())

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@contextlib.contextmanager
def server_process(folder: Path, serve: Serve, log: Path) -> Iterator[Client]:
    """Run `python -m slipway.serving` on a free port of this machine while the block runs, then end it.

    Args:
        folder: a bundle, or releases/<name>.
        serve: threads and limits; host and port are not used.
        log: file that takes whatever the server prints.

    Raises:
        SlipwayError: the server did not start; its own last lines say why.
    """
    command = [sys.executable, "-m", "slipway.serving", str(folder), "--port", "0", "--with-parent"]
    command += ["--threads", str(serve.threads), "--max-records", str(serve.max_records)]
    command += ["--max-body-mib", str(serve.max_body_mib)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        with contextlib.closing(Client(*_address(process, log))) as client:
            yield client
    finally:
        _end(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    """Wait until the server prints where it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        status = process.poll()  # before the log is read, so that nothing printed last is missed
        text = log.read_text(errors="replace")
        if match := ADDRESS.search(text):
            return match[1], int(match[2])
        if status is not None:
            last = "\n".join(text.strip().splitlines()[-2:])
            mend = _lacking() or last
            raise SlipwayError(f"the server ended with status {status} before it listened ({log}): {mend}")
        time.sleep(POLL_SECONDS)
    raise SlipwayError(f"the server did not listen within {START_SECONDS} s: {log} says why")


def _lacking() -> str:
    """Say which library the server lacks; "" where it has all.

    The import also makes the server's code part of what a stage that starts one depends on.
    """
    try:
        import slipway.serving.__main__  # noqa: F401
    except ModuleNotFoundError as error:
        return f"{error}: install what a server needs, pip install -e '.[serve]' -c constraints.txt"
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
