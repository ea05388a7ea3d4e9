"""How far training is, in one line: epoch, loss, metric, samples a second, time left."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger("slipway")

LIVE_SECONDS, LINE_SECONDS = 1.0, 30.0


@dataclass(frozen=True)
class Moment:
    """Where training is.

    Attributes:
        epoch: From 1.
        epochs: At most.
        batch: How many batches of the epoch are done.
        num_batches: Of an epoch.
        loss: Of the last batch.
        validation: Loss and metric of the last whole epoch, as text; empty before there is one.
    """

    epoch: int
    epochs: int
    batch: int
    num_batches: int
    loss: float
    validation: str


Told = Callable[[Moment, float], None]


class Progress:
    """Tells of moments: live at level DEBUG (a terminal shows the last one), and now and then as a line for a log.

    Args:
        num_rows: Of an epoch.
        told: Is told of each moment, and of how many rows a second it takes.
    """

    def __init__(self, num_rows: int, told: Told | None = None) -> None:
        self.num_rows, self.told = num_rows, told
        self._start = self._told = self._lined = time.monotonic()
        self._done_before: float | None = None

    def is_due(self, now: float) -> bool:
        """Say whether it is time to tell."""
        return now - self._told >= LIVE_SECONDS

    def tell(self, moment: Moment, now: float) -> None:
        """Tell where training is."""
        done = moment.epoch - 1 + moment.batch / moment.num_batches
        if self._done_before is None:
            self._done_before, self._start = done, now
        level = logging.DEBUG
        if now - self._lined >= LINE_SECONDS:
            level, self._lined = logging.INFO, now
        self._told, speed = now, self._speed(done, now)
        logger.log(level, "%s", line(moment, speed), extra={"progress": round(done / moment.epochs, 4)})
        if self.told is not None:
            self.told(moment, speed[0])

    def _speed(self, done: float, now: float) -> tuple[float, float]:
        """Return rows a second, and seconds that are left at most, since the first telling."""
        assert self._done_before is not None
        seconds, epochs = now - self._start, done - self._done_before
        return (self.num_rows * epochs / seconds if seconds else 0.0), (seconds / epochs if epochs else 0.0)


def line(moment: Moment, speed: tuple[float, float]) -> str:
    """Return the line.

    >>> line(Moment(3, 10, 5, 10, 0.25, "0.3, accuracy 0.9"), (1000.0, 60.0))
    'epoch 3 of 10, 50 %, loss 0.25, validation 0.3, accuracy 0.9, 1,000 rows/s, 7 min left at most'
    """
    rows_a_second, seconds_an_epoch = speed
    parts = [
        f"epoch {moment.epoch} of {moment.epochs}, {100 * moment.batch // moment.num_batches} %",
        f"loss {moment.loss:.4g}",
    ]
    if moment.validation:
        parts.append(f"validation {moment.validation}")
    if rows_a_second:
        left = (moment.epochs - moment.epoch + 1 - moment.batch / moment.num_batches) * seconds_an_epoch
        parts += [f"{rows_a_second:,.0f} rows/s", f"{_duration(left)} left at most"]
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
