"""How much smaller and faster compress makes networks than fp32 in eager torch, beside other optimisers.

    SLIPWAY_DATA=FOLDER python benchmarks/compression.py --folder WORK
    SLIPWAY_DATA=FOLDER python benchmarks/compression.py lenet5 mlp --folder WORK --recipe search
    SLIPWAY_DATA=FOLDER python benchmarks/compression.py --folder WORK --test

The product's own line prepares the rows and trains each network; what is in WORK is not made again. One thread, CPU
time, interleaved rounds, medians. Our artefact starts from raw rows (pixels, tokens) and ends with calibrated
probabilities; eager torch and the peers start from features that are ready, and end with logits. Sizes: the artefact,
the peer's ONNX file, and the fp32 tensors alone. Peers: onnxruntime's own quantisations and NNCF (extra `[bench]`),
each with its defaults, calibrated on the same training rows. Recipes were found on validation; --test reads the test
rows.
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import torch
import yaml
from onnxruntime.quantization import CalibrationDataReader, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from prepared import prepare
from torch import nn

from slipway.files import read_json
from slipway.product.compress import Compress, Recipe
from slipway.product.params import Params, read_params
from slipway.product.train import Train
from slipway.shrinking.making import Maker
from slipway.shrinking.running import session
from slipway.shrinking.timing import latencies
from slipway.tables.targets import targets
from slipway.transform.applying import Array, features, raw_inputs
from tasks.compress import compress, read_trained
from tasks.evaluate import evaluate
from tasks.train import train

ROOT = Path(__file__).resolve().parents[1]
BATCH_ROWS = 256
TIMED_ROWS = 2048

Answer = Callable[[Mapping[str, Array]], Array]


@dataclass(frozen=True)
class Case:
    """A network, how it is made small, and how many times smaller and faster it must be."""

    product: str
    train: dict[str, Any]
    recipe: dict[str, Any]
    objective: str
    smaller: float
    faster: dict[int, float]


CASES = {
    "lenet5": Case("mnist", {}, {"width": 0.2, "recover": "distil", "epochs": 12}, "latency_b1", 14, {1: 10, 256: 5}),
    "mlp": Case(
        "mnist",
        {"network": {"name": "mlp", "hidden": [300, 100]}, "epochs": 20, "patience": 20, "channels_last": False},
        {"width": 0.3, "recover": "distil", "epochs": 30, "precision": "int8"},
        "latency_batch",
        13,
        {256: 6},
    ),
    "lstm": Case(
        "sentiment",
        {},
        {"width": 0.75, "recover": "distil", "epochs": 4, "precision": "int8_weights"},
        "latency_b1",
        3.5,
        {1: 2.2},
    ),
    "transformer": Case(
        "sentiment",
        {
            "network": {"name": "transformer", "layers": 1, "dropout": 0.2},
            "lr": 3e-3,
            "schedule": {"name": "cosine", "warmup_epochs": 0.5},
            "ema": 0.998,
            "epochs": 6,
        },
        {"precision": "int8_weights"},
        "latency_b1",
        3.5,
        {1: 2.2},
    ),
}


@dataclass(frozen=True)
class Entrant:
    """What answers, from `raw` inputs or ready `features`, and its size."""

    name: str
    size_bytes: int
    answer: Answer


class Batches(CalibrationDataReader):
    """Calibration rows in batches of 64."""

    def __init__(self, rows: Array) -> None:
        self.batches = iter(np.array_split(rows, max(1, len(rows) // 64)))

    def get_next(self) -> dict[str, Array] | None:
        """Return the next batch, or None."""
        batch = next(self.batches, None)
        return None if batch is None else {"features": batch}


def make(name: str, folder: Path, recipe: str | dict[str, Any]) -> tuple[Path, Params]:
    """Train the network and compress it, unless both are there; return its folder."""
    case = CASES[name]
    product, data, own = ROOT / "products" / case.product, folder / case.product, folder / name
    params = read_params(product / "params.yaml")
    prepare(product, params, data)
    section = Train.model_validate({**params.train.model_dump(exclude_unset=True), **case.train})
    if not (own / "train").exists():
        train(data / "augment", data / "privatize", own / "train", section)
    if not (own / "evaluate").exists():
        evaluate(own / "train", data / "privatize", data / "preprocess", own / "evaluate", params.evaluate)
    params = params.model_copy(update={"compress": Compress(recipe=recipe, objective=case.objective)})
    out = own / ("search" if isinstance(recipe, str) else Recipe.model_validate(recipe).name)
    if not out.exists():
        start, wall = time.process_time(), time.monotonic()
        inputs = (own / "train", own / "evaluate", data / "privatize", data / "preprocess", out)
        compress(*inputs, params.compress, augment=data / "augment")
        print(
            f"{name}: compress took {time.monotonic() - wall:.0f} s, {time.process_time() - start:.0f} of CPU: "
            f"{read_json(out / 'recipe.json')}",
            flush=True,
        )
    return out, params


def entrants(out: Path, data: Path, params: Params) -> list[Entrant]:
    """Return eager torch, our artefact and the peers."""
    trained = read_trained(out.parent / "train", out.parent / "evaluate", data / "privatize", None)
    rows = {part: pl.read_parquet(data / "privatize" / f"{part}.parquet") for part in ("train", "validation")}
    maker = Maker(trained, params.compress, rows, params.augment.policy)
    exported = maker.student(Recipe()).exported
    ours = (out / "model.onnx").read_bytes()
    tensors = sum(each.numel() * each.element_size() for each in trained.network.state_dict().values())
    made = [Entrant("eager torch", tensors, eager(trained.network)), Entrant("slipway", len(ours), served(ours, "raw"))]
    for name, peer in (
        ("onnxruntime, fp32", lambda model, _: model),
        ("onnxruntime, dynamic int8", dynamic),
        ("onnxruntime, static int8", static),
        ("NNCF, int8", nncf_int8),
    ):
        model = peer(exported, maker.calibration).SerializeToString()
        made.append(Entrant(name, len(model), served(model, "features")))
    return made


def eager(network: nn.Module) -> Answer:
    """Answer in torch."""

    def answer(inputs: Mapping[str, Array]) -> Array:
        with torch.inference_mode():
            return network(torch.from_numpy(inputs["features"])).numpy()

    return answer


def served(model: bytes, what: str) -> Answer:
    """Answer in onnxruntime."""
    running = session(model)
    names = [each.name for each in running.get_inputs()]
    return lambda inputs: running.run(None, {name: inputs[f"raw {name}" if what == "raw" else name] for name in names})[
        0
    ]


def dynamic(model: onnx.ModelProto, calibration: Array) -> onnx.ModelProto:
    """Quantise as onnxruntime does by default: weights beforehand, activations by the batch."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = _preprocessed(model, Path(folder)), Path(folder) / "int8.onnx"
        quantize_dynamic(source, target)
        return onnx.load(target)


def static(model: onnx.ModelProto, calibration: Array) -> onnx.ModelProto:
    """Quantise as onnxruntime does by default, with ranges of training rows."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = _preprocessed(model, Path(folder)), Path(folder) / "int8.onnx"
        quantize_static(source, target, Batches(calibration))
        return onnx.load(target)


def _preprocessed(model: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(model, folder / "fp32.onnx")
    quant_pre_process(folder / "fp32.onnx", folder / "prepared.onnx", skip_symbolic_shape=True)
    return folder / "prepared.onnx"


def nncf_int8(model: onnx.ModelProto, calibration: Array) -> onnx.ModelProto:
    """Quantise by NNCF's post-training quantisation."""
    import nncf

    batches = np.array_split(calibration, len(calibration))
    return nncf.quantize(model, nncf.Dataset([{"features": each} for each in batches]), subset_size=len(batches))


def judge(name: str, out: Path, data: Path, params: Params, part: str) -> None:
    """Print a table: size, latencies and accuracy of each."""
    case = CASES[name]
    trained = read_trained(out.parent / "train", out.parent / "evaluate", data / "privatize", None)
    frame = pl.read_parquet(data / ("preprocess" if part == "test" else "privatize") / f"{part}.parquet")
    raw = {f"raw {key}": value for key, value in raw_inputs(frame, trained.transform).items()}
    inputs, rights = raw | {"features": features(frame, trained.transform)}, targets(frame, trained.schema)
    every = entrants(out, data, params)
    some = {key: value[:TIMED_ROWS] for key, value in inputs.items()}
    timed = latencies([each.answer for each in every], some, batch_rows=BATCH_ROWS, seconds=60)
    table = []
    for each, figures in zip(every, timed, strict=True):
        answers = [
            each.answer({key: value[start : start + BATCH_ROWS] for key, value in inputs.items()}).argmax(1)
            for start in range(0, len(rights), BATCH_ROWS)
        ]
        accuracy = 100 * float((np.concatenate(answers) == rights).mean())
        table.append({"": each.name, "bytes": each.size_bytes, **figures, f"accuracy on {part}, %": accuracy})
    first = table[0]
    for row in table:
        row["times smaller"] = first["bytes"] / row["bytes"]
        row["times faster at 1"] = first["latency_b1_ms"] / row["latency_b1_ms"]
        row[f"times faster at {BATCH_ROWS}"] = first["latency_batch_ms"] / row["latency_batch_ms"]
    with pl.Config(
        tbl_cols=-1, tbl_width_chars=220, float_precision=4, tbl_hide_dataframe_shape=True, fmt_str_lengths=40
    ):
        print(f"{name}: {out.name}, {read_json(out / 'recipe.json')}\n{pl.DataFrame(table)}")
    faster = ", ".join(f"{times:g} times at {rows}" for rows, times in case.faster.items())
    print(f"must be: {case.smaller:g} times smaller; faster: {faster}; at most 0.5 point lost\n", flush=True)


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--folder", type=Path, required=True, help="for the rows, the networks and their artefacts")
    parser.add_argument("--recipe", type=yaml.safe_load, help="search, or a recipe as YAML, instead of the found one")
    parser.add_argument("--test", action="store_true", help="judge on the test rows instead of validation")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(1)
    for name in arguments.networks:
        out, params = make(name, arguments.folder, arguments.recipe or CASES[name].recipe)
        data = arguments.folder / CASES[name].product
        judge(name, out, data, params, "test" if arguments.test else "validation")


if __name__ == "__main__":
    main()
