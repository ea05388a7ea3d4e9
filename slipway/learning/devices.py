"""Where training computes, and how it repeats: device, threads, precision and torch's own generator."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from slipway.errors import DataError
from slipway.product.train import Train

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


def choose_device(wanted: str, rank: int = 0) -> torch.device:
    """Turn `auto` into a GPU where there is one: the one of the process's own number.

    Raises:
        DataError: A GPU is wanted by name and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise DataError("train.device is cuda, but torch finds no GPU here. Use auto, or install torch's CUDA build.")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if rank >= (count := torch.cuda.device_count()):
        raise DataError(f"train.processes asks for GPU number {rank} (from 0), but there are {count}: lower it.")
    if rank:
        torch.cuda.set_device(rank)
    return torch.device("cuda", rank)


def autocast(params: Train, device: torch.device) -> torch.autocast:
    """Return the context in which the network computes in `train.precision`.

    Raises:
        DataError: fp16 is wanted on a CPU.
    """
    if params.precision == "fp16" and device.type == "cpu":
        raise DataError("train.precision is fp16, which needs a GPU, and there is none here. Use bf16 or fp32.")
    dtype = torch.float16 if params.precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype, enabled=params.precision != "fp32")


def keep_freed_memory() -> None:
    """Have glibc keep what a step frees, which it would take from the system again, page by page, in the next one.

    Elsewhere than on Linux with glibc nothing happens. It holds for the process, whose memory stays at its peak.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 25)  # the most that glibc takes
        mallopt(M_TRIM_THRESHOLD, 1 << 30)


@contextmanager
def repeatable(seed: int, threads: int, device: torch.device | None = None) -> Iterator[None]:
    """Run a block with torch's global generator seeded and its threads set; both are put back after it.

    Memory is not filled before it is written, as torch would under deterministic algorithms: nothing here reads
    what was not written, and it costs a tenth of a small step.
    """
    before, fills = torch.get_num_threads(), torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        with torch.random.fork_rng([device] if device is not None and device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
