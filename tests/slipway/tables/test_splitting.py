"""The split: a row keeps its part, equal rows share one, shares come out right, time goes one way."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.errors import DataError
from slipway.product.split import Split
from slipway.tables.schema import PARTS
from slipway.tables.splitting import MAX_STRATA, Dealer, require_rows

values = st.tuples(st.none() | st.integers(-5, 5), st.none() | st.text(max_size=3), st.none() | st.binary(max_size=3))
tables = st.lists(values, min_size=1, max_size=30)


def table_of(rows):
    return pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Binary}, orient="row")


def parts(table, *, hashed=("a", "b", "c"), seed=7, validation=0.3, test=0.3, **way):
    split = Split.model_validate({"validation": validation, "test": test, **way})
    came = frozenset(table["_split"]) if "_split" in table.columns else frozenset()
    dealer = Dealer(split, {name: table.schema[name] for name in hashed}, table.schema, seed, came)
    dealt = table.filter(pl.col("_split") == "train") if came else table
    if not dealer.looks:
        return table["_split"].to_list()
    seen = dealt.lazy().select(look.alias(name) for name, look in dealer.looks.items()).collect(engine="streaming")
    names = iter([PARTS[number] for number in dealer.deal(seen)])
    return [next(names) if part == "train" else part for part in table["_split"]] if came else list(names)


@given(tables, tables)
def test_a_row_keeps_its_part_when_the_data_grows(rows, more):
    assert parts(table_of(rows + more))[: len(rows)] == parts(table_of(rows))
    assert parts(table_of(rows + more), hashed=["a"])[: len(rows)] == parts(table_of(rows), hashed=["a"])


@given(tables, st.randoms())
def test_a_rows_part_does_not_depend_on_the_order(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    for way in ({}, {"stratify": "a"}):
        before = parts(table_of(rows), **way)
        assert parts(table_of([rows[place] for place in order]), **way) == [before[place] for place in order]


@given(tables)
def test_rows_equal_in_the_hashed_columns_share_a_part(rows):
    part_of = {}
    for row, part in zip(rows, parts(table_of(rows), hashed=["a"]), strict=True):
        assert part_of.setdefault(row[0], part) == part


@given(tables)
def test_equal_rows_share_a_part_when_stratified_and_by_time(rows):
    table = table_of(rows).with_columns(pl.col("a").fill_null(0))
    for way in ({"stratify": "a"}, {"time": "a"}):
        part_of = {}
        for row, part in zip(table.rows(), parts(table, **way), strict=True):
            assert part_of.setdefault(row, part) == part


def test_shares_come_out_right_and_another_seed_deals_anew():
    table = pl.DataFrame({"a": range(20_000)})
    dealt = parts(table, hashed=["a"], validation=0.15, test=0.2)
    assert dealt.count("test") / 20_000 == pytest.approx(0.2, abs=0.01)
    assert dealt.count("validation") / 20_000 == pytest.approx(0.15, abs=0.01)
    assert dealt != parts(table, hashed=["a"], seed=8, validation=0.15, test=0.2)


def test_a_larger_share_of_validation_takes_from_train_alone():
    table = pl.DataFrame({"a": range(1000)})
    small, large = (parts(table, hashed=["a"], validation=share, test=0.2) for share in (0.1, 0.3))
    assert [part == "test" for part in small] == [part == "test" for part in large]


def test_each_class_is_split_in_exactly_these_shares():
    table = pl.DataFrame({"a": range(1000), "y": ["rare"] * 20 + ["often"] * 980})
    dealt = table.with_columns(part=pl.Series(parts(table, hashed=["a", "y"], validation=0.15, test=0.2, stratify="y")))
    counts = {(part, y): count for part, y, count in dealt.group_by("part", "y").len().rows()}
    assert (counts["test", "rare"], counts["validation", "rare"]) == (4, 3)
    assert (counts["test", "often"], counts["validation", "often"]) == (196, 147)


def test_a_stratified_split_moves_few_rows_as_the_data_grows():
    def dealt(num_rows):
        table = pl.DataFrame({"a": range(num_rows), "y": ["u", "v"] * (num_rows // 2)})
        return parts(table, hashed=["a", "y"], stratify="y")

    moved = sum(before != after for before, after in zip(dealt(2000), dealt(2200), strict=False))
    assert 0 < moved < 100


def test_too_many_strata_are_refused():
    table = pl.DataFrame({"a": range(MAX_STRATA + 1)})
    with pytest.raises(DataError, match="'a' has 10,001 values, more than 10,000: name a column of classes"):
        parts(table, hashed=["a"], stratify="a")


times = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(times)
def test_no_row_of_a_part_is_older_than_one_of_an_earlier_part(times):
    dealt = parts(pl.DataFrame({"t": times}), hashed=["t"], time="t")
    order = {"train": 0, "validation": 1, "test": 2}
    ranks = [order[part] for _, part in sorted(zip(times, dealt, strict=True), key=lambda pair: pair[0])]
    assert ranks == sorted(ranks)
    assert dealt.count("test") >= int(0.3 * len(times))


@given(times, times)
def test_as_newer_rows_arrive_no_row_turns_back_towards_the_test(times, more):
    order = {"train": 0, "validation": 1, "test": 2}
    before = parts(pl.DataFrame({"t": times}), hashed=["t"], time="t")
    later = [time + max(times) for time in more]
    after = parts(pl.DataFrame({"t": times + later}), hashed=["t"], time="t")
    if min(later) > max(times):
        assert all(order[new] <= order[old] for old, new in zip(before, after, strict=False))


def test_times_of_any_kind_are_cut_and_missing_ones_refused():
    days = pl.DataFrame({"t": pl.Series(range(10)).cast(pl.Date)})
    assert parts(days, hashed=["t"], time="t") == ["train"] * 4 + ["validation"] * 3 + ["test"] * 3
    with pytest.raises(DataError, match="'t' is missing in 1 rows, which have no place in time"):
        parts(pl.DataFrame({"t": [1, None]}), hashed=["t"], time="t")


def test_a_set_that_came_split_keeps_its_parts():
    table = pl.DataFrame({"a": [1, 2, 3], "_split": ["train", "validation", "test"]})
    assert parts(table, hashed=["a"]) == ["train", "validation", "test"]


@pytest.mark.parametrize("way", [{}, {"stratify": "_split"}, {"time": "a"}])
def test_validation_is_taken_from_train_where_it_came_without(way):
    table = pl.DataFrame({"a": range(10_000), "_split": ["train"] * 8000 + ["test"] * 2000})
    dealt = parts(table, hashed=["a"], validation=0.25, **way)
    assert dealt[8000:] == ["test"] * 2000
    assert set(dealt[:8000]) == {"train", "validation"}
    assert dealt.count("validation") / 8000 == pytest.approx(0.25, abs=0.05 if not way else 0)


def test_ways_that_exclude_each_other_are_refused():
    with pytest.raises(ValidationError, match="by and time exclude each other"):
        Split(by=["a"], time="b")
    assert Split(by=["_id"], stratify="y")
    with pytest.raises(ValidationError, match="leave no rows to train on"):
        Split(validation=0.5, test=0.5)


def test_an_empty_part_is_refused_with_the_counts():
    require_rows(dict.fromkeys(PARTS, 1))
    with pytest.raises(DataError, match=r"no rows fell to test \(train 3, validation 1, test 0\)"):
        require_rows({"train": 3, "validation": 1})
