"""compress: the smallest candidate that loses little is chosen, and compared with the trained model."""

import csv
from pathlib import Path

import polars as pl
import pytest

from slipway.files import read_json
from slipway.learning.trained import load_network, scores
from slipway.product.archive import Archiving
from slipway.product.compress import Compress
from slipway.shrinking.archive import restore
from slipway.tables.schema import read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import Array, features
from slipway.transform.fitted import read_transform
from tasks.compress import compress


def rows_of(line: Path, part: str) -> tuple[Array, Array]:
    frame = pl.read_parquet(line / "privatize" / f"{part}.parquet")
    return features(frame, read_transform(line / "privatize")), targets(frame, read_schema(line / "privatize"))


def test_the_smallest_candidate_that_loses_little_is_chosen(line: Path) -> None:
    with (line / "compress" / "candidates.csv").open() as file:
        table = list(csv.DictReader(file))
    kept = [row for row in table if row["kept"] == "True"]
    assert all((row["broken"] == "") == (row["kept"] == "True") for row in table)
    chosen = [row for row in table if row["chosen"] == "True"]
    assert chosen == [min(kept, key=lambda row: int(row["size_bytes"]))]
    assert int(chosen[0]["size_bytes"]) == (line / "compress" / "model.onnx").stat().st_size


def test_fp32_is_chosen_where_nothing_smaller_may_be(line: Path, tmp_path: Path) -> None:
    stages = [line / stage for stage in ("train", "evaluate", "privatize", "preprocess")]
    compress(*stages, tmp_path / "compress", Compress(candidates=["fp32"]))
    fidelity = read_json(tmp_path / "compress" / "fidelity.json")
    assert fidelity["chosen"] == "fp32"
    assert fidelity["parity_error"] < 1e-5
    assert fidelity["agreement_pct"] == 100


def test_candidates_without_fp32_are_refused() -> None:
    with pytest.raises(ValueError, match="candidates must hold fp32"):
        Compress.model_validate({"candidates": ["int8"]})


def test_the_same_inputs_give_the_same_bytes(line: Path, tmp_path: Path) -> None:
    stages = [line / stage for stage in ("train", "evaluate", "privatize", "preprocess")]
    compress(*stages, tmp_path / "compress", Compress())
    for path in (line / "compress").iterdir():
        assert (tmp_path / "compress" / path.name).read_bytes() == path.read_bytes(), path.name


def test_an_archive_is_written_where_it_is_asked_for_and_judged_as_it_comes_back(line: Path, tmp_path: Path) -> None:
    stages = [line / stage for stage in ("train", "evaluate", "privatize", "preprocess")]
    asked = Compress(candidates=["fp32"], archive=Archiving(sparsity=0.8, epochs=2))
    compress(*stages, tmp_path / "compress", asked, augment=line / "augment")
    path, said = tmp_path / "compress" / "archive.slw", read_json(tmp_path / "compress" / "archive.json")
    restore(path, tmp_path / "restored")
    network, trained = load_network(tmp_path / "restored"), load_network(line / "train")
    assert said["bytes"] == path.stat().st_size
    assert said["fp32_bytes"] == sum(each.nbytes for each in trained.state_dict().values())
    assert said["ratio"] == pytest.approx(said["fp32_bytes"] / said["bytes"], abs=0.01)
    weights = {name: each for name, each in network.named_parameters() if each.ndim > 1}
    shares = {name: each.count_nonzero().item() / each.numel() for name, each in weights.items()}
    assert said["not_zero"] == pytest.approx(shares, abs=1e-4)
    assert sum(int(each.count_nonzero()) for each in weights.values()) == round(
        0.2 * sum(each.numel() for each in weights.values())
    )
    x, y = rows_of(line, "validation")
    before, after = (scores(each, x).argmax(1) for each in (trained, network))
    assert said["validation"]["trained"] == pytest.approx((before == y).mean())
    assert said["validation"]["decoded"] == pytest.approx((after == y).mean())
    assert said["validation"]["agreement_pct"] == pytest.approx(100 * (before == after).mean())
    assert not (line / "compress" / "archive.slw").exists()
    model = (tmp_path / "compress" / "model.onnx").read_bytes()
    compress(*stages, tmp_path / "without", Compress(candidates=["fp32"]))
    assert (tmp_path / "without" / "model.onnx").read_bytes() == model
