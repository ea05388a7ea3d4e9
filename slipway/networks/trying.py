"""Try a product's own network on two rows, before hours of training show what is wrong with it."""

from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.building import Architecture, body_of
from slipway.networks.own import own_errors

ROW_TOLERANCE = 1e-3
SHOWN = 6


def require_sound(network: nn.Module, architecture: Architecture, file: Path) -> None:
    """Refuse a network whose answers have another shape than needed, or some of whose weights no gradient reaches.

    A copy is tried: batch normalisation would learn from rows that are none.

    Args:
        network: As it was built.
        architecture: What it was built from.
        file: Where its code is, for errors.

    Raises:
        ParamsError: It raises, answers in another shape, not finite, or for a row by its neighbour, or cannot learn.
    """
    body, x = deepcopy(body_of(network)), some_rows(architecture, 2)
    body.eval()
    with torch.inference_mode():
        both, alone = _answers(body, x, architecture, file), _answers(body, x[:1], architecture, file)
    if not both.isfinite().all():
        raise ParamsError("train.network answers numbers that are not finite, with the weights that it is drawn with")
    if not torch.allclose(both[:1], alone, rtol=ROW_TOLERANCE, atol=ROW_TOLERANCE):
        raise ParamsError(
            "train.network answers for a row by the others of its batch, in evaluation too: a served record would get "
            "another answer in other company. Look for operations over dimension 0."
        )
    weights = {name: each for name, each in body.named_parameters() if each.requires_grad}
    if not weights:
        raise ParamsError("train.network has no parameter that requires a gradient: there is nothing to learn")
    body.train()
    answered = _answers(body, x, architecture, file)
    if answered.requires_grad:
        with own_errors("a backward pass", file):
            answered.float().square().sum().backward()
    unreached = [name for name, each in weights.items() if each.grad is None]
    if unreached:
        more = f" and {len(unreached) - SHOWN} more" if len(unreached) > SHOWN else ""
        raise ParamsError(
            f"train.network: no gradient reaches {', '.join(unreached[:SHOWN])}{more}: forward does not use them, or "
            "detaches them. Use them, remove them, or set their requires_grad to False."
        )


def some_rows(architecture: Architecture, num_rows: int) -> Tensor:
    """Draw features of rows that are none: numbers [num_rows, ...], or tokens."""
    generator, shape = torch.Generator().manual_seed(0), (num_rows, *architecture.inputs)
    if architecture.vocabulary is None:
        return torch.randn(shape, generator=generator)
    return torch.randint(1, max(2, architecture.vocabulary), shape, generator=generator)


def _answers(body: nn.Module, x: Tensor, architecture: Architecture, file: Path) -> Tensor:
    with own_errors(f"a forward pass of {list(x.shape)}", file):
        answered = body(x)
    wanted, found = (len(x), architecture.outputs), type(answered).__name__
    if isinstance(answered, Tensor):
        found = f"{answered.dtype} {list(answered.shape)}".removeprefix("torch.")
    if not isinstance(answered, Tensor) or answered.shape != wanted or not answered.is_floating_point():
        raise ParamsError(f"train.network answers {found} to {len(x)} rows, and must answer float32 {list(wanted)}")
    return answered
