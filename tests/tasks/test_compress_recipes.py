"""compress: the recipe of a search makes its artefact again; what rows do not allow is refused, with the reason."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file

from slipway.errors import DataError
from slipway.files import read_json
from slipway.product.compress import Compress, Recipe
from slipway.shrinking import searching
from slipway.shrinking.measuring import Candidate
from tasks.compress import choose, compress

STAGES = ("train", "evaluate", "privatize", "preprocess")
RECOVERED = Recipe(width=0.5, recover="finetune", epochs=2)


def compressed(line: Path, out: Path, **params: object) -> Path:
    return compress(*(line / stage for stage in STAGES), out, Compress.model_validate(params), augment=line / "augment")


@pytest.fixture
def own(line: Path, tmp_path: Path) -> Path:
    """A copy of the line that a test may change."""
    for stage in (*STAGES, "augment"):
        shutil.copytree(line / stage, tmp_path / stage)
    return tmp_path


def notes_of(out: Path) -> str:
    return " ".join(read_json(out / "notes.json")["notes"])


def test_the_recipe_of_a_search_makes_the_same_bytes_again(
    line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "RUNGS", (20, 40))
    monkeypatch.setattr(searching, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(searching, "FINAL_SECONDS", 0.0)
    loose = {"max_accuracy_drop_pct": 100, "max_worst_group_drop_pct": 100, "min_agreement_pct": 0}
    searched = compressed(line, tmp_path / "searched", recipe="search", widths=[0.5], objective="size", **loose)
    recipe = read_json(searched / "recipe.json")
    assert recipe["width"] == 0.5
    again = compressed(line, tmp_path / "again", recipe=recipe, **loose)
    assert (again / "model.onnx").read_bytes() == (searched / "model.onnx").read_bytes()
    assert "OpenVINO" in notes_of(searched)  # it is not installed, or does not read texts


@pytest.mark.parametrize(("milliseconds", "chosen"), [(1.01, "small"), (1.1, "large")])
def test_of_those_within_noise_of_the_fastest_the_smallest_is_chosen(milliseconds: float, chosen: str) -> None:
    def candidate(name: str, size: int, took: float) -> Candidate:
        return Candidate(Recipe(width=0.5), name.encode(), {"size_bytes": size}, [], {"latency_b1_ms": took})

    found = [candidate("large", 900, 1.0), candidate("small", 300, milliseconds), candidate("slow", 10, 5.0)]
    judge = SimpleNamespace(is_steady=lambda one: True)
    assert choose(found, judge, Compress(recipe="search")).model == chosen.encode()  # type: ignore[arg-type]


def test_a_recovered_network_is_the_same_twice(line: Path, tmp_path: Path) -> None:
    asked = {"recipe": RECOVERED.model_dump(), "max_accuracy_drop_pct": 100, "max_worst_group_drop_pct": 100}
    first, second = (compressed(line, tmp_path / name, **asked) for name in ("first", "second"))
    assert (first / "model.onnx").read_bytes() == (second / "model.onnx").read_bytes()
    assert "trained_agreement_pct" in read_json(first / "fidelity.json")


def test_a_recipe_that_breaks_a_limit_is_refused_with_the_limit(line: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"width 0.2\) breaks a limit: it loses .* max_accuracy_drop_pct is 0;"):
        compressed(line, tmp_path / "out", recipe={"width": 0.2}, max_accuracy_drop_pct=0)


def test_rows_that_training_protected_recover_and_calibrate_nothing(own: Path) -> None:
    receipt = read_json(own / "train" / "receipt.json")
    (own / "train" / "receipt.json").write_text(json.dumps(receipt | {"private": True}))
    with pytest.raises(DataError, match="recover: finetune reads training rows, and train protected them"):
        compressed(own, own / "out", recipe=RECOVERED.model_dump())
    with pytest.raises(DataError, match=r"archive needs the training rows again.* Set it to null"):
        compressed(own, own / "out", archive={"sparsity": 0.5})
    assert "int8 is left out: precision: int8 reads training rows" in notes_of(compressed(own, own / "out"))
    assert read_json(own / "out" / "recipe.json")["precision"] == "fp32"


def test_int8_is_left_out_where_calibration_sees_one_class(own: Path) -> None:
    path = own / "privatize" / "train.parquet"
    pl.read_parquet(path).filter(pl.col("target") == "no").write_parquet(path)
    assert "all are of class 'no'" in notes_of(compressed(own, own / "out"))
    with pytest.raises(DataError, match=r"all are of class 'no'.*Raise compress.calibration_rows"):
        compressed(own, own / "other", recipe={"precision": "int8"})


def set_weights(train: Path, value: float) -> None:
    weights = load_file(train / "model.safetensors")
    save_file({name: torch.full_like(each, value) for name, each in weights.items()}, train / "model.safetensors")


def test_a_network_that_answers_nan_is_told(own: Path) -> None:
    set_weights(own / "train", float("nan"))
    with pytest.raises(DataError, match=r"answers NaN or infinity to 60 of 60 rows.*lower train.lr"):
        compressed(own, own / "out")


def test_a_network_that_answers_the_same_to_all_rows_is_compressed_as_it_is(own: Path) -> None:
    set_weights(own / "train", 0.0)
    out = compressed(own, own / "out")
    fidelity = read_json(out / "fidelity.json")
    assert (fidelity["agreement_pct"], fidelity["batch_difference"]) == (100, 0)
    assert read_json(out / "metrics.json")["accuracy"] < 1
