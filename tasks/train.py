"""Train the network on the augmented rows: `python -m tasks.train AUGMENT PRIVATIZE OUT --params ...`.

The validation rows say when to stop and which weights are kept.
"""

import csv
from pathlib import Path

import polars as pl
import torch

from slipway.files import read_json, whole_folder, write_json
from slipway.learning.loop import Epoch, Rows, choose_device, fit, repeatable
from slipway.learning.trained import save_network
from slipway.networks import Architecture, Regressor, build
from slipway.product.augment import Policy
from slipway.product.train import Train
from slipway.stage import main
from slipway.tables.schema import Schema, read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import Transform, read_transform


def train(augment: Path, privatize: Path, out: Path, params: Train) -> Path:
    """Write model.safetensors, model.json, history.csv and receipt.json.

    Same rows, parameters and code give the same bytes on the same type of machine, on a CPU.
    """
    with whole_folder(out) as folder:
        schema, transform = read_schema(privatize), read_transform(privatize)
        policy = Policy.model_validate(read_json(augment / "policy.json"))
        device = choose_device(params.device)
        rows = read_rows(augment / "train.parquet", schema, transform).to(device)
        validation = read_rows(privatize / "validation.parquet", schema, transform).to(device)
        architecture = Architecture(
            network=params.network,
            inputs=transform.feature_shape,
            outputs=len(schema.classes) if schema.classes else 1,
            task=schema.product.task,
        )
        with repeatable(schema.product.seed, params.threads):
            network = build(architecture)
            if isinstance(network, Regressor):
                center_on(network, rows.targets)
            history = fit(network.to(device), rows, validation, params, policy, seed=schema.product.seed)
        save_network(network, architecture, folder)
        write_history(history, folder / "history.csv", schema)
        write_json(folder / "receipt.json", receipt(read_json(privatize / "receipt.json")))
    return out


def read_rows(table: Path, schema: Schema, transform: Transform) -> Rows:
    """Read a table of cleaned rows as features and targets."""
    frame = pl.read_parquet(table)
    wanted = torch.from_numpy(targets(frame, schema).copy())
    return Rows(torch.from_numpy(features(frame, transform)), wanted.float() if schema.classes is None else wanted)


def center_on(network: Regressor, values: torch.Tensor) -> None:
    """Start a regression at the target's mean and spread, so that its body learns numbers near one."""
    spread = values.std(correction=0)
    network.center.copy_(values.mean())
    network.scale.copy_(spread if spread > 0 else torch.ones(()))


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
