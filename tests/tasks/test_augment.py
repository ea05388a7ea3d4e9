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
