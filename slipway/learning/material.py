"""What a network is trained on and built from: the rows that stages wrote, as features and targets, and their shape."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from torch import nn

from slipway.learning.rows import Rows
from slipway.networks.building import Architecture, Regressor, build
from slipway.networks.initialising import initialise
from slipway.product.networks import Network
from slipway.product.train import Train
from slipway.tables.schema import Schema, read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import Transform, read_transform


@dataclass(frozen=True)
class Material:
    """What augment and privatize leave for training, on the CPU."""

    schema: Schema
    transform: Transform
    train: Rows
    validation: Rows

    def architecture(self, network: Network) -> Architecture:
        """Return what builds this network for these rows."""
        return Architecture(
            network=network,
            inputs=self.transform.feature_shape,
            outputs=len(self.schema.classes) if self.schema.classes else 1,
            task=self.schema.product.task,
        )


def read_material(augment: Path, privatize: Path) -> Material:
    """Read both tables of rows."""
    schema, transform = read_schema(privatize), read_transform(privatize)
    tables = (augment / "train.parquet", privatize / "validation.parquet")
    return Material(schema, transform, *(read_rows(table, schema, transform) for table in tables))


def read_rows(table: Path, schema: Schema, transform: Transform) -> Rows:
    """Read a table of cleaned rows as features and targets."""
    frame = pl.read_parquet(table)
    wanted = torch.from_numpy(targets(frame, schema).copy())
    return Rows(torch.from_numpy(features(frame, transform)), wanted.float() if schema.classes is None else wanted)


def prepared(architecture: Architecture, params: Train, wanted: torch.Tensor) -> nn.Module:
    """Build the network with the weights that it starts with."""
    network = build(architecture)
    initialise(network, params.init)
    if isinstance(network, Regressor):
        center_on(network, wanted)
    if params.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # its types leave this out
    return network


def center_on(network: Regressor, values: torch.Tensor) -> None:
    """Start a regression at the target's mean and spread, so that its body learns numbers near one."""
    values = values.cpu()
    spread = values.std(correction=0)
    network.center.copy_(values.mean())
    network.scale.copy_(spread if spread > 0 else torch.ones(()))
