"""Downloads from a server on this machine that drops connections, lies and is away."""

import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Download, Located
from slipway.sources import fetching
from slipway.sources.fetching import cache_folder, fetch
from slipway.sources.finding import find
from slipway.sources.workplace import Workplace

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves what `files` holds; `drop_after` bytes it closes the connection; it notes what it was asked."""

    files: dict[str, bytes]
    drop_after: int | None = None
    statuses: list[int]
    tag: str | None = '"one"'
    asked: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        url = urlsplit(self.path)
        self.server.asked.append((self.path, self.headers["Range"]))
        if self.server.statuses:
            self.send_error(self.server.statuses.pop(0))
        elif "list-type" in parse_qs(url.query):
            self._list(parse_qs(url.query)["prefix"][0])
        elif url.path not in self.server.files:
            self.send_error(404)
        else:
            self._send(self.server.files[url.path])

    def _send(self, content):
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        same = self.headers["If-Range"] in (None, self.server.tag)
        if self.headers["If-Match"] not in (None, self.server.tag):
            self.send_error(412)
            return
        if start >= len(content) and start:
            self.send_error(416)
            return
        start = start if same else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.end_headers()
        end = len(content) if self.server.drop_after is None else start + self.server.drop_after
        self.wfile.write(content[start:end])
        self.close_connection = True

    def _list(self, prefix):
        keys = [name.split("/", 2)[2] for name in self.server.files]
        found = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys if key.startswith(prefix))
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.files, server.statuses, server.asked = {"/data/x.bin": CONTENT}, [], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}/data/x.bin"


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    waited = []
    monkeypatch.setattr(fetching.time, "sleep", waited.append)
    return waited


OPTIONS = Download(retries=2, timeout_seconds=20)


def test_a_pinned_file_is_downloaded_once(server, url):
    path = fetch(url, SHA256, OPTIONS)
    assert path == cache_folder() / SHA256
    assert path.read_bytes() == CONTENT
    assert fetch(url, SHA256, OPTIONS) == path
    assert len(server.asked) == 1


def test_a_dropped_connection_goes_on_where_it_was(server, url, waits):
    server.drop_after = 200_000
    assert fetch(url, SHA256, OPTIONS).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=200000-", "bytes=400000-"]
    assert waits == [1.0, 1.0]


def give_up_after(server, url, sha256, num_bytes):
    """Have a download break off, with so much of it on the disk, and the server away."""
    server.drop_after = num_bytes
    server.statuses = []
    cut = server.files["/data/x.bin"]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DataError, match="could not be downloaded"):
        patch.setattr(fetching.time, "sleep", lambda _: server.statuses.append(503))
        fetch(url, sha256, Download(retries=0, timeout_seconds=20))
    server.drop_after, server.statuses, server.files["/data/x.bin"] = None, [], cut
    server.asked.clear()


def test_a_download_goes_on_after_its_process_has_ended(server, url):
    give_up_after(server, url, SHA256, 300_000)
    assert fetch(url, SHA256, OPTIONS).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=300000-"]


@pytest.mark.parametrize("num_bytes", [len(CONTENT), len(CONTENT) + 10])
def test_a_part_that_is_as_long_as_the_file_is_taken_from_its_beginning(server, url, num_bytes):
    server.files["/data/x.bin"] = CONTENT + bytes(20)
    give_up_after(server, url, SHA256, num_bytes)
    server.files["/data/x.bin"] = CONTENT
    assert fetch(url, SHA256, OPTIONS).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [f"bytes={num_bytes}-", None]


def test_a_file_that_changed_meanwhile_is_taken_from_its_beginning(server, url):
    server.files["/data/x.bin"] = CONTENT[::-1]
    give_up_after(server, url, None, 300_000)
    server.tag, server.files["/data/x.bin"] = '"two"', CONTENT
    assert fetch(url, None, OPTIONS).read_bytes() == CONTENT


def test_without_a_tag_only_a_pinned_file_is_gone_on_with(server, url):
    server.tag = None
    give_up_after(server, url, None, 300_000)
    assert fetch(url, None, OPTIONS).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again_later(server, url, waits, status):
    server.statuses = [status, status]
    assert fetch(url, SHA256, OPTIONS).read_bytes() == CONTENT
    assert waits == [1.0, 2.0]


def test_a_server_that_stays_away_is_given_up_with_the_mend(server, url, waits):
    server.statuses = [503] * 9
    with pytest.raises(DataError, match=r"the server answers 503\.\n.*below SLIPWAY_DATA"):
        fetch(url, SHA256, OPTIONS)
    assert len(waits) == 2


def test_without_a_network_the_error_says_so(waits):
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/x could not be downloaded: "):
        fetch("http://127.0.0.1:9/x", SHA256, OPTIONS)


def test_a_server_that_is_silent_is_not_waited_for_longer_than_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(DataError, match="could not be downloaded: .*[Tt]ime"):
            fetch(url, SHA256, Download(retries=0, timeout_seconds=0.2))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_told_at_once(server, url, waits, status):
    server.statuses = [status]
    with pytest.raises(DataError, match=f"cannot be had: the server answers {status}"):
        fetch(url, SHA256, OPTIONS)
    assert waits == []


def test_a_wrong_file_is_refused_with_both_hashes_and_not_kept(server, url):
    server.files["/data/x.bin"] = b"something else"
    other = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(DataError, match=rf"its sha256 is {other},\nbut ingest.source says {SHA256}"):
        fetch(url, SHA256, OPTIONS)
    server.files["/data/x.bin"] = CONTENT
    assert fetch(url, SHA256, OPTIONS).read_bytes() == CONTENT


def test_a_file_that_is_not_pinned_is_not_sent_again_while_its_tag_stays(server, url):
    first = fetch(url, None, OPTIONS)
    assert fetch(url, None, OPTIONS) == first
    server.files["/data/x.bin"], server.tag = b"new", '"two"'
    assert fetch(url, None, OPTIONS).read_bytes() == b"new"


def test_a_source_at_a_url_must_be_pinned_and_is_told_by_what(server, url, place):
    with pytest.raises(ParamsError, match=rf"pin it in ingest.source\.\nWhat it is today has sha256: {SHA256}"):
        find(Located(file=url), place)
    files, sha256 = find(Located(file=url), Workplace.at(place.folder))
    assert ([each.name for each in files], sha256) == (["x.bin"], SHA256)


def test_a_published_file_is_downloaded_only_where_it_is_not_there(server, url, place):
    source = Located(file="mine.bin", url=url, sha256=SHA256)
    assert find(source, place)[0][0].path.read_bytes() == CONTENT
    (place.folder / "mine.bin").write_bytes(CONTENT)
    assert find(source, place)[0][0].path == place.folder / "mine.bin"
    assert len(server.asked) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_url_with_a_login_is_refused_and_the_login_not_told(place, scheme):
    with pytest.raises(ParamsError, match="a file on host:80 holds a user or a password") as error:
        find(Located(file=f"{scheme}://me:pass-word@host:80/x.csv", sha256=SHA256), place)
    assert "pass-word" not in str(error.value)


@pytest.fixture
def s3(server, monkeypatch):
    pytest.importorskip("boto3", reason="the extra s3 is not installed")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    server.files = {"/data/x.bin": CONTENT, "/data/d/1.csv": b"1", "/data/d/2.csv": b"2", "/data/d/3.txt": b"3"}
    return server


def test_an_object_in_s3_is_downloaded_and_gone_on_with(s3):
    s3.drop_after = 300_000
    assert fetch("s3://data/x.bin", SHA256, OPTIONS).read_bytes() == CONTENT
    assert [asked for _, asked in s3.asked] == [None, "bytes=300000-"]


def test_an_object_in_s3_that_changed_meanwhile_is_taken_from_its_beginning(s3):
    give_up_after(s3, "s3://data/x.bin", None, 300_000)
    s3.tag, s3.files["/data/x.bin"] = '"two"', CONTENT[::-1]
    assert fetch("s3://data/x.bin", None, OPTIONS).read_bytes() == CONTENT[::-1]
    assert [asked for _, asked in s3.asked] == ["bytes=300000-", None]


def test_a_glob_in_s3_stands_for_its_objects_in_order(s3, place):
    files, _ = find(Located(file="s3://data/d/*.csv"), Workplace.at(place.folder))
    assert [(each.name, each.path.read_bytes()) for each in files] == [("1.csv", b"1"), ("2.csv", b"2")]
    with pytest.raises(DataError, match=r"s3://data/d/\*\.tsv fits none of the 3 objects"):
        find(Located(file="s3://data/d/*.tsv"), place)


def test_an_object_that_is_not_in_s3_is_told(s3):
    with pytest.raises(DataError, match="s3://data/none cannot be had"):
        fetch("s3://data/none", SHA256, OPTIONS)


def test_a_busy_s3_is_asked_again(s3, waits):
    s3.statuses = [503]
    assert fetch("s3://data/x.bin", SHA256, OPTIONS).read_bytes() == CONTENT
    assert waits == [1.0]
