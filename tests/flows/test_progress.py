"""How far a stage is, on a Prefect server: fed by the lines that it logs, and never in the way of the run."""

import gc
import logging
import threading
from uuid import uuid4

import httpx
import pytest

from flows import progress
from flows.progress import ProgressArtifact, shown_progress
from flows.spawn import _relayed

logger = logging.getLogger("slipway")


def say(share, text, level=logging.INFO):
    logger.log(level, "%s", text, extra={"progress": share})


@pytest.fixture
def server(monkeypatch):
    """Stand in for the two functions of Prefect; updates come at once."""

    class Server:
        def __init__(self):
            self.calls, self.told, self.error = [], threading.Event(), None

        def create(self, percent, key, description):
            self._note(("create", percent, key, description))
            return uuid4()

        def update(self, artifact, percent, description):
            self._note(("update", percent, description))

        def _note(self, call):
            self.calls.append(call)
            self.told.set()
            if self.error:
                raise self.error

        def wait(self):
            assert self.told.wait(60)
            self.told.clear()

    server = Server()
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.001)
    monkeypatch.setattr(progress, "CLOSE_SECONDS", 60.0)
    monkeypatch.setattr(progress, "create_progress_artifact", server.create)
    monkeypatch.setattr(progress, "update_progress_artifact", server.update)
    logger.setLevel(logging.DEBUG)
    yield server
    logger.setLevel(logging.NOTSET)


def test_an_artifact_follows_the_lines_and_ends_at_100(server):
    with shown_progress("cancer-train"):
        say(0.25, "epoch 1 of 4")
        server.wait()
        say(0.5, "epoch 2 of 4")
        server.wait()
    assert server.calls == [
        ("create", 25.0, "cancer-train", "epoch 1 of 4"),
        ("update", 50.0, "epoch 2 of 4"),
        ("update", 100.0, "done"),
    ]
    assert not [one for one in logger.filters if isinstance(one, ProgressArtifact)]


def test_a_stage_that_fails_is_not_shown_as_done(server):
    with pytest.raises(KeyError), shown_progress("cancer-train"):
        say(0.25, "epoch 1 of 4")
        server.wait()
        raise KeyError("a bug")
    assert server.calls == [("create", 25.0, "cancer-train", "epoch 1 of 4")]


def test_a_short_stage_has_no_artifact(server, monkeypatch):
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 60.0)
    with shown_progress("cancer-train"):
        say(0.25, "epoch 1 of 4")
    assert server.calls == []


def test_lines_of_other_stages_and_lines_without_progress_are_not_shown(server):
    with shown_progress("cancer-train"):
        logger.info("train ran")
        other = threading.Thread(target=say, args=(0.9, "another stage"))
        other.start()
        other.join()
        say(0.25, "epoch 1 of 4")
        server.wait()
    assert [call[-1] for call in server.calls] == ["epoch 1 of 4", "done"]


def test_a_server_that_is_gone_costs_one_warning_and_the_stage_goes_on(server, caplog):
    server.error = httpx.ConnectError("connection refused")
    with shown_progress("cancer-train"):
        for epoch in range(3):
            say(epoch / 4, f"epoch {epoch} of 4")
            if not epoch:
                server.wait()
    assert len(server.calls) == 1
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings == ["the server is no longer told how far cancer-train is: connection refused"]


def test_a_line_of_every_second_is_kept_out_of_the_servers_log(server, caplog):
    with shown_progress("cancer-train"):
        say(0.25, "each second", logging.DEBUG)
        say(0.25, "each half minute")
    live, line = (each for each in caplog.records if hasattr(each, "progress"))
    assert live.send_to_api is False
    assert not hasattr(line, "send_to_api")


def test_a_line_of_another_process_brings_its_progress_along(caplog):
    caplog.set_level(logging.DEBUG, "slipway")
    printed = list(_relayed(["[slipway:10:0.25] epoch 1 of 4\n", "[slipway:20:] train ran\n", "Traceback\n"]))
    assert printed == ["Traceback\n"]
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [(10, "epoch 1 of 4"), (20, "train ran")]
    assert [getattr(each, "progress", None) for each in caplog.records] == [0.25, None]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # sockets of the harness, collected below
def test_on_a_real_server_the_artifact_belongs_to_the_task_and_an_unreachable_one_is_survived(monkeypatch):
    from prefect import flow, task
    from prefect.artifacts import Artifact
    from prefect.context import SyncClientContext
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    sent, send = threading.Event(), ProgressArtifact._send
    heard: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda text, *words: heard.append(text % words))

    def sending(self):
        waits = self._latest is not None
        try:
            send(self)
        finally:
            if waits:
                sent.set()

    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.01)
    monkeypatch.setattr(progress, "CLOSE_SECONDS", 60.0)
    monkeypatch.setattr(ProgressArtifact, "_send", sending)

    def stage(key):
        with shown_progress(key):
            for epoch in (1, 2):
                say(epoch / 4, f"epoch {epoch} of 4", logging.WARNING)
                assert sent.wait(60)
                sent.clear()
        return "ran"

    def unreachable(key):
        sent.clear()
        gone = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
        with monkeypatch.context() as patched, temporary_settings(gone), shown_progress(key):
            patched.setattr(SyncClientContext, "get", lambda: None)  # or the client of the run would be taken
            say(0.5, "nobody listens", logging.WARNING)
            assert sent.wait(60)
        return "ran"

    @flow
    def pipeline():
        return [task(name=name)(step)(key) for name, step, key in steps]

    steps = [("train", stage, "toy-train"), ("augment", unreachable, "toy-augment")]
    with prefect_test_harness(server_startup_timeout=180):
        assert pipeline() == ["ran", "ran"]
        shown = Artifact.get("toy-train")
        assert Artifact.get("toy-augment") is None
    gc.collect()
    assert (shown.type, shown.data, shown.description) == ("progress", 100.0, "done")
    assert shown.task_run_id is not None
    assert shown.flow_run_id is not None
    assert len([each for each in heard if "no longer told how far toy-augment is" in each]) == 1
