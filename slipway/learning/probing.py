"""Measure which precision, memory layout, threads and compilation train a network fastest, on its own rows.

No rule tells it beforehand: bf16 makes one network twice as fast and another slower, and the machine
decides, too. So each configuration takes real steps for a second, and the median step counts.
"""

import itertools
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import psutil
import torch
from pydantic import ValidationError

from slipway.errors import DataError, SlipwayError
from slipway.learning.augmenting import augment_batch
from slipway.learning.devices import choose_device, repeatable
from slipway.learning.losses import training_loss
from slipway.learning.material import Material, prepared
from slipway.learning.rows import Batch, Known, Rows
from slipway.learning.stepping import Stepper
from slipway.product.augment import Policy
from slipway.product.train import Train

WARMUP_STEPS, MIN_STEPS = 5, 5
MAX_BATCHES = 16
"""So many batches of rows are drawn from, so that a large table is not copied for each layout."""


@dataclass(frozen=True)
class Configuration:
    """What changes how fast training is; the fields are those of the section train."""

    precision: str = "fp32"
    channels_last: bool = False
    compile: bool = False
    threads: int = 1

    @classmethod
    def of(cls, params: Train) -> "Configuration":
        """Return a section's own."""
        return cls(params.precision, params.channels_last, params.compile, params.threads)

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        layout = ["channels last"] if self.channels_last else []
        return ", ".join([self.precision, *layout, *(["compiled"] if self.compile else []), threads])

    @property
    def results(self) -> str:
        """What it does to the numbers that training gives, beside fp32 with one thread."""
        if self.precision != "fp32":
            return "others: arithmetic is less precise"
        return "" if self == Configuration() else "may differ in the last bits"


@dataclass(frozen=True)
class Measured:
    """A configuration, and how many rows a second it trains on; None where it could not run, and why."""

    configuration: Configuration
    rows_a_second: float | None
    skipped: str | None = None


@dataclass(frozen=True)
class Options:
    """What a machine and a product let one choose from.

    Attributes:
        precisions: The first is fp32.
        has_images: Whether there is a layout to choose.
        threads: Ascending, from 1.
        no_compiler: Why torch.compile cannot be tried; None where it can.
    """

    precisions: Sequence[str]
    has_images: bool
    threads: Sequence[int]
    no_compiler: str | None


def options(material: Material, device: torch.device) -> Options:
    """Return what can be chosen here."""
    on_gpu = device.type == "cuda"
    compilers = [os.environ.get("CXX", "g++"), "clang++"]
    missing = None if on_gpu or any(map(shutil.which, compilers)) else f"no C++ compiler ({', '.join(compilers)})"
    return Options(
        precisions=("fp32", "bf16", "fp16") if on_gpu else ("fp32", "bf16"),
        has_images=material.transform.image is not None,
        threads=[1] if on_gpu else thread_counts(psutil.cpu_count(logical=False) or 1),
        no_compiler=missing,
    )


def thread_counts(num_cores: int) -> list[int]:
    """Return the powers of two up to the number of cores, and that number.

    >>> thread_counts(6)
    [1, 2, 4, 6]
    """
    return sorted({*(2**power for power in range(num_cores.bit_length()) if 2**power <= num_cores), num_cores})


def probe(present: Configuration, choice: Options, measure: Callable[[Configuration], Measured]) -> list[Measured]:
    """Measure what is worth it, each configuration once, fp32 with one thread first.

    All precisions and layouts with one thread; then the fastest of them, and the fastest of fp32, with more threads;
    then the fastest of all compiled, because to compile takes longer than to measure.

    Raises:
        SlipwayError: The network does not train at all.
    """
    done: dict[Configuration, Measured] = {}

    def look(configuration: Configuration) -> None:
        if configuration not in done:
            done[configuration] = measure(configuration)

    layouts = (False, True) if choice.has_images else (False,)
    for precision, channels_last in itertools.product(choice.precisions, layouts):
        look(Configuration(precision, channels_last))
        if (reason := done[Configuration()].skipped) is not None:
            raise SlipwayError(f"the network does not train, so there is nothing to compare: {reason}")
    exact = [each for each in done.values() if each.configuration.precision == "fp32"]
    for base in (fastest(list(done.values())), fastest(exact)):
        for threads in choice.threads[1:]:
            look(replace(base.configuration, threads=threads))
    compiled = replace(fastest(list(done.values())).configuration, compile=True)
    if choice.no_compiler is None:
        look(compiled)
    else:
        done[compiled] = Measured(compiled, None, choice.no_compiler)
    look(present)
    return list(done.values())


def fastest(measured: Sequence[Measured]) -> Measured:
    """Return the one with most rows a second."""
    return max(measured, key=lambda each: each.rows_a_second or 0.0)


def new_stepper(material: Material, params: Train, known: Known, device: torch.device) -> Stepper:
    """Return a stepper of a new network for these rows, as it is in the first epoch."""
    network, started = prepared(material, params, known)
    stepper = Stepper(network.to(device).train(), params, training_loss(params, known), device, started=started)
    stepper.begin(1)
    return stepper


class Probe:
    """Measures configurations on a product's rows, with its network, optimiser, batch size and policy but mixup.

    Attributes:
        seconds: How long each is measured, after a warm-up.
    """

    def __init__(self, material: Material, params: Train, policy: Policy, *, seconds: float) -> None:
        self.material, self.params, self.policy, self.seconds = material, params, policy, seconds
        self.device = choose_device(params.device)
        source = material.train(params, self.device)
        drawn = list(itertools.islice(source.batches(params.batch_size, seed=0), MAX_BATCHES))
        self.known, self.num_rows = source.known, len(source)
        x, y = (torch.cat(each).contiguous() for each in zip(*drawn, strict=True))
        self.rows = Rows(x, y)

    def __call__(self, configuration: Configuration) -> Measured:
        """Measure one; what torch cannot do here is a reason, no error."""
        try:
            params = Train.model_validate(self.params.model_dump() | asdict(configuration))
        except ValidationError as error:
            return Measured(configuration, None, error.errors()[0]["msg"].removeprefix("Value error, "))
        try:
            with repeatable(self.material.schema.product.seed, configuration.threads, self.device):
                return Measured(configuration, self._rows_a_second(params))
        except (RuntimeError, DataError) as error:
            return Measured(configuration, None, (str(error).strip() or type(error).__name__).splitlines()[0])
        finally:
            if configuration.compile:
                torch.compiler.reset()

    def _rows_a_second(self, params: Train) -> float:
        device = self.device
        stepper = new_stepper(self.material, params, self.known, device)
        generator = torch.Generator(device).manual_seed(0)
        rates: list[float] = []
        batches = self._batches(self.rows.to(device, channels_last=params.channels_last), params.batch_size)
        end, before = float("inf"), self._now()
        for step, (x, y) in enumerate(batches):
            stepper.step(augment_batch(x, self.policy, generator), y)
            now = self._now()
            if step >= WARMUP_STEPS:
                rates.append(len(y) / (now - before))
            elif step == WARMUP_STEPS - 1:
                end = now + self.seconds
            if now >= end and len(rates) >= MIN_STEPS:
                break
            before = self._now()
        return statistics.median(rates)

    def _now(self) -> float:
        """Return the time at which the device has done all it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    @staticmethod
    def _batches(rows: Rows, batch_size: int) -> Iterator[Batch]:
        for epoch in itertools.count():
            yield from rows.batches(batch_size, seed=epoch)
