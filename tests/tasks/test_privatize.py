"""privatize: rows pass plainly and are called not private, or leave with noise and a receipt."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from line import LOCAL, run_line, write_preprocessed

from slipway.errors import ParamsError
from slipway.files import read_json
from slipway.product.privatize import Privatize
from slipway.product.steps import Iqr, Numbers
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, read_schema
from slipway.transform.fitted import read_transform
from tasks.privatize import privatize

ROOT = Path(__file__).parents[2]


def test_without_a_mechanism_rows_pass_and_the_receipt_says_not_private(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    privatize(preprocess, tmp_path / "privatize", Privatize())
    for part in ("train", "validation"):
        plain, released = (
            pl.read_parquet(tmp_path / stage / f"{part}.parquet") for stage in ("preprocess", "privatize")
        )
        assert plain.equals(released)
    assert read_json(tmp_path / "privatize" / "receipt.json")["private"] is False


def test_local_noise_changes_every_row_and_adds_up_on_the_receipt(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    privatize(preprocess, tmp_path / "privatize", LOCAL)
    plain = pl.read_parquet(preprocess / "train.parquet")
    released = pl.read_parquet(tmp_path / "privatize" / "train.parquet")
    receipt = read_json(tmp_path / "privatize" / "receipt.json")
    assert released["_id"].equals(plain["_id"])
    assert not (released["age"] == plain["age"]).any()
    assert receipt["epsilon"] == pytest.approx(4.5, rel=1e-6)
    assert receipt["columns"]["age"]["epsilon"] == pytest.approx(1.5, rel=1e-6)
    assert receipt["unit"] == "row"


def test_the_transform_is_fitted_on_what_was_released(tmp_path: Path) -> None:
    privatize(write_preprocessed(tmp_path / "preprocess"), tmp_path / "privatize", LOCAL)
    released = pl.read_parquet(tmp_path / "privatize" / "train.parquet")
    assert read_transform(tmp_path / "privatize").numbers[0].center == pytest.approx(released["age"].mean())


def test_the_schema_follows_the_types_that_noise_makes(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    for part in ("train", "validation"):
        table = pl.read_parquet(preprocess / f"{part}.parquet")
        table.with_columns(pl.col("age").cast(pl.Int64)).write_parquet(preprocess / f"{part}.parquet")
    privatize(preprocess, tmp_path / "privatize", LOCAL)
    assert [column.dtype for column in read_schema(tmp_path / "privatize").columns] == ["Float64", "String", "String"]


def test_a_column_without_bounds_releases_nothing(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    forgotten = Privatize(mechanism="local", columns={name: LOCAL.columns[name] for name in ("age", "target")})
    with pytest.raises(ParamsError, match=r"no bounds for \['job'\]"):
        privatize(preprocess, tmp_path / "privatize", forgotten)
    assert not (tmp_path / "privatize").exists()
    assert [path.name for path in (tmp_path / "failed" / "privatize").iterdir()] == ["error.txt"]


def test_a_column_that_is_no_feature_does_not_leave_in_the_clear(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess", ignore=["race"], sensitive=["race"])
    schema = read_schema(preprocess)
    schema.model_copy(update={"columns": [*schema.columns, Column(name="race", dtype="String")]}).write(preprocess)
    for part in ("train", "validation"):
        table = pl.read_parquet(preprocess / f"{part}.parquet")
        table.with_columns(race=pl.lit("plain")).write_parquet(preprocess / f"{part}.parquet")
    privatize(preprocess, tmp_path / "privatize", LOCAL)
    assert pl.read_parquet(tmp_path / "privatize" / "train.parquet").columns == ["_id", "age", "job", "target"]
    assert [column.name for column in read_schema(tmp_path / "privatize").columns] == ["age", "job", "target"]


@pytest.mark.parametrize(
    ("plan", "message"),
    [(Plan(duplicates="keep"), r"split.by must be \[_id\]"), (Plan(split_by=["_id"]), r"duplicates must be keep")],
)
def test_rows_whose_part_or_presence_tells_of_their_content_are_refused(plan, message, tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    (preprocess / "plan.json").write_text(plan.model_dump_json())
    with pytest.raises(ParamsError, match=message):
        privatize(preprocess, tmp_path / "privatize", LOCAL)
    privatize(preprocess, tmp_path / "privatize", Privatize())  # without a mechanism nothing is promised


QUARANTINE = Plan(
    split_by=["_id"], duplicates="keep", numbers=Numbers(outliers=Iqr(name="iqr", factor=0.2, action="quarantine"))
)


def test_training_rows_beyond_fitted_bounds_go_to_quarantine_with_their_reason(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    (preprocess / "plan.json").write_text(QUARANTINE.model_dump_json())
    privatize(preprocess, tmp_path / "privatize", Privatize())
    parts = {part: pl.read_parquet(tmp_path / "privatize" / f"{part}.parquet") for part in ("train", "quarantine")}
    plain = pl.read_parquet(preprocess / "train.parquet")
    bounds = read_transform(tmp_path / "privatize").numbers[0].bounds
    assert parts["train"]["age"].is_between(bounds.low, bounds.high).all()
    assert parts["quarantine"]["_reasons"][0].to_list()[0].startswith("age: must be at least ")
    assert sorted([*parts["train"]["_id"], *parts["quarantine"]["_id"]]) == sorted(plain["_id"])
    fitting = read_json(tmp_path / "privatize" / "fitting.json")
    assert fitting["rows"] == {"train": parts["train"].height, "quarantine": parts["quarantine"].height}
    assert fitting["outliers"]["age"]["rows"] == parts["quarantine"].height > 0


def test_without_outliers_the_quarantine_is_empty_and_what_was_imputed_is_counted(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    privatize(preprocess, tmp_path / "privatize", Privatize())
    assert pl.read_parquet(tmp_path / "privatize" / "quarantine.parquet").is_empty()
    plain = pl.read_parquet(preprocess / "train.parquet")
    fitting = read_json(tmp_path / "privatize" / "fitting.json")
    assert fitting["missing"] == {name: plain[name].null_count() for name in ("age", "job")}


def test_a_quarantine_of_outliers_is_refused_under_a_mechanism(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    (preprocess / "plan.json").write_text(QUARANTINE.model_dump_json())
    with pytest.raises(ParamsError, match=r"outliers of 'age' cannot go to quarantine.*\n?.*preprocess.bounds"):
        privatize(preprocess, tmp_path / "privatize", LOCAL)


def test_the_receipt_promises_nothing_for_the_whole_pipeline_and_says_why(tmp_path: Path) -> None:
    privatize(write_preprocessed(tmp_path / "preprocess"), tmp_path / "privatize", LOCAL)
    receipt = read_json(tmp_path / "privatize" / "receipt.json")
    assert receipt["epsilon_of_the_pipeline"] is None
    reasons = " ".join(receipt["does_not_cover"])
    assert all(stage in reasons for stage in ("validate", "preprocess", "evaluate", "ingest"))
    assert all(file in reasons for file in ("validation.json", "cleaning.json", "anonymity.json", "checks.json"))


def test_two_runs_draw_different_noise(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess")
    ages = []
    for name in ("one", "two"):
        privatize(preprocess, tmp_path / name, LOCAL)
        ages.append(pl.read_parquet(tmp_path / name / "train.parquet")["age"])
    assert not (ages[0] == ages[1]).any()


def test_a_private_product_goes_the_whole_line_and_its_bundle_says_what_was_spent(tmp_path: Path) -> None:
    preprocess = write_preprocessed(tmp_path / "preprocess", classes=["no", "yes"])
    bundle = run_line(tmp_path, preprocess=preprocess, privacy=LOCAL) / "package" / "bundle"
    privacy = read_json(bundle / "privacy.json")
    assert privacy["privatize"]["epsilon"] == pytest.approx(4.5, rel=1e-6)
    assert privacy["train"]["private"] is True
    card = (bundle / "card.md").read_text()
    assert "released with epsilon 4.5 a row" in card
    assert "The whole pipeline has no guarantee" in card


PEAK = """
import sys
from pathlib import Path
from slipway.product.privatize import Privatize
from tasks.privatize import privatize
privatize(Path(sys.argv[1]), Path(sys.argv[2]), Privatize())
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)  # ru_maxrss would be at least that of the process that started this one
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory in /proc")
def test_plain_rows_pass_without_being_held(tmp_path: Path) -> None:
    """A table of 720 MB more takes at most a third of that: one column, a few times."""
    peaks = []
    for num_rows in (500_000, 5_000_000):
        preprocess = write_preprocessed(tmp_path / f"{num_rows}" / "preprocess")
        schema, values = read_schema(preprocess), np.random.default_rng(1).normal(size=num_rows)
        names = [f"x{index}" for index in range(20)]
        table = pl.DataFrame({name: values + index for index, name in enumerate(names)})
        table.with_columns(target=pl.lit("no")).write_parquet(preprocess / "train.parquet", row_group_size=100_000)
        columns = [*(Column(name=name, dtype="Float64") for name in names), schema.columns[-1]]
        schema.model_copy(update={"columns": columns}).write(preprocess)
        plan = Plan(numbers=Numbers(outliers=Iqr(name="iqr", action="quarantine")))
        (preprocess / "plan.json").write_text(plan.model_dump_json())
        command = [sys.executable, "-c", PEAK, str(preprocess), str(tmp_path / f"{num_rows}" / "privatize")]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 240, peaks
