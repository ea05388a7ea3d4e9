"""What a training step costs beside the least it can: one fixed batch repeated with the fused optimiser (the floor).

    pip install -e '.[bench]'
    python benchmarks/training.py                 # all parts
    python benchmarks/training.py --only tabular images augmentation checkpoints

Rows a CPU second, one thread, one process; floor, ours and peers take turns, and medians are compared. Ours is the
loop that the stage runs (slipway/learning/loop.py): the order of rows, schedule, progress and checkpoints included.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import autocast, keep_freed_memory, repeatable
from slipway.learning.loop import Training
from slipway.learning.rows import Rows
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.networks import CNN, MLP, LeNet5, Network
from slipway.product.train import Train

Run = Callable[[], int]
"""Learns from some rows, and returns how many."""


def table(num_rows: int, num_features: int = 30) -> Rows:
    """Rows of two classes that a network can tell apart."""
    x = torch.randn(num_rows, num_features, generator=torch.Generator().manual_seed(1))
    return Rows(x, (x[:, 0] * x[:, 1] > 0).long())


def pictures(num_rows: int, size: int = 28) -> Rows:
    """Noise of ten classes."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(num_rows, 1, size, size, generator=generator)
    return Rows(x, torch.randint(0, 10, (num_rows,), generator=generator))


def network_of(network: Network, rows: Rows) -> nn.Module:
    """Build the network for these rows."""
    shape = tuple(rows.features.shape[1:])
    return build(
        Architecture(network=network, inputs=shape, outputs=int(rows.targets.max()) + 1, task="classification")
    )


def floor(network: Network, rows: Rows, params: Train) -> Run:
    """Repeat one batch: forward, loss, backward, fused AdamW; nothing else."""
    net = network_of(network, rows)
    if params.channels_last:
        net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.lr, fused=True)
    x, y = rows.features[: params.batch_size], rows.targets[: params.batch_size]
    if params.channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    steps = len(rows) // params.batch_size
    half = autocast(params, x.device)

    def run() -> int:
        net.train()
        for _ in range(steps):
            with half:
                loss = functional.cross_entropy(net(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return steps * params.batch_size

    return run


def ours(network: Network, rows: Rows, params: Train, policy: Policy, checkpoint: Checkpoint | None = None) -> Run:
    """Learn an epoch as the stage does; validation is a handful of rows."""
    net = network_of(network, rows)
    if params.channels_last:
        net.to(memory_format=torch.channels_last)
    laid = rows.to(rows.targets.device, channels_last=params.channels_last)
    few = Rows(laid.features[:64], laid.targets[:64])
    training = Training(net, laid, few, params, policy, seed=1, checkpoint=checkpoint)

    def run() -> int:
        training.run_epoch()
        return len(rows)

    return run


def data_loader(network: Network, rows: Rows, params: Train) -> Run:
    """The loop of most tutorials: DataLoader(TensorDataset), Adam."""
    from torch.utils.data import DataLoader, TensorDataset

    net = network_of(network, rows)
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.lr)
    loader = DataLoader(TensorDataset(rows.features, rows.targets), batch_size=params.batch_size, shuffle=True)

    def run() -> int:
        net.train()
        for x, y in loader:
            loss = functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return len(rows)

    return run


def lightning(network: Network, rows: Rows, params: Train) -> Run:
    """Lightning's Trainer with its usual DataLoader, without logger, bar and checkpoints."""
    import lightning as pl
    from torch.utils.data import DataLoader, TensorDataset

    net = network_of(network, rows)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            return functional.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=params.lr)

    loader = DataLoader(TensorDataset(rows.features, rows.targets), batch_size=params.batch_size, shuffle=True)
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
    }
    module = Module()

    def run() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pl.Trainer(max_epochs=1, accelerator="cpu", devices=1, **quiet).fit(module, loader)
        return len(rows)

    return run


def speeds(runs: dict[str, Run], repeats: int) -> dict[str, float]:
    """Let the runs take turns, after one to warm up; return the median rows a CPU second of each."""
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            start = time.process_time()
            num_rows = run()
            if turn:
                figures[name].append(num_rows / (time.process_time() - start))
    return {name: statistics.median(each) for name, each in figures.items()}


def show(title: str, found: dict[str, float]) -> None:
    """Print rows a second, and the ratio to the first."""
    print(f"\n{title}\n\n| | rows a CPU second | to the first |\n|---|---|---|")
    first = next(iter(found.values()))
    for name, speed in found.items():
        print(f"| {name} | {speed:,.0f} | {speed / first:.2f} |", flush=True)


def tabular(repeats: int) -> None:
    """1,000,000 x 30, MLP 64-64."""
    network, rows = MLP(hidden=[64, 64], dropout=0), table(1_000_000)
    for batch_size in (256, 1024, 8192):
        params = Train(network=network, batch_size=batch_size, epochs=1000)
        runs = {"floor": floor(network, rows, params), "slipway": ours(network, rows, params, Policy())}
        if batch_size == 1024:
            few = Rows(rows.features[:200_000], rows.targets[:200_000])
            runs["DataLoader"] = data_loader(network, few, params)
            runs["Lightning, DataLoader"] = lightning(network, few, params)
        show(f"tabular, batches of {batch_size}", speeds(runs, repeats))


def images(repeats: int) -> None:
    """28 x 28, LeNet-5, in each configuration that a CPU may like."""
    network, rows = LeNet5(name="lenet5"), pictures(4096)
    for options in ({}, {"channels_last": True}, {"precision": "bf16", "channels_last": True}):
        params = Train(network=network, batch_size=256, epochs=1000, **options)
        runs = {"floor": floor(network, rows, params), "slipway": ours(network, rows, params, Policy())}
        if not options:
            runs["DataLoader"] = data_loader(network, rows, params)
        show(f"images, LeNet-5, batches of 256, {options or 'fp32'}", speeds(runs, repeats))


def augmentation(repeats: int) -> None:
    """What the policy costs of a step: the CNN of the product fashion, LeNet-5, and the MLP of a table."""
    everything = Policy(flip=True, shift_pixels=2, rotate_degrees=10, noise=0.05)
    cases = {
        "LeNet-5, 28 x 28, flip, shift, rotate, noise": (LeNet5(name="lenet5"), pictures(4096), everything),
        "CNN 32-64, 28 x 28, flip, shift, rotate, noise": (CNN(), pictures(4096), everything),
        "MLP 64-64, 30 columns, noise": (MLP(dropout=0), table(400_000), Policy(noise=0.05)),
    }
    for title, (network, rows, policy) in cases.items():
        params = Train(network=network, batch_size=256, epochs=1000)
        runs = {"plain": ours(network, rows, params, Policy()), "augmented": ours(network, rows, params, policy)}
        show(title, speeds(runs, repeats))


def checkpoints(repeats: int) -> None:
    """What a checkpoint costs, as a share of the 30 seconds between two."""
    network, rows = LeNet5(name="lenet5"), pictures(512)
    with tempfile.TemporaryDirectory() as folder:
        params = Train(network=network, batch_size=256, epochs=1000, checkpoint_seconds=0)
        plain = ours(network, rows, params, Policy())
        written = ours(network, rows, params, Policy(), Checkpoint(Path(folder), "0" * 64))
        seconds = {"plain": [], "written": []}
        for _ in range(repeats + 1):
            for name, run in (("plain", plain), ("written", written)):
                start = time.monotonic()
                run()
                seconds[name].append(time.monotonic() - start)
        each = (statistics.median(seconds["written"]) - statistics.median(seconds["plain"])) / 2
    print(f"\na checkpoint of LeNet-5 takes {1000 * each:.0f} ms: {each / 30:.2%} of 30 s")


PARTS = {"tabular": tabular, "images": images, "augmentation": augmentation, "checkpoints": checkpoints}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=5)
    words = parser.parse_args()
    keep_freed_memory()
    with repeatable(1, 1):
        torch.use_deterministic_algorithms(False)
        for name in words.only:
            PARTS[name](words.repeats)


if __name__ == "__main__":
    main()
