"""Run a stage's module in a process of its own, and hand on the error that it reports."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flows.garbage import OBJECTS_BETWEEN_COLLECTIONS
from slipway.errors import SlipwayError
from slipway.stage import RELAY, RELAYED

logger = logging.getLogger("slipway")

BOOT = (
    f"import gc, runpy, sys; gc.set_threshold({OBJECTS_BETWEEN_COLLECTIONS}); del sys.argv[0]; "
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


class StageCrashed(SlipwayError):
    """A stage's process ended without an error that it could explain; its traceback is attached as a note."""


def spawn(name: str, words: Sequence[str]) -> None:
    """Run what `python -m WORDS` runs, in the working directory, with no shell in between.

    So the process is this one's own child, which the kernel ends with it (`slipway.stage.main`). What
    it prints goes to stderr, because the output of this process may be JSON; what it logs is logged here, at once.

    Raises:
        SlipwayError: the stage's own error.
        StageCrashed: it ended in another way.
    """
    environment = {**os.environ, "PATH": search_path(), "DVC_STAGE": name, RELAY: "1"}
    command = [sys.executable, "-c", BOOT, *words]
    with subprocess.Popen(
        command, env=environment, stdout=2, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None
        try:
            printed = "".join(_relayed(process.stderr))
        except BaseException:
            process.kill()  # or leaving the block would wait for the stage to end
            raise
    if process.returncode:
        raise _error(name, words[0].removeprefix("tasks."), process.returncode, printed.strip())
    sys.stderr.write(printed)


def _relayed(lines: Iterable[str]) -> Iterator[str]:
    """Log the lines that the stage logged; yield the others."""
    for line in lines:
        if found := RELAYED.fullmatch(line.rstrip("\n")):
            level, progress, message = found.groups()
            logger.log(int(level), "%s", message, extra={"progress": float(progress)} if progress else None)
        else:
            yield line


def search_path() -> str:
    """Return PATH with the folder of this Python first, so that `python` means this one."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _error(name: str, function: str, status: int, stderr: str) -> SlipwayError:
    if status == 1 and f"\n{function}: " in f"\n{stderr}" and "Traceback (most recent call last)" not in stderr:
        return SlipwayError(f"\n{stderr}".rsplit(f"\n{function}: ", 1)[1])
    if status < 0:
        hint = " Is there enough memory?" if -status == signal.SIGKILL else ""
        return StageCrashed(f"{name} was ended by {signal.Signals(-status).name}.{hint}")
    last = stderr.splitlines()[-1] if stderr else "without a word"
    error = StageCrashed(f"{name} crashed with exit status {status}: {last}")
    error.add_note(stderr)
    return error
