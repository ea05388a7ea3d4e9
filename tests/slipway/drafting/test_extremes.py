import polars as pl
import pytest

from slipway.drafting.drafting import draft
from slipway.drafting.extremes import extremes
from slipway.drafting.profiling import profile


def of(tmp_path, values):
    return extremes(profile(pl.LazyFrame({"x": values}), missing=[], work=tmp_path), ["x"])


@pytest.mark.parametrize("far", [-999, 9999, [-999, 9999]])
def test_an_extreme_that_repeats_far_from_the_others_is_told(tmp_path, far):
    ends = far if isinstance(far, list) else [far]
    found = of(tmp_path, [*range(100), *ends * 10])
    assert all(f"{end} stands in" in found["x"] for end in ends)
    assert "the others in" in found["x"]


@pytest.mark.parametrize(
    "values",
    [
        [*range(100), 9999],  # once: an outlier
        [*range(100), *[-1] * 10],
        [*range(1000, 1100), *[0] * 50],
        [1.0, 2.0, 9999.0] * 20,
        [5.0] * 20,
        [],
    ],
)
def test_an_end_that_is_near_rare_zero_or_among_few_values_is_not(tmp_path, values):
    assert of(tmp_path, pl.Series(values, dtype=pl.Float64)) == {}


def test_extremes_and_exact_copies_are_lines_to_look_at(tmp_path):
    lines = [f"{n}.5,{-999 if n % 25 == 1 else n % 40},{'yes' if n % 3 else 'no'}" for n in range(600)]
    (tmp_path / "x.csv").write_text("\n".join(["age,months,bought", *lines, *lines[:60]]) + "\n")
    (tmp_path / "work").mkdir()
    made = draft(tmp_path / "x.csv", tmp_path / "work", target="bought")
    told = {(one.kind, one.column): one.text for one in made.warnings}
    assert told["extreme", "months"].startswith("-999 stands in 4.")
    assert told["duplicates", None] == "60 of 660 rows are exact copies: preprocess.duplicates drops them"
