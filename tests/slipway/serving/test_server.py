"""A real server process, asked over real HTTP."""

import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.bundle.predictor import Predictor
from slipway.errors import SlipwayError
from slipway.product.serve import Serve
from slipway.releases import Releases
from slipway.serving.process import Client, server_process

GOOD = {"age": 40, "income": 3.5, "region": "north"}
LIMITS = Serve(max_records=2000, max_body_mib=0.25)


@pytest.fixture(scope="module")
def released(tabular, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("releases") / "toy"
    releases = Releases(folder)
    releases.point("champion", releases.publish(tabular, {}, {"passed": True, "rules": []}), "test")
    return folder


@pytest.fixture(scope="module")
def client(released, tmp_path_factory):
    with server_process(released, LIMITS, tmp_path_factory.mktemp("log") / "server.log") as client:
        yield client


def test_the_champion_answers_as_its_bundle_does(client, tabular):
    status, content = client.predict([GOOD])
    assert (status, content) == (200, {"release": "v0001", "predictions": Predictor(tabular).predict([GOOD])})


def test_it_is_alive_and_ready_and_says_which_release(client, tabular):
    assert client.request("GET", "/health") == (200, {"status": "alive"})
    ready = {"ready": True, "release": "v0001", "manifest_sha256": Predictor(tabular).identity}
    assert client.request("GET", "/ready") == (200, ready)


def test_wrong_input_is_422_with_the_column(client):
    status, content = client.predict([GOOD, {**GOOD, "income": []}])
    assert (status, content["record"], content["column"]) == (422, 1, "income")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405(client, method):
    assert client.request(method, "/predict")[0] == 405


def test_an_unknown_path_is_404(client):
    assert client.request("GET", "/nothing")[0] == 404


def test_too_much_is_413_and_the_connection_lives_on(client):
    assert client.request("POST", "/predict", b" " * 300_000)[0] == 413
    assert client.predict([GOOD] * 2001)[0] == 413
    assert client.predict([GOOD])[0] == 200


def test_a_body_without_a_stated_length_is_limited_too(client):
    client.connection.request("POST", "/predict", iter([b" " * 100_000] * 3), encode_chunked=True)
    response = client.connection.getresponse()
    assert (response.status, b"too large" in response.read()) == (413, True)


def test_a_large_request_is_answered_in_order(client):
    records = [{**GOOD, "age": age} for age in range(1500)]
    status, content = client.predict(records)
    chances = [one["probabilities"]["yes"] for one in content["predictions"]]
    assert (status, len(chances), chances) == (200, 1500, sorted(chances))


def test_many_clients_at_once_get_their_own_answers(client, tabular):
    predictor = Predictor(tabular)

    def ask(age: int) -> bool:
        own = Client(client.connection.host, client.connection.port)
        answers = [own.predict([{**GOOD, "age": age}])[1]["predictions"] for _ in range(20)]
        own.close()
        return all(answer == predictor.predict([{**GOOD, "age": age}]) for answer in answers)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_the_documentation_describes_a_record_and_its_example_works(client):
    status, openapi = client.request("GET", "/openapi.json")
    assert status == 200
    assert {"/predict", "/health", "/ready", "/metrics"} <= openapi["paths"].keys()
    body = openapi["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    record = body["schema"]["properties"]["records"]["items"]
    assert record["required"] == ["age", "income", "region"]
    assert record["properties"]["income"]["type"] == ["number", "boolean", "null"]
    assert record["properties"]["income"]["description"] == "0.5 to 9.5 in training"
    assert record["properties"]["region"]["examples"] == ["north", "south"]
    assert client.predict(body["example"]["records"])[0] == 200
    assert client.request("GET", "/docs")[0] == 200


def test_requests_are_counted_by_status(client):
    def count() -> float:
        lines = client.request("GET", "/metrics")[1].splitlines()
        return float(next(line for line in lines if line.startswith('slipway_requests_total{status="422"}')).split()[1])

    before = count()
    client.predict([{}])
    assert count() == before + 1


def test_a_bundle_is_served_without_a_release(regression, tmp_path):
    with server_process(regression, Serve(), tmp_path / "log") as client:
        status, content = client.predict([{"x": 3}])
        assert (status, content["predictions"]) == (200, [{"value": 7.0}])
        assert content["release"] == Predictor(regression).identity[:12]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slipway.serving", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_a_champion_it_says_how_to_get_one(tmp_path):
    ended = run(str(tmp_path / "toy"))
    assert ended.returncode == 1
    assert "toy has no champion: deploy one first (slipway run toy)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_named_with_the_mend(released):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(str(released), "--port", str(port))
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in ended.stderr


def test_a_value_that_is_not_allowed_is_named(released):
    assert "port = 70000" in run(str(released), "--port", "70000").stderr


def test_a_server_that_does_not_start_says_why(tmp_path):
    with (
        pytest.raises(SlipwayError, match=r"ended with status 1 .*has no champion"),
        server_process(tmp_path / "toy", Serve(), tmp_path / "log"),
    ):
        raise AssertionError("it must not start")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_request_under_way_is_finished(released, kind):
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway.serving", str(released), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
        body = json.dumps({"records": [GOOD]}).encode()
        with socket.create_connection(("127.0.0.1", port)) as slow:
            head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            slow.sendall(head + body[:10])
            time.sleep(0.3)  # the server has begun to read
            process.send_signal(kind)
            time.sleep(0.3)
            slow.sendall(body[10:])
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
        assert process.wait(20) in (0, -kind)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_no_server_outlives_a_killed_judge(tabular, tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from slipway.product.serve import Serve; "
        "from slipway.serving.process import server_process\n"
        "with server_process(Path(sys.argv[1]), Serve(), Path(sys.argv[2])) as client:\n"
        "    print(client.connection.port, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tabular), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        port = int(judge.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        judge.kill()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and is_listening(port):
        time.sleep(0.02)
    assert not is_listening(port)


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True
