"""What the command line shows: a line per step while a run goes on, tables, what a run came to."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table


class Lines(logging.Handler):
    """Prints each line of the log; in a terminal, the step that is going on turns a spinner."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal else None

    def emit(self, record: logging.LogRecord) -> None:
        """Print the end of a step, or show its start."""
        text = record.getMessage()
        if record.levelno > logging.DEBUG:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif self._status:
            self._status.update(f"{text} ...")
            self._status.start()

    def close(self) -> None:
        """Stop the spinner."""
        if self._status:
            self._status.stop()
        super().close()


@contextmanager
def progress() -> Iterator[None]:
    """Show the log of slipway on stderr, so that stdout holds the result alone."""
    logger, lines = logging.getLogger("slipway"), Lines(Console(stderr=True))
    logger.setLevel(logging.DEBUG)
    logger.addHandler(lines)
    propagates, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagates
        logger.removeHandler(lines)
        lines.close()


def show_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a plain table to stdout; where nobody sets the width, it takes what it needs."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # a path must be whole to be copied
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 500  # or rich would fold at 80; print(width=...) only narrows
    console.print(table, markup=False)


def summary(product: str, result: dict[str, Any]) -> str:
    """Return the lines at the end of a run: test metrics, release, report, how to serve it."""
    metrics = result["metrics"]
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if isinstance(value, float))
    return "\n".join(
        [
            f"test     {numbers} ({metrics['rows']} rows)",
            f"release  {result['release']} ({result['deployment']}), in releases/{product}/{result['release']}",
            f"report   {result['report']}",
            f"serve    slipway serve {product}",
        ]
    )
