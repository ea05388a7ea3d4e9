"""Where the time of training goes: torch's profiler over a few real steps, as a trace and the costliest operators."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function, schedule

from slipway.learning.augmenting import augment_batch
from slipway.learning.devices import choose_device, repeatable
from slipway.learning.material import Material
from slipway.learning.probing import new_stepper
from slipway.learning.rows import Batch, Source
from slipway.product.augment import Policy
from slipway.product.train import Train

WARMUP_STEPS, STEPS = 10, 20
PHASES = ("draw the batch", "augment", "learn")


@dataclass(frozen=True)
class Cost:
    """What a phase of the steps, or an operator without those that it calls, took.

    Attributes:
        name: One of PHASES, or torch's name.
        calls: How often, in all steps.
        milliseconds: Of all calls; of an operator on the device where it computed.
    """

    name: str
    calls: int
    milliseconds: float


@dataclass(frozen=True)
class Profiled:
    """What the profiler saw.

    Attributes:
        device: Where the network was.
        steps: How many.
        phases: In the order of a step, by the CPU's clock.
        operators: The costliest first.
        trace: A Chrome trace, for ui.perfetto.dev or chrome://tracing.
    """

    device: str
    steps: int
    phases: list[Cost]
    operators: list[Cost]
    trace: Path


def profiled(material: Material, params: Train, policy: Policy, trace: Path) -> Profiled:
    """Take real steps with the section as it is (all of its policy but mixup), and write a trace of the later ones.

    The profiler itself costs time, so the shares count, and not the sum.
    """
    device = choose_device(params.device)
    source = material.train(params, device)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    plan = schedule(wait=0, warmup=WARMUP_STEPS, active=STEPS, repeat=1)
    with repeatable(material.schema.product.seed, params.threads, device):
        stepper, generator = new_stepper(material, params, source.known, device), torch.Generator(device).manual_seed(0)
        batches = _endless(source, params.batch_size)
        with profile(activities=activities, schedule=plan, acc_events=True) as profiler:
            for _ in range(WARMUP_STEPS + STEPS):
                with record_function(PHASES[0]):
                    x, y = next(batches)
                with record_function(PHASES[1]):
                    x = augment_batch(x, policy, generator)
                with record_function(PHASES[2]):
                    stepper.step(x, y)
                profiler.step()
    trace.parent.mkdir(parents=True, exist_ok=True)
    profiler.export_chrome_trace(str(trace))
    found = profiler.key_averages()
    whole = {each.key: Cost(each.key, each.count, each.cpu_time_total / 1000) for each in found if each.key in PHASES}
    on_device = device.type == "cuda"
    operators = [
        Cost(each.key, each.count, (each.self_device_time_total if on_device else each.self_cpu_time_total) / 1000)
        for each in found
        if each.key not in PHASES and not each.key.startswith("ProfilerStep")
    ]
    costliest = sorted(operators, key=lambda each: each.milliseconds, reverse=True)
    return Profiled(device.type, STEPS, [whole[name] for name in PHASES], costliest, trace)


def _endless(source: Source, batch_size: int) -> Iterator[Batch]:
    for epoch in itertools.count():
        yield from source.batches(batch_size, seed=epoch)
