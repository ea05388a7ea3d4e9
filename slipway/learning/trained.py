"""A trained model on disk: weights as safetensors, and the JSON that rebuilds the network for them."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from slipway.files import read_json, write_text
from slipway.networks.building import Architecture, build
from slipway.transform.applying import rows_at_once


def save_network(network: nn.Module, architecture: Architecture, folder: Path) -> None:
    """Write model.safetensors and model.json."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    write_text(folder / "model.json", architecture.model_dump_json(indent=1) + "\n")


def load_network(folder: Path, code: Path | None = None) -> nn.Module:
    """Rebuild the network on the CPU, in evaluation mode.

    No code is run but that of this repository: a product's own network is made by the file in its folder `code`, and
    only if it is the one that was trained.

    Raises:
        DataError: It is another one.
    """
    network = build(Architecture.model_validate(read_json(folder / "model.json")), code)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    return network.eval()


def scores(network: nn.Module, features: npt.NDArray[Any], *, chunk_rows: int | None = None) -> npt.NDArray[np.float32]:
    """Run the network over all rows: logits [N, classes], or values [N] in the target's natural units.

    No rows are one empty batch.
    """
    network.eval()
    if chunk_rows is None:
        chunk_rows = rows_at_once(None if np.issubdtype(features.dtype, np.floating) else features.shape[1])
    with torch.inference_mode():
        starts = range(0, max(len(features), 1), chunk_rows)
        chunks = [network(torch.from_numpy(features[start : start + chunk_rows])) for start in starts]
    return torch.cat(chunks).numpy()
