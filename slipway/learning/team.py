"""Several processes that learn one network together: each takes its part of every batch (DDP or FSDP2; gloo or NCCL).

They are started by torchrun's own agent, and all hold the same weights after each step, or each its part of them.
What only one of them may do, write above all, is done by the first.
"""

import logging
import os
import signal
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from slipway import errors
from slipway.errors import SlipwayError
from slipway.files import dump_json, read_json, write_text_whole
from slipway.stage import RELAY, die_with_parent, logged_to_stderr

REFUSED, BROKEN = "refused-{}.json", "broken-{}.txt"

logger = logging.getLogger("slipway")


@dataclass(frozen=True)
class Team:
    """One process, and how many there are.

    Attributes:
        rank: Its number, from 0.
        size: How many there are; 1: it is alone.
        parts_weights: Whether each holds a part of the weights (FSDP2), and not all of them.
    """

    rank: int = 0
    size: int = 1
    parts_weights: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether there is no other process."""
        return self.size == 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes and tells."""
        return self.rank == 0

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's rows of a batch; nearly as many as each other's."""
        return batch.tensor_split(self.size)[self.rank]

    def joined(self, network: nn.Module) -> nn.Module:
        """Wrap a network so that its gradients become the mean of all processes'; parted ones do so by themselves."""
        if self.is_alone or self.parts_weights:
            return network
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(network)

    def mean(self, numbers: Tensor) -> Tensor:
        """Return the mean of what all processes hold."""
        if self.is_alone:
            return numbers
        total = numbers.clone()
        dist.all_reduce(total)
        return total / self.size

    def align(self, buffers: Iterable[Tensor]) -> None:
        """Give every process the first one's buffers: each has gathered statistics of its own rows."""
        if not self.is_alone:
            for buffer in buffers:
                dist.broadcast(buffer, 0)

    def first_says(self, numbers: list[float], device: torch.device) -> list[float]:
        """Return the first process's numbers, to the last bit: what they decide must be decided alike."""
        if self.is_alone:
            return numbers
        said = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.broadcast(said, 0)
        return [float(each) for each in said.tolist()]

    def wait(self) -> None:
        """Wait until every process is here."""
        if not self.is_alone:
            dist.barrier()

    def agreed(self, wanted: bool, device: torch.device) -> bool:
        """Return what the first process wants: clocks differ, and all must do the same."""
        if self.is_alone:
            return wanted
        flag = torch.tensor([wanted], dtype=torch.uint8, device=device)
        dist.broadcast(flag, 0)
        return bool(flag.item())

    def gathered(self, state: Tensor, device: torch.device) -> list[Tensor]:
        """Return what each process holds, in their order: tensors of one shape, on the CPU."""
        if self.is_alone:
            return [state]
        mine = state.to(device)
        found = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(found, mine)
        return [each.cpu() for each in found]


Learn = Callable[..., None]


def learn_together(learn: Learn, arguments: tuple[Any, ...], folder: Path, *, processes: int) -> None:
    """Call `learn(*arguments, team=...)` in so many processes, and wait for them.

    Args:
        learn: A function that can be imported by its name.
        arguments: What can be pickled.
        folder: Where a process leaves word of why it stopped.
        processes: How many.

    Raises:
        SlipwayError: The error of the process that stopped first.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id="slipway",
        max_restarts=0,
    )
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # the error below says it once
    try:
        elastic_launch(config, _member)(learn, arguments, folder)
    except ChildFailedError as failed:
        words = sorted(folder.glob(REFUSED.format("*")))
        if not words:
            raise SlipwayError(_why_it_ended(failed.failures.values(), folder, processes)) from None
        said = {path.name: read_json(path) for path in words}
        for path in words:
            path.unlink()
        first = failed.get_first_failure()[1]
        why = said.get(REFUSED.format(first.local_rank), said[words[0].name])
        raise getattr(errors, why["kind"], SlipwayError)(why["message"]) from None


def _why_it_ended(failures: Iterable[Any], folder: Path, processes: int) -> str:
    """Say why processes ended without a word: one was killed, or the code of the one that stopped first is wrong."""
    killed = [each.local_rank for each in failures if each.exitcode == -signal.SIGKILL]
    told = sorted(folder.glob(BROKEN.format("*")), key=lambda path: path.stat().st_mtime_ns)
    texts = [path.read_text() for path in told]
    for path in told:
        path.unlink()
    if killed or not told:
        who = f"process {killed[0]}" if killed else "one"
        return f"{who} of {processes} was killed. Is there memory enough for so many? Lower train.processes."
    logger.error("%s", texts[0])
    rank = told[0].stem.removeprefix("broken-")
    return f"process {rank} of {processes} failed: {texts[0].strip().splitlines()[-1]}"


def _member(learn: Learn, arguments: tuple[Any, ...], folder: Path) -> None:
    """Be one of the processes."""
    die_with_parent()
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    team = Team(dist.get_rank(), dist.get_world_size())
    try:
        with logged_to_stderr(relayed=RELAY in os.environ):
            learn(*arguments, team=team)
    except SlipwayError as error:
        kinds = [kind.__name__ for kind in type(error).__mro__ if hasattr(errors, kind.__name__)]
        write_text_whole(folder / REFUSED.format(team.rank), dump_json({"kind": kinds[0], "message": str(error)}))
        raise SystemExit(1) from None
    except Exception:  # the others then lose their connection, and torch tells of whichever ended first
        write_text_whole(folder / BROKEN.format(team.rank), traceback.format_exc())
        raise
    finally:
        dist.destroy_process_group()
