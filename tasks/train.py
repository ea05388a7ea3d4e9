"""Train the network on the augmented rows: `python -m tasks.train AUGMENT PRIVATIZE OUT --params ...`.

The validation rows say when to stop and which weights are kept.
"""

import csv
import hashlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from slipway.errors import Diverged, ParamsError
from slipway.files import read_json, sha256_of, whole_folder, write_json, write_text
from slipway.learning.augmenting import augment_batch
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import choose_device, keep_freed_memory, repeatable
from slipway.learning.events import series_of, written_events
from slipway.learning.loop import Epoch, fit
from slipway.learning.material import Material, hashes_of_sources, prepared
from slipway.learning.progress import Progress
from slipway.learning.rows import Rows, Source, sizes
from slipway.learning.sharding import gathered
from slipway.learning.starting import Started
from slipway.learning.stepping import ALONE
from slipway.learning.team import Team, learn_together
from slipway.learning.trained import save_network
from slipway.networks.building import Architecture, Ensemble
from slipway.pictures.samples import sheet
from slipway.product.augment import BEFORE, Policy
from slipway.product.networks import Own
from slipway.product.start import Start
from slipway.product.train import NO_INFLUENCE, Train
from slipway.stage import main
from slipway.tables.schema import Schema

SHOWN_IMAGES, SHOWN_VERSIONS = 10, 3
SEEDS_APART = 1_000
"""From one network of an ensemble to the next: each process of one adds its number."""

logger = logging.getLogger("slipway")


def train(
    augment: Path, privatize: Path, out: Path, params: Train, *, code: Path | None = None, tensorboard: bool = False
) -> Path:
    """Write model.safetensors, model.json, history.csv, receipt.json, and of images a few as augmented.svg.

    Same rows, parameters and code give the same bytes on the same type of machine, on a CPU. A run that was killed
    goes on from its checkpoint in work/train, and gives them, too. With --tensorboard it writes events beside it.
    `code` holds a network of the product's own. Where augment reweighed rows, before/ holds the same network trained
    without that.

    Raises:
        ParamsError: The network or the loss does not suit the rows.
        DataError: There are too few rows, a class has none, or there is no such device.
        Diverged: The loss is no number any more; the last good weights are kept as evidence.
        SlipwayError: Events are wanted, and TensorBoard is not installed.
    """
    with whole_folder(out) as folder:
        work = out.parent / "work" / out.name
        checkpoints = [learn_whole(augment, privatize, folder, work, params, code, tensorboard=tensorboard)]
        if (augment / BEFORE).is_dir():
            logger.info("the network is trained once more, on rows that are not reweighed: evaluate compares the two")
            before = folder / BEFORE
            before.mkdir()
            checkpoints.append(learn_whole(augment / BEFORE, privatize, before, work / BEFORE, params, code))
            shutil.copyfile(augment / BEFORE / "mitigation.json", before / "mitigation.json")
    for checkpoint in checkpoints:
        checkpoint.remove()
    return out


def learn_whole(
    augment: Path,
    privatize: Path,
    folder: Path,
    work: Path,
    params: Train,
    code: Path | None,
    *,
    tensorboard: bool = False,
) -> Checkpoint:
    """Train the network, in as many processes as asked for, and write it into `folder`.

    Args:
        augment: What it learns from.
        privatize: The validation rows, and how rows are prepared.
        folder: Where the network goes.
        work: Where its checkpoints lie.
        params: The section.
        code: The product's own code.
        tensorboard: Whether events are written beside the checkpoints.

    Returns:
        Its checkpoint, to be removed once all is done.
    """
    mark = fingerprint(augment, privatize, params, choose_device(params.device), code)
    checkpoint = Checkpoint(work, mark)
    for path in checkpoint.others():
        logger.warning("%s is of other rows or parameters: it is not gone on from; delete it if nobody wants it", path)
    series = [series_of(checkpoint.of(member)) for member in range(params.ensemble)] if tensorboard else []
    arguments = (augment, privatize, folder, params, checkpoint, code, series)
    if params.processes == 1:
        learn(*arguments)
    else:
        learn_together(learn, arguments, folder, processes=params.processes)
    return checkpoint


def learn(
    augment: Path,
    privatize: Path,
    folder: Path,
    params: Train,
    checkpoint: Checkpoint,
    code: Path | None = None,
    series: Sequence[Path] = (),
    *,
    team: Team = ALONE,
) -> None:
    """Train the network and write it into `folder`; one of several processes, of which the first writes.

    Where `series` holds a folder for each network, the first writes events for TensorBoard there, too.

    Raises:
        Diverged: As above, once the last good weights are in `folder`.
    """
    keep_freed_memory()
    team = replace(team, parts_weights=params.fsdp)
    material = Material.of(augment, privatize, code)
    schema, transform, seed = material.schema, material.transform, material.schema.product.seed
    policy = Policy.model_validate(read_json(augment / "policy.json"))
    architecture, device = material.architecture(params.network), choose_device(params.device, team.rank)
    if params.ensemble > 1 and architecture.heads:
        raise ParamsError("train.ensemble is for one target of classes or values: leave it out for several, or labels")
    rows, held = material.train(params, device), material.validation().to(device, channels_last=params.channels_last)
    members = []
    for member in range(params.ensemble):
        if params.ensemble > 1 and team.is_first:
            logger.info("network %d of %d", member + 1, params.ensemble)
        events = series[member] if series and team.is_first else None
        members.append(learn_member(material, rows, held, folder, params, policy, checkpoint.of(member), events, team))
    if team.is_first:
        save_model([each.network for each in members], architecture, folder)
        if policy.changes_images and transform.image is not None:
            few = rows.first(SHOWN_IMAGES)
            write_text(folder / "augmented.svg", augmented_sheet(few, policy, seed=seed))
        write_history([each.history for each in members], folder / "history.csv", schema)
        said = receipt(read_json(privatize / "receipt.json"), params.start, members[0].started)
        write_json(folder / "receipt.json", said)


@dataclass(frozen=True)
class Member:
    """A trained network, the epochs that made it, and what it began with; every member begins with the same."""

    network: nn.Module
    history: list[Epoch]
    started: Started


def learn_member(
    material: Material,
    rows: Source,
    held: Rows,
    folder: Path,
    params: Train,
    policy: Policy,
    checkpoint: Checkpoint,
    series: Path | None,
    team: Team,
) -> Member:
    """Train one network, the only one or one of an ensemble, from the seed of its number."""
    seed = material.schema.product.seed + SEEDS_APART * checkpoint.member
    with repeatable(seed, params.threads, rows.device):
        network, started = prepared(material, params, rows.known)
        architecture = material.architecture(params.network)
        if isinstance(params.network, Own) and team.is_first and not checkpoint.member:
            from slipway.shrinking.exportable import require_exportable  # onnxruntime is loaded for these alone

            require_exportable(network, architecture)
        if not team.parts_weights:  # each process moves its part
            network.to(rows.device)
        torch.manual_seed(seed + team.rank)  # equal weights, each process its own dropout
        num_batches = len(sizes(len(rows), params.batch_size))
        try:
            with written_events(series, params, num_batches=num_batches, metric=metric_name(material.schema)) as events:
                history = fit(
                    network,
                    rows,
                    held,
                    params,
                    policy,
                    seed=seed,
                    checkpoint=checkpoint,
                    team=team,
                    started=started,
                    watch=events.tell_epoch if events else None,
                    progress=Progress(len(rows), events.tell_moment if events else None),
                )
        except Diverged:
            left = gathered(network, architecture, material.code) if team.parts_weights else network
            if team.is_first:
                save_network(left, architecture, folder)
                checkpoint.remove()
            team.wait()  # or the agent would end the first process while it writes
            raise
        trained = gathered(network, architecture, material.code) if team.parts_weights else network
    return Member(trained, history, started)


def save_model(networks: list[nn.Module], architecture: Architecture, folder: Path) -> None:
    """Write the one network, or the ensemble of all, as one model."""
    if len(networks) == 1:
        save_network(networks[0], architecture, folder)
        return
    ensemble = Ensemble(networks, of_values=architecture.task == "regression")
    save_network(ensemble, architecture.model_copy(update={"members": len(networks)}), folder)


def fingerprint(augment: Path, privatize: Path, params: Train, device: torch.device, code: Path | None = None) -> str:
    """Return what a checkpoint must have been made of to be gone on from: parameters, rows, device, torch, own code."""
    parts = [params.model_dump_json(exclude=NO_INFLUENCE), device.type, torch.__version__]
    read = [sha256_of(augment / "policy.json"), *hashes_of_sources(augment, privatize, params.network, code)]
    return hashlib.sha256("\n".join([*parts, *read]).encode()).hexdigest()


def augmented_sheet(images: torch.Tensor, policy: Policy, *, seed: int) -> str:
    """Draw images [N, C, H, W] as they are, and as the policy changes them."""
    few = images.cpu()
    generator = torch.Generator().manual_seed(seed)
    drawn = [augment_batch(few, policy, generator) for _ in range(SHOWN_VERSIONS)]
    return sheet(torch.stack([few, *drawn]).numpy(), ["as it is", *["augmented"] * SHOWN_VERSIONS])


def metric_name(schema: Schema) -> str:
    """Return what `Epoch.validation_metric` is."""
    return "rmse" if schema.classes is None else "accuracy"


def write_history(histories: list[list[Epoch]], path: Path, schema: Schema) -> None:
    """Write one line for each epoch; of an ensemble a first column, `member`, keeps its networks apart, from 1."""
    columns = ["epoch", "train_loss", "validation_loss", f"validation_{metric_name(schema)}", "lr"]
    is_ensemble = len(histories) > 1
    with path.open("w", newline="\n") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(["member"] if is_ensemble else []), *columns])
        for member, history in enumerate(histories, start=1):
            for row in history:
                numbers = (row.train_loss, row.validation_loss, row.validation_metric, row.lr)
                first = [member, row.epoch] if is_ensemble else [row.epoch]
                writer.writerow([*first, *(f"{number:.8g}" for number in numbers)])


def receipt(released: dict[str, object], start: Start | None, started: Started) -> dict[str, object]:
    """Say what training took from the private rows, and from another training; it reads no other rows than released."""
    why = "post-processing: training, early stopping and the choice of the best weights read only released rows"
    said: dict[str, object] = {"private": True, "epsilon": 0.0, "delta": 0.0, "why": why}
    if released["mechanism"] == "none":
        said = {"private": False, "why": "privatize.mechanism is none: the network learned from plain rows"}
    if start is None:
        return said
    if said["private"]:
        said["does_not_cover"] = [f"the rows that the weights of {start.file} learned from"]
    return {
        **said,
        "start": {"file": start.file, "sha256": start.sha256, "taken": started.taken, "fresh": started.fresh},
    }


if __name__ == "__main__":
    main(train)
