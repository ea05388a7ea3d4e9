"""compress: the smallest candidate that loses little is chosen, and compared with the trained model."""

import csv
from pathlib import Path

import pytest

from slipway.files import read_json
from slipway.product.compress import Compress
from tasks.compress import compress


def test_the_smallest_candidate_that_loses_little_is_chosen(line: Path) -> None:
    with (line / "compress" / "candidates.csv").open() as file:
        table = list(csv.DictReader(file))
    kept = [row for row in table if row["kept"] == "True"]
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
