"""Planted slices are found, chance finds none, and what is declared is judged or refused with the reason."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subjects import subject

from slipway.errors import ParamsError
from slipway.judging.decision import Decision
from slipway.judging.declared_slices import rows_of
from slipway.judging.slices import slices
from slipway.product.evaluate import Evaluate

CLASSES = ["no", "yes"]
TOWNS, JOBS = ["Bern", "Rome", "Oslo"], ["cook", "nurse", "pilot", "judge"]


def people(num_rows: int = 2000, *, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "town": random.choice(TOWNS, num_rows),
            "job": random.choice(JOBS, num_rows),
            "age": random.integers(20, 80, num_rows),
            "member": random.random(num_rows) < 0.5,
            "y": random.choice(CLASSES, num_rows),
        }
    )


def answers(frame: pl.DataFrame, wrong: pl.Expr, *, share: float = 0.4, seed: int = 2) -> list[str]:
    """Give the right class, but to this share of the rows that `wrong` holds, and to 5 % of all, the other."""
    random = np.random.default_rng(seed)
    is_wrong = (frame.select(wrong).to_series().to_numpy() & (random.random(frame.height) < share)) | (
        random.random(frame.height) < 0.05
    )
    right = frame["y"].to_numpy()
    return np.where(is_wrong, np.where(right == "yes", "no", "yes"), right).tolist()


def facts(
    frame: pl.DataFrame, given: list, params: Evaluate | None = None, classes: list[str] | None = CLASSES, **more
):
    return slices(subject(frame, given, classes=classes, **more), Decision(classes=classes), params or Evaluate())


def test_a_planted_group_of_one_column_is_found_and_pairs_that_tell_no_more_are_not():
    frame = people()
    told = facts(frame, answers(frame, pl.col("town") == "Rome"))
    assert [each["where"] for each in told["found"]] == [{"town": "Rome"}]
    (found,) = told["found"]
    assert found["rows"] == (frame["town"] == "Rome").sum()
    assert found["low"] < found["value"] < found["high"] < told["overall"]
    assert "Bonferroni" in told["notes"][0]


def test_a_planted_group_of_two_columns_is_found_by_both():
    frame = people()
    told = facts(frame, answers(frame, (pl.col("town") == "Rome") & (pl.col("job") == "cook"), share=0.9))
    assert {"town": "Rome", "job": "cook"} in [each["where"] for each in told["found"]]
    assert told["found"] == sorted(told["found"], key=lambda each: each["value"]), "the worst first"


def test_mistakes_by_chance_are_no_slices():
    frame = people()
    found = [facts(frame, answers(frame, pl.lit(True), share=0.2, seed=seed))["found"] for seed in range(40)]
    assert sum(map(bool, found)) <= 3, "5 % of the times at most"


def test_two_columns_that_say_the_same_are_one_slice():
    frame = people().with_columns(city=pl.col("town").replace({"Rome": "Roma"}))
    assert len(facts(frame, answers(frame, pl.col("town") == "Rome"))["found"]) == 1


def test_a_regression_has_slices_of_large_errors():
    frame = people().with_columns(y=pl.col("age").cast(pl.Float64))
    random = np.random.default_rng(4)
    errors = random.normal(size=frame.height) * np.where(frame["job"].to_numpy() == "judge", 4, 1)
    told = facts(frame, frame["y"].to_numpy() + errors, classes=None)
    assert told["metric"] == "rmse"
    assert [each["where"] for each in told["found"]] == [{"job": "judge"}]
    assert told["overall"] < told["found"][0]["low"] < 4 < told["found"][0]["high"]


def test_images_are_parted_by_class_and_brightness():
    random = np.random.default_rng(3)
    dark, target = random.random(600) < 0.3, random.choice(CLASSES, 600)
    images = [bytes([10 if one else 200] * 4) for one in dark]
    frame = pl.DataFrame({"image": images, "y": target})
    given = np.where(dark & (random.random(600) < 0.7), "no", target).tolist()
    found = [each["where"] for each in facts(frame, given, kind="images")["found"]]
    assert {"brightness": "10", "y": "yes"} in found
    assert {"brightness": "200"} not in found


def test_texts_are_parted_by_their_words():
    random = np.random.default_rng(3)
    words, target = random.integers(1, 80, 800), random.choice(CLASSES, 800)
    frame = pl.DataFrame({"review": [" ".join(["word"] * count) for count in words], "y": target})
    made = subject(frame, answers(frame, pl.col("review").str.len_chars() > 300), classes=CLASSES, kind="texts")
    columns = [
        each.model_copy(update={"kind": "text"}) if each.name == "review" else each for each in made.schema.columns
    ]
    made.__dict__["schema"] = made.schema.model_copy(update={"columns": columns})
    (found,) = slices(made, Decision(classes=CLASSES), Evaluate())["found"]
    assert found["where"]["words in review"].startswith("over 5")


def test_declared_slices_are_judged_even_where_few_rows_hold_them():
    frame = people(100)
    declared = [{"town": "Rome", "age": [30, 45]}, {"age": [None, 25]}, {"member": True}, {"town": ["Bern", "Oslo"]}]
    told = facts(frame, frame["y"].to_list(), Evaluate(slices=declared))
    rome = (frame["town"] == "Rome") & frame["age"].is_between(30, 45)
    assert {"where": {"town": "Rome", "age": "30 to 45"}, "rows": rome.sum(), "value": 1.0}.items() <= next(
        each for each in told["declared"] if "town" in each["where"] and "age" in each["where"]
    ).items()
    assert [each["where"] for each in told["declared"]][1:] == [
        {"age": "at most 25"},
        {"member": "true"},
        {"town": "Bern or Oslo"},
    ]
    assert told["declared"][0]["low"] < 1 == told["declared"][0]["high"]


def test_a_declared_slice_without_test_rows_is_a_note():
    frame = people(100)
    train = pl.concat([frame, frame.head(1).with_columns(town=pl.lit("Nice"))])
    told = facts(frame, frame["y"].to_list(), Evaluate(slices=[{"town": "Nice"}]), train=train)
    assert told["declared"] == []
    assert told["notes"][0] == "The declared slice town: Nice holds no test row."


def test_a_private_product_tells_no_slice_of_few_rows_and_no_end_of_a_quarter():
    frame = people()
    params = Evaluate(slices=[{"town": "Rome", "job": "cook", "age": 33}])
    told = facts(frame, answers(frame, pl.col("age") < 35, share=0.9), params, is_private=True)
    assert told["declared"] == []
    assert told["notes"][0].endswith("holds fewer than 50 test rows, and the product is private.")
    assert {"age": "part 1"} in [each["where"] for each in told["found"]]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"twon": "Rome"},
            r"evaluate\.slices: 'twon' is no column; did you mean 'town'\? there are age, ",
        ),
        ({"town": "Roma"}, r"no row has 'Roma' in 'town'; did you mean 'Rome'\? there are Bern, Oslo, Rome"),
        ({"town": 3}, r"'town' holds texts, and 3 is none: write '3' in quotes"),
        ({"member": "yes"}, r"'member' holds true or false, and 'yes' is none"),
        ({"age": "old"}, r"'age' holds numbers, and 'old' is no range of them: write a number, or \[lowest, highest\]"),
        ({"age": [1, 2, 3]}, r"'age' holds numbers, and \[1, 2, 3\] is no range"),
        ({"age": [None, None]}, r"is no range of them"),
        ({"age": [45, 30]}, r"the range \[45, 30\] of 'age' ends before it begins"),
    ],
)
def test_what_cannot_be_declared_is_refused_with_the_reason(declared, message):
    frame = people(100)
    with pytest.raises(ParamsError, match=message):
        facts(frame, frame["y"].to_list(), Evaluate(slices=[declared]))


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=20), st.integers(0, 9), st.integers(0, 9))
def test_a_range_holds_its_ends_and_no_missing_value(values, low, high):
    low, high = sorted((low, high))
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Int64)})
    for condition, wanted in (
        ([low, high], [value is not None and low <= value <= high for value in values]),
        (low, [value == low for value in values]),
        (None, [value is None for value in values]),
    ):
        assert rows_of({"x": condition}, frame, frame.lazy())[1].tolist() == wanted


def test_few_rows_leave_nothing_to_search():
    frame = people(20)
    told = facts(frame, frame["y"].to_list())
    assert told["found"] == [] and told["notes"] == [
        "No slices were searched for: no two values of a column are held by 50 test rows."
    ]


def test_of_very_many_values_the_common_ones_are_looked_at():
    random = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{n}": random.integers(0, 6, 600) for n in range(50)} | {"y": random.choice(CLASSES, 600)})
    told = facts(frame, answers(frame, pl.col("c7") == 3, share=0.9))
    assert any("among the 200 values, of 300" in note for note in told["notes"])


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_order_of_the_rows_changes_nothing(seed):
    frame = people(300, seed=seed)
    given = answers(frame, pl.col("town") == "Rome")
    order = np.random.default_rng(seed).permutation(300).tolist()
    assert facts(frame, given) == facts(frame[order], [given[place] for place in order])
