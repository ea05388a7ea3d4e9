import pytest

from slipway.drafting.strays import strays

MANY = [str(n) for n in range(60)] * 3


def of(*columns):
    return strays([f"c{n}" for n in range(len(columns))], [list(row) for row in zip(*columns, strict=True)])


def test_few_repeated_texts_among_many_numbers_mean_a_missing_value():
    column = [*MANY, *["keine", "N.N."] * 5]
    found = of(column, column[::-1], ["a", "b"] * 95)
    assert found.missing == {"c0": ["N.N.", "keine"], "c1": ["N.N.", "keine"]}
    assert found.notes()[0].startswith("'N.N.', 'keine' stand among the numbers of 'c0': read as missing")


@pytest.mark.parametrize(
    "column",
    [
        [str(n) for n in range(1, 23)] * 8 + ["X", "Y"] * 7,  # chromosomes
        [*MANY, *["60+"] * 10],
        [*MANY, *(f"odd{'abcdefgh'[n]}" for n in range(8))],
    ],
)
def test_texts_that_may_be_values_are_named_alone(column):
    found = of(column)
    assert (found.missing, list(found.unclear)) == ({}, ["c0"])
    assert "no column of numbers: add to ingest.source.read.missing" in found.notes()[0]


def test_a_value_of_another_column_is_no_marker_for_all():
    column = [*MANY, *["keine"] * 10]
    found = of(column, ["keine", "zwei"] * 95)
    assert (found.missing, found.unclear) == ({}, {"c0": ["keine"]})


@pytest.mark.parametrize("column", [["a", "b", "1"] * 9, ["01", "02", "A"] * 9, ["1", "2", "?"] * 9, ["1", "2", "2a"]])
def test_texts_codes_known_markers_and_few_numbers_are_left_alone(column):
    assert of(column) == ({}, {})
