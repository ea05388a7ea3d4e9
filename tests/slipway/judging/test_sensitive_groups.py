"""Groups with enough rows are compared; in a private product nothing is told that few rows hold."""

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.judging.sensitive_groups import groups_in


def frame(**columns: list) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_a_group_of_three_rows_is_left_out_with_its_count_and_what_is_missing_is_a_group():
    groups = groups_in(frame(sex=["m"] * 5 + ["f"] * 6 + [None] * 5 + ["x"] * 3), "sex", min_rows=5, is_private=False)
    assert groups.names == ["f", "m", "missing"]
    assert groups.too_small == {"x": 3}
    assert groups.numbers.tolist() == [1] * 5 + [0] * 6 + [2] * 5 + [-1] * 3


def test_groups_of_numbers_stand_in_their_order():
    groups = groups_in(frame(age=[30, 20, 10, 30, 20, 30]), "age", min_rows=1, is_private=False)
    assert groups.names == ["10", "20", "30"]
    quarters = groups_in(frame(age=[*range(99, -1, -1), None]), "age", min_rows=1, is_private=False)
    assert quarters.names[0] == "at most 24" and quarters.names[-1] == "missing"


def test_a_private_product_names_neither_small_groups_nor_the_ends_of_quarters():
    rows = frame(age=[*range(40), None], race=["a"] * 30 + ["b"] * 8 + ["c"] * 2 + ["d"])
    ages, races = (groups_in(rows, name, min_rows=8, is_private=True) for name in ("age", "race"))
    assert ages.names == ["part 1", "part 2", "part 3", "part 4"]
    assert ages.numbers.tolist() == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10 + [-1]
    assert ages.too_small == {"names withheld": 1}
    assert races.names == ["a", "b"]
    assert races.too_small == {"names withheld": 3}


def test_what_cannot_be_compared_is_refused_with_the_reason():
    with pytest.raises(DataError, match="51 groups, and at most 50"):
        groups_in(frame(town=[f"{n}" for n in range(51)]), "town", min_rows=1, is_private=False, max_groups=50)
    with pytest.raises(DataError, match="do not hold it"):
        groups_in(frame(town=["a"]), "name", min_rows=1, is_private=False)
