"""augment: rows pass, or rarer classes are repeated; the policy is handed on."""

from pathlib import Path

import polars as pl
import pytest
from line import write_preprocessed

from slipway.errors import ParamsError
from slipway.files import read_json
from slipway.product.augment import Augment, Policy
from slipway.product.privatize import Privatize
from tasks.augment import augment
from tasks.privatize import privatize


def released(tmp_path: Path, *, regression: bool = False) -> Path:
    return privatize(
        write_preprocessed(tmp_path / "preprocess", regression=regression), tmp_path / "privatize", Privatize()
    )


def test_by_default_rows_pass_as_they_are(tmp_path: Path) -> None:
    augment(released(tmp_path), tmp_path / "augment", Augment())
    before, after = (pl.read_parquet(tmp_path / stage / "train.parquet") for stage in ("privatize", "augment"))
    assert before.equals(after)


def test_oversampling_makes_all_classes_equally_frequent_and_invents_nothing(tmp_path: Path) -> None:
    augment(released(tmp_path), tmp_path / "augment", Augment(balance="oversample"))
    before, after = (pl.read_parquet(tmp_path / stage / "train.parquet") for stage in ("privatize", "augment"))
    assert before["target"].value_counts()["count"].n_unique() == 2
    assert after["target"].value_counts()["count"].n_unique() == 1
    assert after.head(before.height).equals(before)
    assert after.unique().height == before.height


def test_oversampling_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    source = released(tmp_path)
    files = [augment(source, tmp_path / name, Augment(balance="oversample")) / "train.parquet" for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_regression_has_no_classes_to_balance(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="needs classes.*Set it to none"):
        augment(released(tmp_path, regression=True), tmp_path / "augment", Augment(balance="oversample"))


def test_smote_makes_rows_between_neighbours_of_a_class(tmp_path: Path) -> None:
    source = released(tmp_path)
    files = [augment(source, tmp_path / name, Augment(balance="smote")) / "train.parquet" for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
    before, after = pl.read_parquet(source / "train.parquet"), pl.read_parquet(files[0])
    assert after.schema == before.schema
    assert after.head(before.height).equals(before)
    assert after["target"].value_counts()["count"].n_unique() == 1
    made = after.tail(after.height - before.height)
    (rare,) = made["target"].unique()
    own = before.filter(target=rare)
    assert made["age"].drop_nulls().is_between(own["age"].min(), own["age"].max()).all()
    assert made["age"].drop_nulls().is_in(own["age"].drop_nulls()).mean() < 0.2
    assert set(made["job"].drop_nulls()) <= set(own["job"].drop_nulls())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (Augment(policy=Policy(flip=True)), r"policy.flip is not for products of kind tabular: allowed: noise, mixup"),
        (Augment(policy=Policy(token_drop=0.1)), r"policy.token_drop is not for products of kind tabular"),
    ],
    ids=["flip", "token_drop"],
)
def test_a_policy_that_means_nothing_for_the_rows_is_refused(tmp_path: Path, params: Augment, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        augment(released(tmp_path), tmp_path / "augment", params)


def test_the_policy_is_handed_on(tmp_path: Path) -> None:
    augment(released(tmp_path), tmp_path / "augment", Augment(policy=Policy(noise=0.3)))
    assert Policy.model_validate(read_json(tmp_path / "augment" / "policy.json")) == Policy(noise=0.3)


def test_reweighing_makes_the_class_independent_of_a_group_and_keeps_what_was_before(tmp_path: Path) -> None:
    source = released(tmp_path)
    out, plain = (augment(source, tmp_path / str(name), Augment(reweigh=name)) for name in ("job", None))
    rows, before = (pl.read_parquet(folder / "train.parquet") for folder in (out, out / "before"))
    assert before.equals(pl.read_parquet(plain / "train.parquet"))
    assert read_json(out / "before" / "policy.json") == read_json(out / "policy.json")
    assert set(rows["_id"]) <= set(before["_id"])

    def shares(frame: pl.DataFrame) -> list[float]:
        return frame.group_by("job").agg((pl.col("target") == "yes").mean())["target"].to_list()

    assert max(shares(rows)) - min(shares(rows)) < 0.15 < max(shares(before)) - min(shares(before))
    done = read_json(out / "before" / "mitigation.json")
    assert (done["name"], done["column"], sorted(done["weights"])) == (
        "reweighing",
        "job",
        ["cook", "missing", "nurse", "pilot"],
    )
    assert not (plain / "before").exists()


def test_numbers_are_reweighed_by_quarters(tmp_path: Path) -> None:
    out = augment(released(tmp_path), tmp_path / "augment", Augment(reweigh="age"))
    weights = read_json(out / "before" / "mitigation.json")["weights"]
    assert len(weights) == 5 and "missing" in weights


def test_what_cannot_be_reweighed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="'sex' is not among the columns that privatize releases: _id, age, job, tar"):
        augment(released(tmp_path / "a"), tmp_path / "a/augment", Augment(reweigh="sex"))
    with pytest.raises(ParamsError, match="needs one class a row, and product.task is regression"):
        augment(released(tmp_path / "b", regression=True), tmp_path / "b/augment", Augment(reweigh="job"))
    with pytest.raises(ParamsError, match="'job' is not for it: it has 1 groups"):
        one = released(tmp_path / "c")
        pl.read_parquet(one / "train.parquet").with_columns(job=pl.lit("x")).write_parquet(one / "train.parquet")
        augment(one, tmp_path / "c/augment", Augment(reweigh="job"))
