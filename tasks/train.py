"""Train the network on the augmented rows: `python -m tasks.train AUGMENT PRIVATIZE OUT --params ...`.

The validation rows say when to stop and which weights are kept.
"""

import csv
import hashlib
import logging
from pathlib import Path

import torch

from slipway.errors import Diverged
from slipway.files import read_json, sha256_of, whole_folder, write_json, write_text
from slipway.learning.augmenting import augment_batch
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.devices import choose_device, keep_freed_memory, repeatable
from slipway.learning.events import series_of, written_events
from slipway.learning.loop import Epoch, fit
from slipway.learning.material import Material, prepared
from slipway.learning.progress import Progress
from slipway.learning.rows import sizes
from slipway.learning.starting import Started
from slipway.learning.stepping import ALONE
from slipway.learning.team import Team, learn_together
from slipway.learning.trained import save_network
from slipway.networks.own import code_sha256
from slipway.pictures.samples import sheet
from slipway.product.augment import Policy
from slipway.product.networks import Own
from slipway.product.start import Start
from slipway.product.train import NO_INFLUENCE, Train
from slipway.stage import main
from slipway.tables.schema import Schema

SHOWN_IMAGES, SHOWN_VERSIONS = 10, 3

logger = logging.getLogger("slipway")


def train(
    augment: Path, privatize: Path, out: Path, params: Train, *, code: Path | None = None, tensorboard: bool = False
) -> Path:
    """Write model.safetensors, model.json, history.csv, receipt.json, and of images a few as augmented.svg.

    Same rows, parameters and code give the same bytes on the same type of machine, on a CPU. A run that was killed
    goes on from its checkpoint in work/train, and gives them, too. With --tensorboard it writes events beside it.
    `code` holds a network of the product's own.

    Raises:
        ParamsError: The network or the loss does not suit the rows.
        DataError: There are too few rows, a class has none, or there is no such device.
        Diverged: The loss is no number any more; the last good weights are kept as evidence.
        SlipwayError: Events are wanted, and TensorBoard is not installed.
    """
    with whole_folder(out) as folder:
        mark = fingerprint(augment, privatize, params, choose_device(params.device), code)
        checkpoint = Checkpoint(out.parent / "work" / out.name, mark)
        for path in checkpoint.others():
            logger.warning(
                "%s is of other rows or parameters: it is not gone on from; delete it if nobody wants it", path
            )
        series = series_of(checkpoint) if tensorboard else None
        arguments = (augment, privatize, folder, params, checkpoint, code, series)
        if params.processes == 1:
            learn(*arguments)
        else:
            learn_together(learn, arguments, folder, processes=params.processes)
    checkpoint.remove()
    return out


def learn(
    augment: Path,
    privatize: Path,
    folder: Path,
    params: Train,
    checkpoint: Checkpoint,
    code: Path | None = None,
    series: Path | None = None,
    *,
    team: Team = ALONE,
) -> None:
    """Train the network and write it into `folder`; one of several processes, of which the first writes.

    Where `series` is a folder, the first writes events for TensorBoard there, too.

    Raises:
        Diverged: As above, once the last good weights are in `folder`.
    """
    keep_freed_memory()
    material = Material.of(augment, privatize, code)
    schema, transform = material.schema, material.transform
    seed, policy = schema.product.seed, Policy.model_validate(read_json(augment / "policy.json"))
    device = choose_device(params.device, team.rank)
    rows, validation = material.train(params, device), material.validation()
    architecture = material.architecture(params.network)
    with repeatable(seed, params.threads, device):
        network, started = prepared(material, params, rows.known)
        if isinstance(params.network, Own) and team.is_first:
            from slipway.shrinking.exportable import require_exportable  # onnxruntime is loaded for these alone

            require_exportable(network, architecture)
        network.to(device)
        torch.manual_seed(seed + team.rank)  # equal weights, each process its own dropout
        held = validation.to(device, channels_last=params.channels_last)
        series, num_batches = series if team.is_first else None, len(sizes(len(rows), params.batch_size))
        try:
            with written_events(series, params, num_batches=num_batches, metric=metric_name(schema)) as events:
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
            if team.is_first:
                save_network(network, architecture, folder)
                checkpoint.remove()
            team.wait()  # or the agent would end the first process while it writes
            raise
    if team.is_first:
        save_network(network, architecture, folder)
        if policy.changes_images and transform.image is not None:
            few = rows.first(SHOWN_IMAGES)
            write_text(folder / "augmented.svg", augmented_sheet(few, policy, seed=seed))
        write_history(history, folder / "history.csv", schema)
        write_json(folder / "receipt.json", receipt(read_json(privatize / "receipt.json"), params.start, started))


def fingerprint(augment: Path, privatize: Path, params: Train, device: torch.device, code: Path | None = None) -> str:
    """Return what a checkpoint must have been made of to be gone on from: parameters, rows, device, torch, own code."""
    read = [
        *(augment / name for name in ("train.parquet", "policy.json")),
        *(privatize / name for name in ("validation.parquet", "transform.json", "schema.json")),
    ]
    parts = [params.model_dump_json(exclude=NO_INFLUENCE), device.type, torch.__version__, *map(sha256_of, read)]
    if isinstance(params.network, Own):
        parts.append(code_sha256(code, params.network))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def augmented_sheet(images: torch.Tensor, policy: Policy, *, seed: int) -> str:
    """Draw images [N, C, H, W] as they are, and as the policy changes them."""
    few = images.cpu()
    generator = torch.Generator().manual_seed(seed)
    drawn = [augment_batch(few, policy, generator) for _ in range(SHOWN_VERSIONS)]
    return sheet(torch.stack([few, *drawn]).numpy(), ["as it is", *["augmented"] * SHOWN_VERSIONS])


def metric_name(schema: Schema) -> str:
    """Return what `Epoch.validation_metric` is."""
    return "rmse" if schema.classes is None else "accuracy"


def write_history(history: list[Epoch], path: Path, schema: Schema) -> None:
    """Write one line for each epoch."""
    metric = f"validation_{metric_name(schema)}"
    with path.open("w", newline="\n") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train_loss", "validation_loss", metric, "lr"])
        for row in history:
            numbers = (row.train_loss, row.validation_loss, row.validation_metric, row.lr)
            writer.writerow([row.epoch, *(f"{number:.8g}" for number in numbers)])


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
