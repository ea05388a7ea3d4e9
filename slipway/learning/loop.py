"""The training loop: tensors resident on the device, one fused optimiser, the best weights kept.

Batches are drawn with `index_select` from tensors that already lie on the device; a DataLoader spends
most of its time collating rows (docs/BENCHMARKS.md).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from slipway.errors import DataError
from slipway.learning.augmenting import augment_batch
from slipway.product.augment import Policy
from slipway.product.train import Train

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Rows:
    """Rows on one device: features [N, ...] float32; targets [N] int64 classes or float32 values."""

    features: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "Rows":
        """Move both tensors."""
        return Rows(self.features.to(device), self.targets.to(device))

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Epoch:
    """One line of history.csv; `validation_metric` is accuracy, or RMSE for a regression."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_metric: float
    lr: float


def fit(network: nn.Module, train: Rows, validation: Rows, params: Train, policy: Policy, *, seed: int) -> list[Epoch]:
    """Train in place until `epochs` or `patience` ends it; the network ends with its best weights.

    Args:
        network: gives logits [B, classes], or values [B] where the targets are floats.
        train: at least two rows.
        validation: decides which weights are best, and when to stop.
        params: the `train` section.
        policy: what is done to each batch.
        seed: of the order of rows, of dropout and of augmentation.

    Raises:
        DataError: there are too few rows, or the loss is no longer finite.
    """
    if len(train) < 2 or len(validation) < 1:
        raise DataError(f"{len(train)} training and {len(validation)} validation rows are too few to learn from")
    device = train.features.device
    generator = torch.Generator(device).manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=params.lr, weight_decay=params.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, params.epochs)
    loss_of = loss_function(network, train, params)
    history: list[Epoch] = []
    best, best_weights, best_epoch = math.inf, _copy(network), 0
    for epoch in range(1, params.epochs + 1):
        lr = float(optimizer.param_groups[0]["lr"])
        train_loss = _run_epoch(network, train, params.batch_size, policy, loss_of, optimizer, generator)
        validation_loss, metric = assess(network, validation, loss_of)
        schedule.step()
        history.append(Epoch(epoch, train_loss, validation_loss, metric, lr))
        if not math.isfinite(train_loss) or not math.isfinite(validation_loss):
            raise DataError(
                f"epoch {epoch} has a training loss of {train_loss} and a validation loss of {validation_loss}: "
                f"lower train.lr (now {params.lr}), or bound the columns in the raw suite"
            )
        if validation_loss < best:
            best, best_weights, best_epoch = validation_loss, _copy(network), epoch
        elif epoch - best_epoch >= params.patience:
            break
    network.load_state_dict(best_weights)
    return history


def loss_function(network: nn.Module, train: Rows, params: Train) -> Loss:
    """Cross-entropy for classes; mean squared error in units of the target's variance for values."""
    if not train.targets.is_floating_point():
        return lambda logits, classes: functional.cross_entropy(
            logits, classes, label_smoothing=params.label_smoothing if network.training else 0.0
        )
    variance = train.targets.var(correction=0).clamp_min(1e-12)
    return lambda values, wanted: functional.mse_loss(values, wanted) / variance


def assess(network: nn.Module, rows: Rows, loss_of: Loss) -> tuple[float, float]:
    """Return the loss, and accuracy (of classes) or RMSE (of values), over all rows."""
    network.eval()
    with torch.inference_mode():
        outputs = torch.cat([network(part) for part in rows.features.split(8192)])
        loss = loss_of(outputs, rows.targets).item()
        if rows.targets.is_floating_point():
            return loss, functional.mse_loss(outputs, rows.targets).sqrt().item()
        return loss, (outputs.argmax(1) == rows.targets).float().mean().item()


def choose_device(wanted: str) -> torch.device:
    """Turn `auto` into a GPU where there is one.

    Raises:
        DataError: a GPU is wanted by name and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise DataError("train.device is cuda, but torch finds no GPU here. Use auto, or install torch's CUDA build.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def repeatable(seed: int, threads: int) -> Iterator[None]:
    """Run a block with torch's global generator seeded and its threads set; both are put back after it."""
    before = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(deterministic)


def _run_epoch(
    network: nn.Module,
    rows: Rows,
    batch_size: int,
    policy: Policy,
    loss_of: Loss,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> float:
    """Take one step for each batch of a new order; return the mean loss of the rows."""
    network.train()
    order = torch.randperm(len(rows), generator=generator, device=rows.targets.device)
    total = torch.zeros((), device=rows.targets.device)
    # Nearly equal parts, so that no batch of one row meets batch normalisation.
    for batch in order.tensor_split(max(1, min(math.ceil(len(rows) / batch_size), len(rows) // 2))):
        x = augment_batch(rows.features.index_select(0, batch), policy, generator)
        loss = loss_of(network(x), rows.targets.index_select(0, batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return (total / len(rows)).item()


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
