"""`slipway doctor` looks, and changes nothing."""

import contextlib
import http.server
import json
import socket
import threading

import pytest

from flows import doctor


@pytest.fixture
def found(toy, monkeypatch):
    """Examine the toy project, whose product listens on the given address; return the findings by what they are of."""
    monkeypatch.chdir(toy.root)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(doctor, "HEALTH_SECONDS", 0.5)

    def examine(host="127.0.0.1", port=0):
        toy.edit("products/toy/params.yaml", "serve: {}", f"serve: {{host: '{host}', port: {port}}}")
        return {one.what: one for one in doctor.examine(toy.root)}

    return examine


@contextlib.contextmanager
def server(content: bytes, content_type: str = "application/json"):
    """Answer every request alike; yield the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Keep the tests quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running.server_port
        finally:
            running.shutdown()
            thread.join()


def test_a_lock_of_a_dead_process_is_found_and_left_where_it_is(toy, found):
    book = json.dumps({"write": {"/a": {"pid": 2**22 + 1, "cmd": "slipway"}}, "read": {}})
    toy.write(".dvc/tmp/rwlock", book)
    findings = found()
    assert findings["locks"].mend == "slipway run frees them"
    assert findings["product toy"].found == "parameters right, 3 stages"
    assert toy.read(".dvc/tmp/rwlock") == book


def test_a_dvc_lock_that_was_cut_short_is_a_finding_and_is_not_mended(toy, found):
    toy.write("dvc.lock", "schema: '2.0'\nstages: [")
    toy.write(f".dvc/tmp/dvc.lock.before.{2**22 + 1}", "schema: '2.0'\nstages: {}\n")
    finding = found()["product toy"]
    assert "dvc.lock" in finding.found
    assert finding.mend is not None
    assert toy.read("dvc.lock") == "schema: '2.0'\nstages: ["


def test_a_port_where_slipway_itself_serves_is_fine(found):
    with server(b'{"ready": true, "release": "v0007", "manifest_sha256": "00"}') as port:
        finding = found(port=port)[f"port {port}"]
    assert (finding.found, finding.mend) == ("slipway serves v0007 there, for toy", None)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no JSON"])
def test_a_port_where_something_else_serves_is_taken(found, content):
    with server(content) as port:
        assert found(port=port)[f"port {port}"].mend == "slipway serve NAME --port PORT, or set serve.port"


def test_an_address_of_ipv6_can_be_free(found):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert found(host="::1")["port 0"].found == "free, for toy"
