"""Small problems that can be learned in a second, and networks for them."""

from pathlib import Path

import torch

from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import repeatable
from slipway.learning.loop import Epoch, fit
from slipway.learning.rows import Rows
from slipway.learning.starting import FRESH, Started
from slipway.learning.stepping import ALONE
from slipway.learning.team import Team
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.networks import MLP
from slipway.product.train import Train

QUICK = Train(epochs=40, patience=40, batch_size=16, lr=0.05, weight_decay=0)


def xor(num_rows: int = 200) -> Rows:
    """Two classes that no line parts."""
    x = torch.rand(num_rows, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Rows(x, (x[:, 0] * x[:, 1] > 0).long())


def network(outputs: int = 2, task: str = "classification", hidden: int = 16, dropout: float = 0) -> torch.nn.Module:
    """One hidden layer."""
    architecture = Architecture(network=MLP(hidden=[hidden], dropout=dropout), inputs=(2,), outputs=outputs, task=task)
    return build(architecture)


def learned(
    params: Train = QUICK,
    seed: int = 1,
    *,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    dropout: float = 0,
    folder: Path | None = None,
    stop_at: int | None = None,
    started: Started = FRESH,
    team: Team = ALONE,
) -> tuple[torch.nn.Module, list[Epoch]]:
    """Learn xor; with `folder` from and to a checkpoint, with `stop_at` killed before that many training batches."""
    checkpoint = None if folder is None else Checkpoint(folder, "0" * 64)
    with repeatable(seed, 1):
        net, seen = network(dropout=dropout), 0

        def count(*_: object) -> None:
            nonlocal seen
            seen += net.training
            if seen == stop_at:
                raise KeyboardInterrupt

        net.register_forward_pre_hook(count)
        return net, fit(
            net, xor(), xor(50), params, policy, seed=seed, checkpoint=checkpoint, started=started, team=team
        )
