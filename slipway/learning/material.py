"""What a network is trained on and built from: the rows that stages wrote, as features and targets, and their shape."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from torch import nn

from slipway.files import sha256_of
from slipway.learning.rows import Batch, JointTargets, Known, Rows, Source, Targets, known_of
from slipway.learning.starting import FRESH, Started, begin
from slipway.learning.streaming import Streamed
from slipway.networks.building import Architecture, Joint, Regressor, build
from slipway.networks.initialising import initialise
from slipway.networks.own import code_sha256
from slipway.networks.trying import require_sound
from slipway.product.networks import Network, Own
from slipway.product.train import Train
from slipway.tables.groups import group_rows_of
from slipway.tables.heads import heads_of, joint_heads
from slipway.tables.schema import Schema, read_schema
from slipway.tables.targets import all_targets, targets
from slipway.transform.applying import features
from slipway.transform.fitted import Transform, read_transform

logger = logging.getLogger("slipway")

FEATURE_BYTES, TOKEN_BYTES, TARGET_BYTES = 4, 8, 8
TARGETS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Material:
    """What augment and privatize leave for training.

    Attributes:
        train_table: The rows that are learned from.
        validation_table: The rows that say when to stop.
        schema: Of both.
        transform: From their columns to features.
        code: The product's folder code/, for a network of its own.
    """

    train_table: Path
    validation_table: Path
    schema: Schema
    transform: Transform
    code: Path | None = None

    @classmethod
    def of(cls, augment: Path, privatize: Path, code: Path | None = None) -> "Material":
        """Look at the folders of the two stages."""
        tables = (augment / "train.parquet", privatize / "validation.parquet")
        return cls(*tables, read_schema(privatize), read_transform(privatize), code)

    def train(self, params: Train, device: torch.device) -> Source:
        """Return the training rows on the device, or streamed to it."""
        return training_rows(self.train_table, self.schema, self.transform, params, device)

    def validation(self) -> Rows:
        """Return the validation rows."""
        return read_rows(self.validation_table, self.schema, self.transform)

    def architecture(self, network: Network) -> Architecture:
        """Return what builds this network for these rows.

        Raises:
            ParamsError: It is the product's own, and its file is not there.
        """
        return Architecture(
            network=network,
            inputs=self.transform.feature_shape,
            vocabulary=self.transform.vocabulary,
            outputs=sum(head.width for head in heads_of(self.schema.targets)),
            task=self.schema.product.task,
            heads={head.name: head.width for head in joint_heads(self.schema.targets)},
            code_sha256=code_sha256(self.code, network) if isinstance(network, Own) else None,
        )


def hashes_of_sources(augment: Path, privatize: Path, network: Network, code: Path | None) -> list[str]:
    """Return the hashes of all that a network is learned from: rows, their transform, and a product's own code.

    A checkpoint or a search that was begun with others is not gone on with.

    Raises:
        ParamsError: The network is the product's own, and its file is not there.
    """
    read = [
        augment / "train.parquet",
        *(privatize / name for name in ("validation.parquet", "transform.json", "schema.json")),
    ]
    own = [code_sha256(code, network)] if isinstance(network, Own) else []
    return [*map(sha256_of, read), *own]


def prepared(material: Material, params: Train, known: Known) -> tuple[nn.Module, Started]:
    """Build the network with the weights that it starts with, and say which of them another training left.

    Raises:
        ParamsError: The network, or what it shall start from, does not suit the rows.
        DataError: The file that it shall start from is not there, or another.
    """
    architecture = material.architecture(params.network)
    network = build(architecture, material.code)
    if isinstance(params.network, Own) and material.code is not None:
        require_sound(network, architecture, material.code / params.network.file)
    initialise(network, params.init)
    started = FRESH if params.start is None else begin(network, params.start)
    if isinstance(network, Regressor):
        assert isinstance(known, Targets), "a regression has one target"
        network.center.copy_(known.center)
        network.scale.copy_(known.scale)
    elif isinstance(network, Joint):
        assert isinstance(known, JointTargets), "a network of several heads has as many targets"
        center_on(network, known)
    if params.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # its types leave this out
    return network, started


def training_rows(table: Path, schema: Schema, transform: Transform, params: Train, device: torch.device) -> Source:
    """Hold the rows on the device, or stream them from the table where they take more than the section allows."""
    scanned = pl.scan_parquet(table)
    num_rows = int(scanned.select(pl.len()).collect().item())
    row_bytes = (FEATURE_BYTES if transform.tokens is None else TOKEN_BYTES) * math.prod(transform.feature_shape)
    if num_rows * row_bytes <= params.max_resident_gib * 2**30:
        return read_rows(table, schema, transform).to(device, channels_last=params.channels_last)

    def read(start: int, count: int) -> Batch:
        return as_tensors(scanned.slice(start, count).collect(), schema, transform)

    schema.require_target()
    wanted = scanned.select(list(schema.targets))
    parts = (wanted.slice(start, TARGETS_AT_ONCE).collect() for start in range(0, num_rows, TARGETS_AT_ONCE))
    logger.info("%s has %s rows: they are streamed", table, f"{num_rows:,}")
    return Streamed(
        read,
        num_rows,
        known_of((as_targets(part, schema) for part in parts), joint_heads(schema.targets)).to(device),
        group_rows=group_rows_of(table),
        buffer_rows=int(params.shuffle_buffer_gib * 2**30 / (row_bytes + TARGET_BYTES)),
        device=device,
        channels_last=params.channels_last,
    )


def read_rows(table: Path, schema: Schema, transform: Transform) -> Rows:
    """Read a table of cleaned rows as features and targets."""
    return Rows(*as_tensors(pl.read_parquet(table), schema, transform), joint_heads(schema.targets))


def as_tensors(frame: pl.DataFrame, schema: Schema, transform: Transform) -> Batch:
    """Turn cleaned rows into features and targets, on the CPU."""
    return torch.from_numpy(features(frame, transform)), as_targets(frame, schema)


def as_targets(frame: pl.DataFrame, schema: Schema) -> torch.Tensor:
    """Return the targets: int64 classes, or float32 values; of several, all side by side."""
    if joint_heads(schema.targets):
        return torch.from_numpy(all_targets(frame, schema))
    wanted = torch.from_numpy(targets(frame, schema).copy())
    return wanted.float() if schema.classes is None else wanted


def center_on(network: Joint, known: JointTargets) -> None:
    """Start the heads of values at their targets' means and spreads."""
    for head, each in known.heads:
        if each.are_values:
            network.center[head.first] = each.center
            network.scale[head.first] = each.scale
