"""How far a long stage is, on a Prefect server: a progress artifact that a thread of its own keeps up to date.

It is fed by the lines in which a stage says how far it is. The thread that runs the stage leaves the latest one and
goes on; so a slow server costs the run nothing, and one that is gone costs it a warning.
"""

import contextvars
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.exceptions import PrefectException

UPDATE_SECONDS = 10.0
"""Between two updates, and before the first one: a shorter stage has no artifact."""

CLOSE_SECONDS = 5.0
"""What the end of a stage waits for the last update, at most."""

logger = logging.getLogger("slipway")


@contextmanager
def shown_progress(key: str) -> Iterator[None]:
    """Show on the server what the block logs of its progress, in this thread, as the artifact `key`."""
    artifact = ProgressArtifact(key)
    logger.addFilter(artifact)
    try:
        yield
        artifact.finish()
    finally:
        logger.removeFilter(artifact)
        artifact.close()


class ProgressArtifact(logging.Filter):
    """Takes up the lines of its maker's thread that say how far a stage is, and lets every line pass.

    A filter of the logger, which sees a line before its handlers do: those of every second, for a terminal, are
    kept out of the log that Prefect sends to the server.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key, self._maker = key, threading.get_ident()
        self._context = contextvars.copy_context()  # holds the task run that the artifact belongs to
        self._thread: threading.Thread | None = None
        self._latest: tuple[float, str] | None = None
        self._ended = threading.Event()
        self._id: UUID | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Note how far the stage is."""
        if (progress := getattr(record, "progress", None)) is None or record.thread != self._maker:
            return True
        if record.levelno <= logging.DEBUG:
            record.send_to_api = False
        self._latest = (progress, record.getMessage())
        if self._thread is None:
            self._thread = threading.Thread(target=self._context.run, args=(self._publish,), daemon=True)
            self._thread.start()
        return True

    def finish(self) -> None:
        """Note that the stage has come to its end: sent by `close`, if the server knows of the stage by then."""
        self._latest = (1.0, "done")

    def close(self) -> None:
        """Send what is left, if the server takes it soon."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _publish(self) -> None:
        try:
            while not self._ended.wait(UPDATE_SECONDS):
                self._send()
            if self._id is not None:
                self._send()
        except (httpx.HTTPError, PrefectException) as error:
            logger.warning("the server is no longer told how far %s is: %s", self._key, error or type(error).__name__)

    def _send(self) -> None:
        latest, self._latest = self._latest, None
        if latest is None:
            return
        percent, text = 100 * latest[0], latest[1]
        if self._id is None:
            self._id = cast(UUID, create_progress_artifact(percent, key=self._key, description=text))
        else:
            update_progress_artifact(self._id, percent, description=text)
