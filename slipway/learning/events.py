"""What TensorBoard shows of a training while it goes on: losses, metric, learning rate and speed, by step.

The files lie beside the checkpoint, where nothing is versioned, and the stage's folder is the same with them as
without. A step is a batch that was learned from.
"""

import importlib.util
import logging
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.errors import SlipwayError
from slipway.learning.progress import Moment
from slipway.product.train import Train

if TYPE_CHECKING:  # both import torch, which a run that only asks whether TensorBoard is there does without
    from slipway.learning.checkpoints import Checkpoint
    from slipway.learning.loop import Epoch

FLUSH_SECONDS = 5

logger = logging.getLogger("slipway")


def require_tensorboard() -> None:
    """Refuse to go on where TensorBoard is not installed.

    Raises:
        SlipwayError: It is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise SlipwayError(
            "--tensorboard needs TensorBoard, which is not installed: "
            "pip install -e '.[tensorboard]' -c constraints.txt"
        )


def series_of(checkpoint: "Checkpoint") -> Path:
    """Return the folder of the events of what is learned; a run that begins at the start begins it anew."""
    require_tensorboard()
    series = checkpoint.folder / "events" / checkpoint.path.stem.removeprefix("checkpoint-")
    if not checkpoint.path.exists():
        shutil.rmtree(series, ignore_errors=True)
    logger.info("to watch: tensorboard --logdir %s", series.parent)
    return series


class Events:
    """Writes the events of one run; a run that goes on takes back what a killed one had written of the same steps.

    Args:
        series: The folder.
        params: What tells this series from others, as a text.
        num_batches: Of an epoch.
        metric: What `Epoch.validation_metric` is.
    """

    def __init__(self, series: Path, params: Train, *, num_batches: int, metric: str) -> None:
        self.series, self.params, self.num_batches, self.metric = series, params, num_batches, metric
        self._writer: Any = None

    def tell_epoch(self, epoch: "Epoch") -> None:
        """Write the numbers of a line of history.csv."""
        numbers = {
            "loss/train": epoch.train_loss,
            "loss/validation": epoch.validation_loss,
            f"{self.metric}/validation": epoch.validation_metric,
            "learning_rate": epoch.lr,
        }
        self._write(numbers, epoch.epoch * self.num_batches)

    def tell_moment(self, moment: Moment, rows_a_second: float) -> None:
        """Write the loss of the last batch, and the speed."""
        step = (moment.epoch - 1) * self.num_batches + moment.batch
        self._write({"batch/loss": moment.loss, "batch/rows_a_second": rows_a_second}, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def _write(self, numbers: dict[str, float], step: int) -> None:
        if self._writer is None:
            self._writer = self._opened(step)
        for tag, number in numbers.items():
            self._writer.add_scalar(tag, number, step)

    def _opened(self, step: int) -> Any:
        """Open a file of the series in which `step` comes first."""
        from torch.utils.tensorboard import SummaryWriter

        is_new = not self.series.exists()
        writer = SummaryWriter(str(self.series), purge_step=step, flush_secs=FLUSH_SECONDS)
        if is_new:
            text = self.params.model_dump_json(indent=1, exclude_defaults=True)
            writer.add_text("train", textwrap.indent(text, "    "), 0)
        return writer


@contextmanager
def written_events(series: Path | None, params: Train, *, num_batches: int, metric: str) -> Iterator[Events | None]:
    """Yield what writes the events of a run; None where nobody asked for them."""
    events = None if series is None else Events(series, params, num_batches=num_batches, metric=metric)
    try:
        yield events
    finally:
        if events is not None:
            events.close()
