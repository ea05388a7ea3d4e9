"""Look at a network as it stands: do its answers suit the targets, and how good are they on rows it does not learn."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from slipway.errors import DataError, ParamsError
from slipway.learning.losses import AnyLoss
from slipway.learning.rows import JointTargets, Known, Rows, Targets
from slipway.transform.applying import rows_at_once


def require_outputs(network: nn.Module, x: Tensor, known: Known) -> None:
    """Refuse a network whose answers do not suit the targets: a forward pass over two rows shows it.

    Raises:
        ParamsError: The outputs have another shape than the targets need.
        DataError: A class has no training rows.
    """
    network.eval()
    with torch.no_grad():  # in inference mode weights of FSDP would be put together as what can never learn
        shape = tuple(network(x).shape)
    if isinstance(known, JointTargets):
        width = sum(head.width for head, _ in known.heads)
        if shape != (2, width):
            needed = f"(2, {width})"
            raise ParamsError(f"train.network gives outputs of shape {shape} for two rows, and targets need {needed}")
        for head, each in known.heads:
            _require_classes(each, head.width, f" of '{head.name}'")
        return
    if known.counts is None:
        if shape != (2,):
            raise ParamsError(f"train.network gives outputs of shape {shape} for two rows, and values need (2,)")
        return
    if len(shape) != 2 or shape[1] < len(known.counts):
        needed = f"(2, {len(known.counts)})"
        raise ParamsError(f"train.network gives outputs of shape {shape} for two rows, and the classes need {needed}")
    _require_classes(known, shape[1])


def _require_classes(known: Targets, num_classes: int, of: str = "") -> None:
    if known.counts is None:
        return
    absent = [*(known.counts == 0).nonzero().flatten().tolist(), *range(len(known.counts), num_classes)]
    if absent:
        numbers = ", ".join(map(str, absent))
        raise DataError(
            f"no training row is of class number {numbers}{of} (from 0, in the order of product.classes): a network "
            "cannot learn it. Remove it from product.classes, stratify preprocess.split, or bring more rows."
        )


def assess(network: nn.Module, rows: Rows, loss_of: AnyLoss) -> tuple[float, float]:
    """Return the loss, and accuracy (of labels, all of a row right) or RMSE of the main target, over all rows."""
    network.eval()
    with torch.no_grad():
        at_once = rows_at_once(None if rows.features.is_floating_point() else rows.features.shape[1])
        outputs = torch.cat([network(part) for part in rows.features.split(at_once)])
        loss = loss_of.mean(outputs, rows.targets).item()
        wanted = rows.targets
        if rows.heads:
            main = rows.heads[0]
            outputs = main.of(outputs)
            if main.has_labels:
                return loss, ((outputs > 0) == (wanted[:, main.columns] > 0.5)).all(1).float().mean().item()
            wanted = wanted[:, 0]
        if rows.has_values:
            return loss, functional.mse_loss(outputs, wanted).sqrt().item()
        return loss, (outputs.argmax(1) == wanted).float().mean().item()
