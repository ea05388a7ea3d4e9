"""Corruptions do what they are called, on the columns they concern, and the same way again."""

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_subjects import decision_of, numbers, subject_of

from slipway.errors import ParamsError
from slipway.judging.corrupting import corruptions
from slipway.judging.corrupting_images import IMAGES
from slipway.judging.robustness import judge_robustness
from slipway.product.robustness import DEFAULTS, Robustness


def by_a(x):
    return torch.stack([-3 * x[:, 0], 3 * x[:, 0]], dim=1)


def judged(subject, corruptions=None, **more):
    return judge_robustness(subject, decision_of(subject), Robustness(corruptions=corruptions, **more))


def corrupt(subject, name, strength, *, seed=0):
    rows = subject.frames["test"]
    return corruptions(subject.schema, subject.transform)[name](rows, strength, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def table():
    rows = numbers(400).with_columns(
        c=pl.Series(["red", "blue"] * 200), n=pl.int_range(400) % 7, f=pl.Series([True, False] * 200)
    )
    return subject_of(rows.select("a", "b", "c", "n", "f", "y"), by_a, classes=["no", "yes"])


def test_a_table_has_a_curve_for_each_corruption_that_concerns_a_column(table):
    found = judged(table)
    assert (found["metric"], found["notes"]) == ("accuracy", [])
    assert list(found["curves"]) == ["missing", "noise", "shift", "scale", "shuffle"]
    assert [point["strength"] for point in found["curves"]["missing"]] == [0.05, 0.1, 0.2, 0.4]
    assert found == judged(table)
    strongest = {name: curve[-1]["value"] for name, curve in found["curves"].items()}
    assert strongest["missing"] < found["clean"]
    assert strongest["noise"] < found["clean"]
    assert strongest["shuffle"] == found["clean"]  # the network looks at `a` alone


def test_values_are_lost_with_the_strengths_probability(table):
    lost = corrupt(table, "missing", 0.4)
    assert 0.25 < lost["a"].null_count() / lost.height < 0.55
    assert all(lost[name].null_count() for name in ("b", "c", "n", "f"))
    assert lost["y"].null_count() == 0
    assert corrupt(table, "missing", 1.0)["a"].null_count() == lost.height


def test_numbers_move_by_standard_deviations_and_spread_about_their_mean(table):
    clean = table.frames["test"]
    moved, spread = corrupt(table, "shift", 0.5)["a"] - clean["a"], corrupt(table, "scale", 1.0)["a"]
    assert moved.abs().to_numpy() == pytest.approx(0.5 * clean["a"].std(ddof=0))
    assert spread.mean() == pytest.approx(clean["a"].mean())
    assert spread.std() == pytest.approx(2 * clean["a"].std())
    noise = corrupt(table, "noise", 0.5)["n"] - clean["n"]
    assert noise.std() == pytest.approx(0.5 * clean["n"].std(), rel=0.25)
    assert corrupt(table, "noise", 9.0)["f"].to_list() == clean["f"].to_list()  # yes and no are no measurement


def test_a_shuffled_category_stays_one_that_occurs(table):
    shuffled = corrupt(table, "shuffle", 1.0)
    assert shuffled["c"].sort().equals(table.frames["test"]["c"].sort())
    assert (shuffled["c"] != table.frames["test"]["c"]).any()
    assert shuffled["f"].dtype == pl.Boolean


def test_no_corruptions_are_no_curves_and_a_declared_one_without_a_column_is_told(table):
    assert judged(table, {})["curves"] == {}
    found = judged(table, {"typos": [0.1], "noise": [0.5, 0.1, 0.5]})
    assert [point["strength"] for point in found["curves"]["noise"]] == [0.1, 0.5]
    assert found["notes"] == ["typos concerns no column that the model looks at"]


def test_rows_are_drawn_where_they_are_too_many(table):
    assert "50 of 200 test rows" in judged(table, {"noise": [0.1]}, max_rows=50)["notes"][0]


def test_a_corruption_of_another_kind_is_refused(table):
    with pytest.raises(ParamsError, match="names blur, but a product of kind tabular has missing, noise"):
        judged(table, {"blur": [0.1]})
    with pytest.raises(ValueError, match="at least one strength, each above 0"):
        Robustness(corruptions={"noise": [0.0]}).of("tabular")


def test_values_have_r2_which_equal_targets_have_not():
    rows = numbers(100).with_columns(y=pl.col("a") * 2)
    subject = subject_of(rows, lambda x: 2 * x[:, 0])
    found = judged(subject, {"noise": [1.0]})
    assert found["metric"] == "r2"
    assert found["curves"]["noise"][0]["value"] < found["clean"]
    equal = subject_of(rows.with_columns(y=pl.Series([*range(50), *[3] * 50]).cast(pl.Float64)), lambda x: x[:, 0])
    assert judged(equal)["curves"] == {}
    assert "no r2 to lose" in judged(equal)["notes"][0]


def test_labels_are_counted_as_all_right_or_not():
    rows = numbers(80).with_columns(y=pl.when(pl.col("a") > 0).then(pl.lit("p;q")).otherwise(pl.lit("p")))
    subject = subject_of(
        rows,
        lambda x: torch.stack([torch.full((len(x),), 9.0), x[:, 0]], dim=1),
        classes=["p", "q"],
        task="multilabel",
        label_delimiter=";",
    )
    assert judged(subject, {"noise": [1.0]})["clean"] > 0.8


@pytest.fixture(scope="module")
def texts():
    rows = pl.DataFrame({"text": [f"one {'fine' if i % 2 else 'dull'} film" for i in range(80)]})
    rows = rows.with_columns(y=pl.Series(["yes" if i % 2 else "no" for i in range(80)]))
    return subject_of(rows, lambda x: torch.ones(len(x), 2), kind="texts", classes=["no", "yes"])


def test_texts_have_words_dropped_mistyped_and_swapped(texts):
    assert set(judged(texts)["curves"]) == set(DEFAULTS["texts"])
    clean = texts.frames["test"]["text"].to_list()
    assert set(corrupt(texts, "dropped_words", 1.0)["text"]) == {""}
    for name in ("typos", "swapped_letters"):
        changed = corrupt(texts, name, 1.0)["text"].to_list()
        assert changed != clean
        assert all(abs(len(one) - len(other)) <= 3 for one, other in zip(changed, clean, strict=True))
    assert [sorted(each) for each in corrupt(texts, "swapped_letters", 1.0)["text"]] == [sorted(each) for each in clean]
    assert corrupt(texts, "typos", 0.3)["text"].to_list() == corrupt(texts, "typos", 0.3)["text"].to_list()


def image_subject(shape=(6, 8, 1)):
    random = np.random.default_rng(0)
    dark = np.arange(60) % 2
    pixels = np.clip(60 + 120 * dark[:, None, None, None] + random.normal(size=(60, *shape)), 0, 255).astype(np.uint8)
    rows = pl.DataFrame({"image": [each.tobytes() for each in pixels], "y": [["no", "yes"][each] for each in dark]})

    def bright(x):
        level = x.mean(dim=(1, 2, 3))
        return torch.stack([-level, level], dim=1)

    return subject_of(rows, bright, kind="images", classes=["no", "yes"], image_shape=shape)


@pytest.mark.parametrize("shape", [(6, 8, 1), (1, 5, 3)])
def test_images_have_every_corruption_whatever_their_shape(shape):
    found = judged(image_subject(shape))
    assert set(found["curves"]) == set(DEFAULTS["images"]) == set(IMAGES)
    assert all(0 <= point["value"] <= 1 for curve in found["curves"].values() for point in curve)


def test_corrupted_images_are_bytes_of_the_same_shape():
    subject = image_subject()
    for name in IMAGES:
        changed = corrupt(subject, name, 40 if name == "rotation" else 0.4)["image"]
        assert {len(each) for each in changed} == {48}, name
        assert changed.to_list() != subject.frames["test"]["image"].to_list(), name


@settings(deadline=None, max_examples=40)
@given(name=st.sampled_from(sorted(IMAGES)), level=st.floats(0, 1), strength=st.floats(0.01, 1))
def test_an_image_of_one_colour_keeps_it_under_what_only_moves_pixels(name, level, strength):
    x = torch.full((3, 2, 5, 7), level)
    changed = IMAGES[name](x, strength, torch.Generator().manual_seed(0))
    assert changed.shape == x.shape
    assert changed.isfinite().all()
    if name in ("blur", "contrast", "shift", "rotation"):
        torch.testing.assert_close(changed, x, rtol=1e-4, atol=1e-5)


def test_a_turn_of_a_quarter_is_one_and_a_shift_is_in_pixels():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 0, 2] = 1.0
    turned = IMAGES["rotation"](x, 90, torch.Generator().manual_seed(0))[0, 0]
    assert turned[2, 0].item() == pytest.approx(1, abs=1e-5) or turned[2, 4].item() == pytest.approx(1, abs=1e-5)
    ramp = torch.arange(20.0).expand(1, 1, 20, 20)
    generator = torch.Generator().manual_seed(1)
    angle = 2 * np.pi * torch.rand(1, generator=torch.Generator().manual_seed(1)).item()
    moved = IMAGES["shift"](ramp, 0.1, generator)
    assert (ramp - moved)[0, 0, 10, 10].item() == pytest.approx(2 * np.cos(angle), abs=1e-3)
