"""train: the same bytes from the same inputs, what it writes, and what it refuses."""

from pathlib import Path

import polars as pl
import pytest
from line import QUICK, write_preprocessed

from slipway.errors import DataError, ParamsError
from slipway.files import read_json
from slipway.learning.trained import load_network, scores
from slipway.product.augment import Augment
from slipway.product.networks import CNN
from slipway.product.privatize import Privatize
from slipway.tables.schema import read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import read_transform
from tasks.augment import augment
from tasks.privatize import privatize
from tasks.train import train


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return prepare(tmp_path)


def prepare(root: Path, **options: object) -> Path:
    privatize(write_preprocessed(root / "preprocess", **options), root / "privatize", Privatize())
    augment(root / "privatize", root / "augment", Augment())
    return root


def run(root: Path, name: str = "train", **changes: object) -> Path:
    return train(root / "augment", root / "privatize", root / name, QUICK.model_copy(update=changes))


def test_the_same_inputs_give_the_same_bytes(prepared: Path) -> None:
    first, second = run(prepared, "first"), run(prepared, "second")
    for name in ("model.safetensors", "model.json", "history.csv", "receipt.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    weights = [run(prepare(tmp_path / str(seed), seed=seed)) / "model.safetensors" for seed in (1, 2)]
    assert weights[0].read_bytes() != weights[1].read_bytes()


def test_the_trained_network_knows_better_than_the_majority(prepared: Path) -> None:
    network = load_network(run(prepared))
    test, schema = pl.read_parquet(prepared / "preprocess" / "test.parquet"), read_schema(prepared / "privatize")
    wanted = targets(test, schema)
    right = scores(network, features(test, read_transform(prepared / "privatize"))).argmax(1) == wanted
    assert right.mean() > max(wanted.mean(), 1 - wanted.mean()) + 0.1


def test_the_history_has_a_line_for_each_epoch(prepared: Path) -> None:
    history = pl.read_csv(run(prepared, epochs=3) / "history.csv")
    assert history.columns == ["epoch", "train_loss", "validation_loss", "validation_accuracy", "lr"]
    assert history["epoch"].to_list() == [1, 2, 3]


def test_a_regression_is_learned_in_the_targets_own_units(tmp_path: Path) -> None:
    history = pl.read_csv(run(prepare(tmp_path, regression=True), epochs=60, lr=0.05) / "history.csv")
    assert history["validation_rmse"].min() < 400, "the wage spreads over about 700"


def test_the_receipt_says_whether_the_rows_were_plain(prepared: Path) -> None:
    assert read_json(run(prepared, epochs=1) / "receipt.json")["private"] is False


def test_a_network_that_does_not_suit_the_rows_is_refused_and_leaves_nothing(prepared: Path) -> None:
    with pytest.raises(ParamsError, match="needs images"):
        run(prepared, network=CNN())
    assert not (prepared / "train").exists()


def test_without_a_target_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="product.target is null"):
        run(prepare(tmp_path, target=None))
