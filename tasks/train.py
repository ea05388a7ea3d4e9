"""Train the network on the augmented rows: `python -m tasks.train AUGMENT PRIVATIZE OUT --params ...`.

The validation rows say when to stop and which weights are kept.
"""

import csv
import hashlib
import logging
import math
from pathlib import Path

import polars as pl
import torch
from torch import nn

from slipway.errors import Diverged
from slipway.files import read_json, sha256_of, whole_folder, write_json, write_text
from slipway.learning.augmenting import augment_batch
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import choose_device, repeatable
from slipway.learning.loop import Epoch, fit
from slipway.learning.rows import Batch, Rows, Source, Targets
from slipway.learning.stepping import ALONE
from slipway.learning.streaming import Streamed
from slipway.learning.team import Team, learn_together
from slipway.learning.trained import save_network
from slipway.networks.building import Architecture, Regressor, build
from slipway.networks.initialising import initialise
from slipway.pictures.samples import sheet
from slipway.product.augment import Policy
from slipway.product.train import Train
from slipway.stage import main
from slipway.tables.schema import GROUP_ROWS, Schema, read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import Transform, read_transform

NO_INFLUENCE = {"checkpoint_seconds"}
"""Parameters that change nothing of what is learned."""

SHOWN_IMAGES, SHOWN_VERSIONS = 10, 3

logger = logging.getLogger("slipway")


def train(augment: Path, privatize: Path, out: Path, params: Train) -> Path:
    """Write model.safetensors, model.json, history.csv, receipt.json, and of images a few as augmented.svg.

    Same rows, parameters and code give the same bytes on the same type of machine, on a CPU. A run that was killed
    goes on from its checkpoint in work/train, and gives them, too.

    Raises:
        ParamsError: The network or the loss does not suit the rows.
        DataError: There are too few rows, a class has none, or there is no such device.
        Diverged: The loss is no number any more; the last good weights are kept as evidence.
    """
    with whole_folder(out) as folder:
        mark = fingerprint(augment, privatize, params, choose_device(params.device))
        checkpoint = Checkpoint(out.parent / "work" / out.name, mark)
        for path in checkpoint.others():
            logger.warning("%s is of other rows or parameters: it is left as it is", path)
        arguments = (augment, privatize, folder, params, checkpoint)
        if params.processes == 1:
            learn(*arguments)
        else:
            learn_together(learn, arguments, folder, processes=params.processes)
        write_json(folder / "receipt.json", receipt(read_json(privatize / "receipt.json")))
    checkpoint.remove()
    return out


def learn(
    augment: Path, privatize: Path, folder: Path, params: Train, checkpoint: Checkpoint, *, team: Team = ALONE
) -> None:
    """Train the network and write it into `folder`; one of several processes, of which the first writes.

    Raises:
        Diverged: As above, once the last good weights are in `folder`.
    """
    schema, transform = read_schema(privatize), read_transform(privatize)
    seed, policy = schema.product.seed, Policy.model_validate(read_json(augment / "policy.json"))
    device = choose_device(params.device, team.rank)
    rows = training_rows(augment / "train.parquet", schema, transform, params, device)
    validation = read_rows(privatize / "validation.parquet", schema, transform)
    architecture = Architecture(
        network=params.network,
        inputs=transform.feature_shape,
        vocabulary=transform.vocabulary,
        outputs=len(schema.classes) if schema.classes else 1,
        task=schema.product.task,
    )
    with repeatable(seed, params.threads):
        network = prepared(architecture, params, rows.known).to(device)
        torch.manual_seed(seed + team.rank)  # equal weights, each process its own dropout
        held = validation.to(device, channels_last=params.channels_last)
        try:
            history = fit(network, rows, held, params, policy, seed=seed, checkpoint=checkpoint, team=team)
        except Diverged:
            if team.is_first:
                save_network(network, architecture, folder)
                checkpoint.remove()
            raise
    if team.is_first:
        save_network(network, architecture, folder)
        if policy.asked and transform.image is not None:
            few = rows.first(SHOWN_IMAGES)
            write_text(folder / "augmented.svg", augmented_sheet(few, policy, seed=seed))
        write_history(history, folder / "history.csv", schema)


def fingerprint(augment: Path, privatize: Path, params: Train, device: torch.device) -> str:
    """Return what a checkpoint must have been made of to be gone on from: parameters, rows, device and torch."""
    read = [
        *(augment / name for name in ("train.parquet", "policy.json")),
        *(privatize / name for name in ("validation.parquet", "transform.json", "schema.json")),
    ]
    parts = [params.model_dump_json(exclude=NO_INFLUENCE), device.type, torch.__version__, *map(sha256_of, read)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def prepared(architecture: Architecture, params: Train, known: Targets) -> nn.Module:
    """Build the network with the weights that it starts with."""
    network = build(architecture)
    initialise(network, params.init)
    if isinstance(network, Regressor):
        center_on(network, known)
    if params.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # its types leave this out
    return network


def training_rows(table: Path, schema: Schema, transform: Transform, params: Train, device: torch.device) -> Source:
    """Hold the rows on the device, or stream them from the table where they take more than the section allows."""
    scanned = pl.scan_parquet(table)
    num_rows = int(scanned.select(pl.len()).collect().item())
    if num_rows * 4 * math.prod(transform.feature_shape) <= params.max_resident_gib * 2**30:
        return read_rows(table, schema, transform).to(device, channels_last=params.channels_last)

    def read(start: int, count: int) -> Batch:
        return as_tensors(scanned.slice(start, count).collect(), schema, transform)

    wanted = scanned.select(schema.require_target()).collect(engine="streaming")
    logger.info("%s has %s rows: they are streamed", table, f"{num_rows:,}")
    return Streamed(
        read,
        num_rows,
        Targets.of(as_targets(wanted, schema)).to(device),
        group_rows=GROUP_ROWS,
        buffer_rows=params.shuffle_buffer_rows,
        device=device,
        channels_last=params.channels_last,
    )


def read_rows(table: Path, schema: Schema, transform: Transform) -> Rows:
    """Read a table of cleaned rows as features and targets."""
    return Rows(*as_tensors(pl.read_parquet(table), schema, transform))


def as_tensors(frame: pl.DataFrame, schema: Schema, transform: Transform) -> Batch:
    """Turn cleaned rows into features and targets, on the CPU."""
    return torch.from_numpy(features(frame, transform)), as_targets(frame, schema)


def as_targets(frame: pl.DataFrame, schema: Schema) -> torch.Tensor:
    """Return the targets: int64 classes, or float32 values."""
    wanted = torch.from_numpy(targets(frame, schema).copy())
    return wanted.float() if schema.classes is None else wanted


def center_on(network: Regressor, known: Targets) -> None:
    """Start a regression at the target's mean and spread, so that its body learns numbers near one."""
    assert known.mean is not None
    assert known.variance is not None
    network.center.copy_(known.mean)
    network.scale.copy_(known.variance.sqrt() if known.variance > 0 else torch.ones(()))


def augmented_sheet(images: torch.Tensor, policy: Policy, *, seed: int) -> str:
    """Draw images [N, C, H, W] as they are, and as the policy changes them."""
    few = images.cpu()
    generator = torch.Generator().manual_seed(seed)
    drawn = [augment_batch(few, policy, generator) for _ in range(SHOWN_VERSIONS)]
    return sheet(torch.stack([few, *drawn]).numpy(), ["as it is", *["augmented"] * SHOWN_VERSIONS])


def write_history(history: list[Epoch], path: Path, schema: Schema) -> None:
    """Write one line for each epoch."""
    metric = "validation_rmse" if schema.classes is None else "validation_accuracy"
    with path.open("w", newline="\n") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train_loss", "validation_loss", metric, "lr"])
        for row in history:
            numbers = (row.train_loss, row.validation_loss, row.validation_metric, row.lr)
            writer.writerow([row.epoch, *(f"{number:.8g}" for number in numbers)])


def receipt(released: dict[str, object]) -> dict[str, object]:
    """Say what training took from the private rows; it reads only what privatize released."""
    if released["mechanism"] == "none":
        return {"private": False, "why": "privatize.mechanism is none: the network learned from plain rows"}
    return {
        "private": True,
        "epsilon": 0.0,
        "delta": 0.0,
        "why": "post-processing: training, early stopping and the choice of the best weights read only released rows",
    }


if __name__ == "__main__":
    main(train)
