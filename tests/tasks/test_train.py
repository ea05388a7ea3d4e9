"""train: the same bytes from the same inputs, what it writes, and what it refuses."""

import logging
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from line import QUICK, write_preprocessed
from safetensors.torch import load_file

from slipway.errors import DataError, Diverged, ParamsError
from slipway.files import read_json, sha256_of, write_json
from slipway.learning.checkpoints import Checkpoint
from slipway.learning.events import Events
from slipway.learning.loop import Epoch
from slipway.learning.starting import Started
from slipway.learning.team import Team
from slipway.learning.trained import load_network, scores
from slipway.product.augment import Augment, Policy
from slipway.product.networks import CNN, FTTransformer, WideAndDeep
from slipway.product.optimisation import SGD, Plateau
from slipway.product.privatize import Privatize
from slipway.product.product import Product
from slipway.product.start import Start
from slipway.tables.schema import Column, Schema, read_schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import Pixels, Transform, read_transform
from tasks.augment import augment
from tasks.privatize import privatize
from tasks.train import augmented_sheet, learn, receipt, train

ROOT = Path(__file__).parents[2]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return prepare(tmp_path)


def prepare(root: Path, **options: object) -> Path:
    privatize(write_preprocessed(root / "preprocess", **options), root / "privatize", Privatize())
    augment(root / "privatize", root / "augment", Augment())
    return root


def run(root: Path, name: str = "train", **changes: object) -> Path:
    return train(root / "augment", root / "privatize", root / name, QUICK.model_copy(update=changes))


def test_reweighed_rows_are_learned_from_beside_the_others(prepared: Path) -> None:
    plain = run(prepared, "plain", epochs=2)
    augment(prepared / "privatize", prepared / "reweighed", Augment(reweigh="job"))
    out = train(
        prepared / "reweighed", prepared / "privatize", prepared / "out", QUICK.model_copy(update={"epochs": 2})
    )
    for name in ("model.safetensors", "model.json", "history.csv"):
        assert (out / "before" / name).read_bytes() == (plain / name).read_bytes(), "as it was without"
    assert (out / "model.safetensors").read_bytes() != (plain / "model.safetensors").read_bytes()
    assert read_json(out / "before" / "mitigation.json")["column"] == "job"
    assert not list((prepared / "work").rglob("*.pt")), "its checkpoints are gone"


def test_a_run_that_is_killed_while_it_learns_without_goes_on_and_ends_alike(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment(prepared / "privatize", prepared / "augment", Augment(reweigh="job"))
    whole = run(prepared, "whole", epochs=3)

    def killed(rows: Path, *arguments: object, **options: object) -> None:
        if rows.name == "before":
            raise KeyboardInterrupt
        learn(rows, *arguments, **options)  # type: ignore[arg-type] # as they came

    with monkeypatch.context() as patch:
        patch.setattr("tasks.train.learn", killed)
        with pytest.raises(KeyboardInterrupt):
            run(prepared, "train", epochs=3, checkpoint_seconds=0)
    assert list((prepared / "work/train").glob("*.pt")), "what it had learned is kept"
    again = run(prepared, "train", epochs=3, checkpoint_seconds=0)
    for name in ("model.safetensors", "history.csv", "before/model.safetensors", "before/history.csv"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


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


def params_file(root: Path, **changes: object) -> Path:
    """Write QUICK and changes as a params.yaml."""
    section = QUICK.model_copy(update=changes).model_dump(mode="json")
    (root / "params.yaml").write_text(yaml.safe_dump({"train": section}))
    return root / "params.yaml"


def written(work: Path) -> int | None:
    """Return when the checkpoint was written; None where there is none."""
    return next((path.stat().st_mtime_ns for path in work.glob("checkpoint-*.pt")), None)


def test_a_process_that_was_killed_goes_on_to_the_same_bytes(prepared: Path) -> None:
    changes = {"epochs": 20, "patience": 20, "checkpoint_seconds": 0}
    whole = run(prepared, "whole", **changes)
    words = [*(str(prepared / name) for name in ("augment", "privatize", "train")), "--params"]
    command = [sys.executable, "-m", "tasks.train", *words, str(params_file(prepared, **changes))]
    seen: list[int] = []
    for _ in range(2):
        process = subprocess.Popen(command, cwd=ROOT)
        while process.poll() is None and written(prepared / "work" / "train") in (None, *seen):
            time.sleep(0.001)
        process.kill()
        process.wait()
        seen.append(written(prepared / "work" / "train") or 0)
    assert len(set(seen)) == 2
    assert not (prepared / "train").exists()
    subprocess.run(command, cwd=ROOT, check=True)
    for name in ("model.safetensors", "history.csv"):
        assert (prepared / "train" / name).read_bytes() == (whole / name).read_bytes(), name
    assert not list((prepared / "work" / "train").glob("checkpoint-*"))


def test_a_run_goes_on_from_its_own_checkpoint_alone(prepared: Path, monkeypatch, caplog) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasks.train.write_history", killed)
    with pytest.raises(KeyboardInterrupt):
        run(prepared, epochs=3, checkpoint_seconds=0)
    monkeypatch.undo()
    caplog.set_level(logging.INFO, "slipway")
    run(prepared, "train", epochs=2)
    assert "is of other rows or parameters" in caplog.text
    assert "goes on at" not in caplog.text
    run(prepared, "train", epochs=3)
    assert "goes on at epoch 3" in caplog.text


def shown_steps(work: Path) -> list[int]:
    """Return the steps at which TensorBoard shows a training loss."""
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    (series,) = (work / "events").iterdir()
    events = accumulators.EventAccumulator(str(series))
    events.Reload()
    return [each.step for each in events.Scalars("loss/train")]


def test_events_for_tensorboard_lie_beside_the_same_bytes_and_a_killed_run_goes_on_with_them(
    prepared: Path, monkeypatch
) -> None:
    pytest.importorskip("tensorboard")
    plain, changes = run(prepared, "plain", epochs=4), {"epochs": 4, "checkpoint_seconds": 0}
    watched = partial(train, prepared / "augment", prepared / "privatize", prepared / "train", tensorboard=True)
    section, tell = QUICK.model_copy(update=changes), Events.tell_epoch

    def killed(self: Events, epoch: Epoch) -> None:
        tell(self, epoch)
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Events, "tell_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        watched(section)
    monkeypatch.undo()
    time.sleep(1.1)  # names of event files tell seconds apart
    out = watched(section)
    assert shown_steps(prepared / "work" / "train") == [5, 10, 15, 20]
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in plain.iterdir())
    for path in plain.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
def test_of_two_processes_the_first_writes_the_events(prepared: Path) -> None:
    pytest.importorskip("tensorboard")
    section = QUICK.model_copy(update={"epochs": 2, "processes": 2})
    train(prepared / "augment", prepared / "privatize", prepared / "train", section, tensorboard=True)
    assert shown_steps(prepared / "work" / "train") == [5, 10]


def test_a_few_images_are_drawn_as_they_are_and_augmented() -> None:
    images = torch.randn(12, 1, 6, 6)
    drawn = augmented_sheet(images, Policy(flip=True), seed=1)
    assert drawn.count("augmented</text>") == 3
    assert drawn == augmented_sheet(images, Policy(flip=True), seed=1)


def test_rows_that_are_not_held_are_streamed_and_learned_from(prepared: Path, caplog) -> None:
    caplog.set_level(logging.INFO, "slipway")
    whole = pl.read_csv(run(prepared, "held") / "history.csv")
    buffer_of_some_rows = {"max_resident_gib": 0, "shuffle_buffer_gib": 5e-6}
    streamed = [run(prepared, name, **buffer_of_some_rows) for name in ("first", "second")]
    assert "160 rows: they are streamed" in caplog.text
    assert len({(each / "model.safetensors").read_bytes() for each in streamed}) == 1
    history = pl.read_csv(streamed[0] / "history.csv")
    assert history["validation_loss"].min() == pytest.approx(whole["validation_loss"].min(), abs=0.1)


@pytest.mark.parametrize("fsdp", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_processes_learn_what_one_does(prepared: Path, fsdp: bool) -> None:
    changes = {"epochs": 5, "patience": 5, "checkpoint_seconds": 0, "class_weights": "balanced"}
    one, two = run(prepared, "one", **changes), run(prepared, "two", processes=2, fsdp=fsdp, **changes)
    weights = [load_file(folder / "model.safetensors") for folder in (one, two)]
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-4), name
    histories = [pl.read_csv(folder / "history.csv") for folder in (one, two)]
    assert histories[0]["train_loss"].to_list() == pytest.approx(histories[1]["train_loss"].to_list(), rel=1e-4)
    assert not list((prepared / "work" / "two").glob("checkpoint*"))


def learn_pictures(root: Path, **changes: object) -> pl.DataFrame:
    """Learn to tell bright pictures from dark ones with a convolution, and return the history."""
    product = Product(kind="images", target="target", classes=["dark", "bright"])
    columns = [Column(name="image", dtype="Binary"), Column(name="target", dtype="String")]
    schema = Schema(product=product, columns=columns, classes=product.classes, image_shape=(4, 4, 1))
    image = Pixels(column="image", shape=(4, 4, 1), max_value=255, center=0.5, scale=0.3)
    draw = np.random.default_rng(1)
    for folder, part, size in (("augment", "train", 90), ("privatize", "validation", 30)):
        (root / folder).mkdir(parents=True)
        bright = draw.random(size) < 0.5
        pixels = draw.integers(0, 200, (size, 16), dtype=np.uint8) + 40 * bright[:, None].astype(np.uint8)
        rows = {"image": [each.tobytes() for each in pixels], "target": np.where(bright, "bright", "dark")}
        pl.DataFrame(rows).write_parquet(root / folder / f"{part}.parquet")
    schema.write(root / "privatize")
    Transform(image=image).write(root / "privatize")
    write_json(root / "privatize" / "receipt.json", {"mechanism": "none"})
    write_json(root / "augment" / "policy.json", Policy(noise=0.1).model_dump())
    network = CNN(channels=[4], hidden=8)
    return pl.read_csv(run(root, network=network, epochs=12, **changes) / "history.csv")


@pytest.mark.slow
def test_two_processes_decide_alike_though_each_gathers_statistics_of_its_own_rows(tmp_path: Path) -> None:
    learned = learn_pictures(tmp_path, processes=2, ema=0.9, schedule=Plateau(name="plateau", patience=1), patience=2)
    assert len(learned) >= 3
    assert learned["validation_loss"].is_finite().all()


def started(prepared: Path, **options: object) -> Start:
    """Weights of a training on values, whose hidden layer fits."""
    other = run(prepare(prepared / "other", regression=True), epochs=2) / "model.safetensors"
    return Start.model_validate({"file": str(other), "sha256": sha256_of(other), **options})


def test_a_run_starts_from_another_products_weights_and_the_receipt_says_so(prepared: Path) -> None:
    start = started(prepared, freeze=["0"])
    out = run(prepared, start=start, epochs=3, ema=0.9)
    theirs, ours = load_file(start.file), load_file(out / "model.safetensors")
    assert torch.equal(ours["0.weight"], theirs["body.0.weight"])
    said = read_json(out / "receipt.json")["start"]
    assert said == {
        "file": start.file,
        "sha256": start.sha256,
        "taken": ["0.weight", "0.bias"],
        "fresh": ["3.weight", "3.bias"],
    }


@pytest.mark.slow
def test_two_processes_thaw_what_one_does(prepared: Path) -> None:
    start = started(prepared, freeze=["0"], thaw_after_epochs=2, lr_factor=0.5)
    changes = {"epochs": 4, "start": start, "optimizer": SGD(name="sgd"), "clip_norm": 1.0, "ema": 0.9}
    one, two = run(prepared, "one", **changes), run(prepared, "two", processes=2, **changes)
    weights, theirs = [load_file(folder / "model.safetensors") for folder in (one, two)], load_file(start.file)
    assert not torch.equal(weights[0]["0.weight"], theirs["body.0.weight"])
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-4), name


def test_a_private_receipt_does_not_speak_for_the_rows_of_the_start() -> None:
    start = Start(file="other.safetensors", sha256="0" * 64)
    said = receipt({"mechanism": "local"}, start, Started(("0.weight",), ("3.weight",)))
    assert said["does_not_cover"] == ["the rows that the weights of other.safetensors learned from"]
    assert "does_not_cover" not in receipt({"mechanism": "local"}, None, Started())


@pytest.mark.slow
def test_an_error_in_one_of_two_processes_is_that_of_the_stage(prepared: Path) -> None:
    with pytest.raises(ParamsError, match="a cnn needs images"):
        run(prepared, network=CNN(), processes=2)


def test_more_processes_than_a_batch_has_rows_for_are_refused(prepared: Path) -> None:
    folders = (prepared / "augment", prepared / "privatize", prepared)
    checkpoint = Checkpoint(prepared / "work" / "train", "0" * 64)
    with pytest.raises(ParamsError, match=r"train.processes = 40, but a batch has 32 rows: each process needs two"):
        learn(*folders, QUICK, checkpoint, team=Team(0, 40))


@pytest.mark.parametrize(
    "changes", [{}, pytest.param({"processes": 2, "fsdp": True}, marks=pytest.mark.slow)], ids=["whole", "parted"]
)
def test_weights_before_a_loss_that_explodes_are_kept_as_evidence(prepared: Path, changes: dict[str, object]) -> None:
    with pytest.raises(Diverged, match="Lower train.lr"):
        run(prepared, optimizer=SGD(name="sgd", momentum=0.99), lr=10.0, epochs=50, weight_decay=10.0, **changes)
    failed = prepared / "failed" / "train"
    assert "Lower train.lr" in (failed / "error.txt").read_text()
    assert load_network(failed)


@pytest.mark.parametrize(
    "network",
    [WideAndDeep(name="wide_and_deep", hidden=[8]), FTTransformer(name="ft_transformer", width=8, heads=2, layers=1)],
    ids=["wide_and_deep", "ft_transformer"],
)
def test_each_network_for_tables_learns_more_than_the_majority(prepared: Path, network) -> None:
    history = pl.read_csv(run(prepared, network=network, epochs=30, lr=0.01) / "history.csv")
    assert history["validation_loss"].min() < history["validation_loss"][0]
    assert history["validation_accuracy"].max() > 0.6


@pytest.mark.parametrize("init", ["zeros", "normal", "xavier", "he", "orthogonal"])
def test_weights_start_as_asked(prepared: Path, init) -> None:
    history = pl.read_csv(run(prepared, init=init, epochs=2) / "history.csv")
    assert history["validation_loss"].is_finite().all()


def test_a_network_that_does_not_suit_the_rows_is_refused_and_leaves_nothing(prepared: Path) -> None:
    with pytest.raises(ParamsError, match="needs images"):
        run(prepared, network=CNN())
    assert not (prepared / "train").exists()


def test_without_a_target_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="product.target is null"):
        run(prepare(tmp_path, target=None))
