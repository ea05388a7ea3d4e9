"""Archives of LeNet-300-100 and LeNet-5 on MNIST: how many times smaller than fp32, and what is lost, decoded.

    SLIPWAY_DATA=FOLDER python benchmarks/archive.py --folder WORK
    SLIPWAY_DATA=FOLDER python benchmarks/archive.py --folder WORK --test

products/mnist's own line prepares the rows and trains each network; its archive learns from the training rows. What is
in WORK is not made again. Sparsity, bits and epochs were chosen on the validation rows; --test judges the archives that
lie there on the 10,000 test rows. "Deep Compression" (Han et al. 2016, table 1): 40 times and 39 times.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import polars as pl
from prepared import prepare

from slipway.files import read_json, write_json
from slipway.learning.trained import load_network, scores
from slipway.product.archive import Archiving
from slipway.product.params import read_params
from slipway.product.train import Train
from slipway.shrinking.archiving import archived, restored, size_of
from slipway.tables.schema import read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import Array, features
from slipway.transform.fitted import read_transform
from tasks.train import train

PRODUCT = Path(__file__).resolve().parents[1] / "products" / "mnist"

NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {
        "train": {
            "network": {"name": "mlp", "hidden": [300, 100]},
            "epochs": 20,
            "patience": 20,
            "channels_last": False,
        },
        "archive": {"sparsity": 0.91, "bits": 4, "epochs": 20, "lr": 2e-3},
        "smaller": 40,
    },
    "lenet5": {
        "train": {"network": {"name": "lenet5"}},
        "archive": {"sparsity": 0.966, "bits": 4, "epochs": 8, "lr": 1.5e-3},
        "smaller": 100,
    },
}
"""How each network is trained and thinned out, and how many times smaller its archive must be."""


def make(name: str, data: Path) -> None:
    """Train the network and write its archive, unless they are there."""
    params, chosen, folder = read_params(PRODUCT / "params.yaml"), NETWORKS[name], data / name
    start = time.process_time()
    if not folder.exists():
        section = {**params.train.model_dump(exclude_unset=True), **chosen["train"]}
        train(data / "augment", data / "privatize", folder, Train.model_validate(section))
        print(f"{name}: trained in {time.process_time() - start:.0f} CPU seconds", flush=True)
    start = time.process_time()
    if not (folder / "archive.slw").exists():
        schema, (x, _) = read_schema(data / "privatize"), rows_of(data, "train")
        about = (folder / "model.json").read_text()
        section = Archiving.model_validate(chosen["archive"])
        packed = archived(load_network(folder), x, section, params.augment.policy, schema=schema, about=about)
        (folder / "archive.slw").write_bytes(packed)
        write_json(folder / "archive.json", {"params": chosen["archive"], "cpu_seconds": time.process_time() - start})


def rows_of(data: Path, part: str) -> tuple[Array, Array]:
    """Return features and classes of a part."""
    stage = "preprocess" if part == "test" else "privatize"
    frame = pl.read_parquet(data / stage / f"{part}.parquet")
    return features(frame, read_transform(data / "privatize")), targets(frame, read_schema(data / "privatize"))


def judge(name: str, data: Path, part: str) -> None:
    """Print how much smaller the archive is, and the accuracy of the network before and after."""
    network, packed = load_network(data / name), (data / name / "archive.slw").read_bytes()
    decoded, made = restored(network, packed), read_json(data / name / "archive.json")
    size, (x, y) = size_of(packed, decoded), rows_of(data, part)
    before, after = (100 * float((scores(each, x).argmax(1) == y).mean()) for each in (network, decoded))
    met = size["ratio"] >= NETWORKS[name]["smaller"] and before - after <= 0.1
    print(f"{name}: {made['params']}, {made['cpu_seconds']:.0f} CPU seconds; not zero: {size['not_zero']}")
    print(
        f"{name}: {size['fp32_bytes']:,} -> {size['bytes']:,} bytes, {size['ratio']:.1f} times smaller (must be "
        f"{NETWORKS[name]['smaller']}); {part}: {len(y):,} rows, {before:.2f} % -> {after:.2f} % "
        f"(at most 0.1 lost): {'met' if met else 'MISSED'}",
        flush=True,
    )


def main() -> None:
    """Print two lines for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), help=f"some of {', '.join(NETWORKS)}")
    parser.add_argument("--folder", type=Path, required=True, help="for the rows, the networks and their archives")
    parser.add_argument("--test", action="store_true", help="judge on the test rows instead of validation")
    arguments = parser.parse_args()
    prepare(PRODUCT, read_params(PRODUCT / "params.yaml"), arguments.folder)
    for name in arguments.networks:
        make(name, arguments.folder)
        judge(name, arguments.folder, "test" if arguments.test else "validation")


if __name__ == "__main__":
    main()
