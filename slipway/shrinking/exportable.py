"""Find out before the training whether a product's own network can be exported, and answers there as it does here."""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

from slipway.errors import ParamsError
from slipway.networks.building import Architecture
from slipway.networks.trying import some_rows
from slipway.shrinking.export import export_network
from slipway.shrinking.running import session

ROWS = 3
"""Other than the two that the exporter sees: a batch size that was taken for a constant shows."""

TOLERANCE = 1e-3
MAX_SHOWN = 300


def require_exportable(network: nn.Module, architecture: Architecture) -> None:
    """Export a copy to ONNX, and compare its answers.

    Raises:
        ParamsError: The exporter refuses it, or what it gives does not run or answers differently.
    """
    copied, x = deepcopy(network).eval(), some_rows(architecture, ROWS)
    try:
        model = export_network(copied, architecture.inputs, vocabulary=architecture.vocabulary)
        (found,) = session(model.SerializeToString()).run(None, {"features": x.numpy()})
    except Exception as error:
        raise ParamsError(
            f"train.network cannot be exported to ONNX, so it could be trained, but not served: {_reason(error)}\n"
            "Branches and loops in forward must not depend on a tensor's values or on the number of rows."
        ) from error
    with torch.inference_mode():
        wanted = copied(x).numpy()
    if found.shape != wanted.shape or not np.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE):
        raise ParamsError(
            "train.network answers differently once it is exported to ONNX: does forward depend on the number of rows, "
            "on random numbers in evaluation, or on state that is no parameter or buffer?"
        )


def _reason(error: BaseException) -> str:
    """Return in one line what the exporter stumbled over; its own message is about itself."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:MAX_SHOWN]}{'...' if len(said) > MAX_SHOWN else ''}"
