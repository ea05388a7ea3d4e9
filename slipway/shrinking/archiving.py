"""compress's archive: a sparse copy of the trained network, packed, and how small and how good it is unpacked."""

import copy
from typing import Any

from torch import nn

from slipway.product.archive import Archiving
from slipway.product.augment import Policy
from slipway.shrinking.archive import decode, encode
from slipway.shrinking.sparsify import sparsify
from slipway.tables.heads import joint_heads
from slipway.tables.schema import Schema
from slipway.transform.applying import Array


def archived(
    network: nn.Module, features: Array, params: Archiving, policy: Policy, *, schema: Schema, about: str
) -> bytes:
    """Thin the network out and pack it.

    Args:
        network: Trained; stays as it is.
        features: Training rows [N, ...], as the network takes them.
        params: How far.
        policy: What training did to each batch.
        schema: Of the rows: what the network's outputs mean, and the seed.
        about: model.json, which is packed with the weights.
    """
    of_classes = schema.classes is not None and not joint_heads(schema.targets)
    thin = sparsify(network, features, params, policy, of_classes=of_classes, seed=schema.product.seed)
    return encode(thin.state_dict(), about)


def restored(network: nn.Module, data: bytes) -> nn.Module:
    """Return a copy of the network with the tensors of the archive."""
    other = copy.deepcopy(network)
    other.load_state_dict(decode(data).tensors)
    return other.eval()


def size_of(data: bytes, network: nn.Module) -> dict[str, Any]:
    """Return how many bytes the archive has, beside all the network's tensors as they are, and what is not zero."""
    fp32_bytes = sum(each.nbytes for each in network.state_dict().values())
    weights = {name: each for name, each in network.named_parameters() if each.ndim > 1}
    return {
        "bytes": len(data),
        "fp32_bytes": fp32_bytes,
        "ratio": round(fp32_bytes / len(data), 2),
        "not_zero": {name: round(each.count_nonzero().item() / each.numel(), 4) for name, each in weights.items()},
    }
