"""Where this engine and Great Expectations' pandas engine say different things, each with its reason.

tests/slipway/gx_polars/test_parity.py compares the two on random tables and allows what stands here, no more.
"""

from dataclasses import dataclass
from typing import Literal

What = Literal["only pandas fails", "only polars fails", "success", "observed value", "rows", "counts of gaps"]


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        expectation: Which expectation's results differ; `any`: every one that lists rows.
        what: In what.
        reason: Why that is so, and stays.
    """

    expectation: str
    what: What
    reason: str


DIFFERENCES = (
    Difference(
        "any",
        "counts of gaps",
        "partial_unexpected_counts lists a missing value once with its number: None equals None. pandas' NaN equals "
        "nothing, so its engine lists each by itself.",
    ),
    Difference(
        "expect_column_values_to_be_between",
        "only pandas fails",
        "A date as bound is compared with dates and moments; pandas does not compare its Timestamp with a date.",
    ),
    Difference(
        "expect_column_min_to_be_between",
        "only pandas fails",
        "As above: the least of a column of dates is a date here, a Timestamp there.",
    ),
    Difference(
        "expect_column_max_to_be_between",
        "only polars fails",
        "A column of dates has a date as its greatest, which Great Expectations does not compare with a moment as "
        "bound: give a date.",
    ),
    Difference(
        "expect_column_values_to_be_in_set",
        "rows",
        "Texts in the set of a column of dates are read as dates, as Great Expectations does for not_be_in_set; "
        "pandas' isin finds none of them.",
    ),
    Difference(
        "expect_column_values_to_be_between",
        "only polars fails",
        "A number as bound of a column of texts is refused for its type; pandas notices with the first value, and lets "
        "a table without rows pass.",
    ),
    Difference(
        "expect_column_values_to_match_strftime_format",
        "only polars fails",
        "As above: a column of moments is refused for its type, with or without rows.",
    ),
    Difference(
        "expect_column_value_z_scores_to_be_less_than",
        "success",
        "Equal values have no deviation here, and none of them is an outlier; pandas' deviation of them may be a "
        "rounding error instead of zero, and then all of them are.",
    ),
)
