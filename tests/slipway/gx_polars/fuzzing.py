"""Small nasty tables, many expectations, and what Great Expectations' pandas engine and ours say of them."""

import datetime as dt
import math
import random
from collections.abc import Iterator
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
import polars as pl
from great_expectations.expectations.row_conditions import Column

from slipway.gx_polars.datasource import add_polars

SCHEMA = {
    "i": pl.Int64,
    "j": pl.Int64,
    "x": pl.Float64,
    "y": pl.Float64,
    "s": pl.String,
    "t": pl.String,
    "d": pl.Date,
    "m": pl.Datetime("us"),
    "b": pl.Boolean,
}
TEXTS = ["a", "b", "éé", "", "Zz9", "a\n", "12", "2020-01-31", '{"k": 1}']
KINDS = ("clean", "nulls", "nan", "duplicates", "all null", "constant", "sorted")
SIZES = (0, 1, 2, 31)
COUNTS = "partial_unexpected_counts"
ROWS = (
    "unexpected_count",
    "element_count",
    "missing_count",
    "unexpected_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
    "partial_unexpected_list",
    "partial_unexpected_index_list",
)


def make_table(kind: str, num_rows: int, seed: int) -> pl.DataFrame:
    """Draw a table of one kind; the same for the same seed."""
    draw = random.Random(f"{kind} {num_rows} {seed}")
    missing = {"nulls": 0.3, "nan": 0.2, "duplicates": 0.1, "all null": 1.0}.get(kind, 0.0)
    wide = 4 if kind == "duplicates" else 1000
    day = dt.date(2020, 1, 1)

    def column(value: Any) -> list[Any]:
        values = [value()] * num_rows if kind == "constant" else [value() for _ in range(num_rows)]
        return [None if draw.random() < missing else each for each in (sorted(values) if kind == "sorted" else values)]

    def number() -> float:
        if kind == "duplicates":
            return draw.choice([0.0, 0.5, 1.0, -1.0])
        return math.nan if kind == "nan" and draw.random() < 0.3 else draw.gauss(0, 1)

    columns = {
        "i": column(lambda: draw.randrange(-5, wide)),
        "j": column(lambda: draw.randrange(-5, wide)),
        "x": column(number),
        "y": column(number),
        "s": column(lambda: draw.choice(TEXTS[: 3 if wide == 4 else None])),
        "t": column(lambda: draw.choice(TEXTS)),
        "d": column(lambda: day + dt.timedelta(days=draw.randrange(50))),
        "m": column(lambda: dt.datetime(2020, 1, 1) + dt.timedelta(hours=draw.randrange(2000))),
        "b": column(lambda: draw.random() < 0.5),
    }
    return pl.DataFrame(columns, schema=SCHEMA)


def to_pandas(table: pl.DataFrame) -> pd.DataFrame:
    """Return the table as pandas holds it: gaps make whole numbers floats, dates are moments."""
    columns = {}
    for name, dtype in table.schema.items():
        column = table[name]
        if dtype.is_integer():
            columns[name] = pd.Series(column.cast(pl.Float64 if column.has_nulls() else pl.Int64).to_numpy())
        elif dtype.is_float():
            columns[name] = pd.Series(column.fill_null(math.nan).to_numpy())
        elif dtype.is_temporal():
            columns[name] = pd.Series(column.cast(pl.Datetime("us")).to_numpy())
        elif dtype == pl.Boolean:
            columns[name] = pd.Series(column.to_list(), dtype=object if column.has_nulls() else bool)
        else:
            columns[name] = pd.Series(column.to_list(), dtype="str")
    return pd.DataFrame(columns)


def expectations() -> Iterator[Any]:
    """Yield what is expected of every table."""
    for c in SCHEMA:
        yield gxe.ExpectColumnToExist(column=c)
        yield gxe.ExpectColumnValuesToNotBeNull(column=c)
        yield gxe.ExpectColumnValuesToNotBeNull(column=c, mostly=0.5)
        yield gxe.ExpectColumnValuesToBeNull(column=c)
        yield gxe.ExpectColumnValuesToBeUnique(column=c)
        yield gxe.ExpectColumnUniqueValueCountToBeBetween(column=c, min_value=1, max_value=5)
        yield gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column=c, min_value=0.1, max_value=0.9)
        yield gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(column=c, min_value=0.5, max_value=1)
        yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=[])
    for c in "ijx":
        yield from _numbers(c)
    yield from _texts()
    yield from _moments()
    yield from _flags()
    yield from _several()
    yield from _tables()
    yield from _conditions()
    yield from _impossible()


def _numbers(c: str) -> Iterator[Any]:
    yield gxe.ExpectColumnValuesToBeBetween(column=c, min_value=0, max_value=2)
    yield gxe.ExpectColumnValuesToBeBetween(column=c, min_value=0, strict_min=True, mostly=0.4)
    yield gxe.ExpectColumnValuesToBeBetween(column=c, max_value=0.5, strict_max=True)
    yield gxe.ExpectColumnMeanToBeBetween(column=c, min_value=0, max_value=2)
    yield gxe.ExpectColumnStdevToBeBetween(column=c, min_value=0, max_value=2)
    yield gxe.ExpectColumnMedianToBeBetween(column=c, min_value=0, max_value=2)
    yield gxe.ExpectColumnMinToBeBetween(column=c, min_value=0, max_value=2)
    yield gxe.ExpectColumnMaxToBeBetween(column=c, min_value=0, max_value=2, strict_max=True)
    yield gxe.ExpectColumnSumToBeBetween(column=c, min_value=0, max_value=20)
    ranges = {"quantiles": [0.1, 0.5, 0.9], "value_ranges": [[-2, 1], [-1, 2], [None, 5]]}
    yield gxe.ExpectColumnQuantileValuesToBeBetween(column=c, quantile_ranges=ranges)
    yield gxe.ExpectColumnQuantileValuesToBeBetween(column=c, quantile_ranges=ranges, allow_relative_error="linear")
    yield gxe.ExpectColumnValueZScoresToBeLessThan(column=c, threshold=1, double_sided=True)
    yield gxe.ExpectColumnValueZScoresToBeLessThan(column=c, threshold=0.5, double_sided=False)
    yield gxe.ExpectColumnValuesToNotBeOutliers(column=c)
    yield gxe.ExpectColumnValuesToNotBeOutliers(column=c, method="std", multiplier=1)
    bins = {"bins": [-1, 0, 1, 2], "weights": [0.3, 0.4, 0.3]}
    yield gxe.ExpectColumnKLDivergenceToBeLessThan(
        column=c, partition_object=bins, threshold=0.5, tail_weight_holdout=0.1
    )
    yield gxe.ExpectColumnMostCommonValueToBeInSet(column=c, value_set=[0, 1, 2])
    yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=[0, 1, 2])
    yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=[0, 1.5, "a", None])
    yield gxe.ExpectColumnValuesToNotBeInSet(column=c, value_set=[0, 1])
    yield gxe.ExpectColumnDistinctValuesToBeInSet(column=c, value_set=[0, 1, 2])
    yield gxe.ExpectColumnDistinctValuesToContainSet(column=c, value_set=[0, 1])
    yield gxe.ExpectColumnDistinctValuesToEqualSet(column=c, value_set=[0, 1, 2])
    for strictly in (False, True):
        yield gxe.ExpectColumnValuesToBeIncreasing(column=c, strictly=strictly)
        yield gxe.ExpectColumnValuesToBeDecreasing(column=c, strictly=strictly)


def _texts() -> Iterator[Any]:
    for c in "st":
        for regex in ("^[a-z]+$", "^a", "b|$", "", r"^\d+\Z", "^(?!a).*$", "[[a]", "(?i)ZZ", r"\w"):
            yield gxe.ExpectColumnValuesToMatchRegex(column=c, regex=regex)
            yield gxe.ExpectColumnValuesToNotMatchRegex(column=c, regex=regex)
        yield gxe.ExpectColumnValuesToMatchRegexList(column=c, regex_list=["^a", "b$"], match_on="any")
        yield gxe.ExpectColumnValuesToMatchRegexList(column=c, regex_list=["a", "^[^9]*$"], match_on="all")
        yield gxe.ExpectColumnValuesToNotMatchRegexList(column=c, regex_list=["^a", "b"])
        yield gxe.ExpectColumnValueLengthsToBeBetween(column=c, min_value=1, max_value=2)
        yield gxe.ExpectColumnValueLengthsToBeBetween(column=c, min_value=1, strict_min=True)
        yield gxe.ExpectColumnValueLengthsToEqual(column=c, value=1)
        yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=["a", "b", 12])
        yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=["a", None])
        yield gxe.ExpectColumnValuesToNotBeInSet(column=c, value_set=["a", ""])
        yield gxe.ExpectColumnDistinctValuesToBeInSet(column=c, value_set=["a", "b"])
        yield gxe.ExpectColumnDistinctValuesToContainSet(column=c, value_set=["a", "q"])
        yield gxe.ExpectColumnDistinctValuesToEqualSet(column=c, value_set=["a", "b", "éé"])
        yield gxe.ExpectColumnMostCommonValueToBeInSet(column=c, value_set=["a"])
        yield gxe.ExpectColumnMostCommonValueToBeInSet(column=c, value_set=["a", "b"], ties_okay=True)
        shares = {"values": ["a", "b", "Zz9"], "weights": [0.3, 0.4, 0.3]}
        yield gxe.ExpectColumnKLDivergenceToBeLessThan(
            column=c, partition_object=shares, threshold=0.5, tail_weight_holdout=0.1
        )
        yield gxe.ExpectColumnValuesToMatchStrftimeFormat(column=c, strftime_format="%Y-%m-%d")
        yield gxe.ExpectColumnValuesToBeDateutilParseable(column=c)
        yield gxe.ExpectColumnValuesToBeJsonParseable(column=c)
        yield gxe.ExpectColumnValuesToMatchJsonSchema(column=c, json_schema={"type": "object"})


def _moments() -> Iterator[Any]:
    for c in "dm":
        yield gxe.ExpectColumnValuesToBeBetween(column=c, min_value="2020-01-05", max_value="2020-01-30")
        yield gxe.ExpectColumnValuesToBeBetween(column=c, min_value=dt.datetime(2020, 1, 5, 12), strict_min=True)
        yield gxe.ExpectColumnMinToBeBetween(column=c, min_value="2020-01-01", max_value="2020-01-30")
        yield gxe.ExpectColumnMaxToBeBetween(column=c, min_value=dt.datetime(2020, 1, 1))
        yield gxe.ExpectColumnValuesToBeIncreasing(column=c)
        yield gxe.ExpectColumnValuesToBeInSet(column=c, value_set=["2020-01-05", "2020-01-06"])
        yield gxe.ExpectColumnValuesToNotBeInSet(column=c, value_set=["2020-01-05", "2020-01-06"])
        yield gxe.ExpectColumnDistinctValuesToContainSet(column=c, value_set=["2020-01-05"])
        yield gxe.ExpectColumnDistinctValuesToBeInSet(column=c, value_set=["2020-01-05"])
        yield gxe.ExpectColumnValuesToMatchStrftimeFormat(column=c, strftime_format="%Y")


def _flags() -> Iterator[Any]:
    yield gxe.ExpectColumnValuesToBeInSet(column="b", value_set=[True])
    yield gxe.ExpectColumnValuesToNotBeInSet(column="b", value_set=[True])
    yield gxe.ExpectColumnValuesToBeBetween(column="b", min_value=1)
    yield gxe.ExpectColumnMeanToBeBetween(column="b", min_value=0.1)
    yield gxe.ExpectColumnSumToBeBetween(column="b", min_value=1)
    yield gxe.ExpectColumnMinToBeBetween(column="b", min_value=0)
    yield gxe.ExpectColumnMostCommonValueToBeInSet(column="b", value_set=[True, False])


def _several() -> Iterator[Any]:
    for ignored in ("both_values_are_missing", "either_value_is_missing", "neither"):
        for a, b in ("ij", "xi", "dm"):
            for or_equal in (False, True):
                yield gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A=a, column_B=b, or_equal=or_equal, ignore_row_if=ignored
                )
        for a, b in ("ij", "st", "is", "dm"):
            yield gxe.ExpectColumnPairValuesToBeEqual(column_A=a, column_B=b, ignore_row_if=ignored)
        pairs = [("a", "b"), ("b", "éé"), (None, "a")]
        yield gxe.ExpectColumnPairValuesToBeInSet(
            column_A="s", column_B="t", value_pairs_set=pairs, ignore_row_if=ignored
        )
    for ignored in ("all_values_are_missing", "any_value_is_missing", "never"):
        yield gxe.ExpectMulticolumnSumToEqual(column_list=["i", "j"], sum_total=3, ignore_row_if=ignored)
        yield gxe.ExpectMulticolumnSumToEqual(column_list=["i", "x"], sum_total=3, ignore_row_if=ignored)
        for names in (["i", "s"], ["i", "j", "x"], ["d", "b"]):
            yield gxe.ExpectCompoundColumnsToBeUnique(column_list=names, ignore_row_if=ignored)
        for names in (["i", "j"], ["s", "t"], ["i", "s"], ["i", "j", "x"]):
            yield gxe.ExpectMulticolumnValuesToBeEqual(column_list=names, ignore_row_if=ignored)
            yield gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=names, ignore_row_if=ignored)


def _tables() -> Iterator[Any]:
    yield gxe.ExpectTableRowCountToEqual(value=31)
    yield gxe.ExpectTableRowCountToBeBetween(min_value=1, max_value=40)
    yield gxe.ExpectTableColumnCountToEqual(value=9)
    yield gxe.ExpectTableColumnCountToBeBetween(min_value=1, max_value=3)
    yield gxe.ExpectTableColumnsToMatchSet(column_set=["i", "j"], exact_match=False)
    yield gxe.ExpectTableColumnsToMatchSet(column_set=["i", "z"], exact_match=True)
    yield gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(SCHEMA))


def _conditions() -> Iterator[Any]:
    texts = ("i > 0", "x <= 0 and i != 3", "s == 'a' or t != 'b'", "i in [1, 2, 3]", "s not in ['a']", "~(i > 3)")
    pandas = {"condition_parser": "pandas"}
    conditions = [{"row_condition": text, **pandas} for text in (*texts, "s.notnull()", "`i` < `j`", "1 < i <= 5 & b")]
    columns = [
        Column("i") > 0,
        Column("s") == "a",
        Column("s") != "a",
        Column("x").is_null(),
        Column("x").is_not_null(),
        Column("s").is_in(["a", "b"]),
        Column("i").is_not_in([1, 2]),
        (Column("i") > 0) & (Column("x") < 1),
        (Column("i") > 500) | Column("s").is_null(),
    ]
    for condition in [*conditions, *({"row_condition": each} for each in columns)]:
        yield gxe.ExpectColumnValuesToBeBetween(column="x", min_value=0, **condition)
        yield gxe.ExpectColumnValuesToNotBeNull(column="x", **condition)
        yield gxe.ExpectColumnValuesToBeUnique(column="i", **condition)
        yield gxe.ExpectColumnValuesToBeIncreasing(column="i", **condition)
        yield gxe.ExpectColumnValueZScoresToBeLessThan(column="x", threshold=1, double_sided=True, **condition)
        yield gxe.ExpectColumnMeanToBeBetween(column="x", min_value=0, **condition)
        yield gxe.ExpectColumnMedianToBeBetween(column="i", min_value=0, **condition)
        yield gxe.ExpectColumnUniqueValueCountToBeBetween(column="s", min_value=3, **condition)
        yield gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="i", column_B="j", **condition)
        yield gxe.ExpectCompoundColumnsToBeUnique(column_list=["i", "s"], **condition)


def _impossible() -> Iterator[Any]:
    """Yield what cannot be computed."""
    yield gxe.ExpectColumnValuesToBeBetween(column="nope", min_value=0)
    yield gxe.ExpectColumnMeanToBeBetween(column="nope", min_value=0)
    yield gxe.ExpectColumnValuesToBeUnique(column="nope")
    yield gxe.ExpectCompoundColumnsToBeUnique(column_list=["i", "nope"])
    yield gxe.ExpectColumnMeanToBeBetween(column="s", min_value=0)
    yield gxe.ExpectColumnValuesToBeBetween(column="s", min_value=0)
    yield gxe.ExpectColumnStdevToBeBetween(column="t", min_value=0)
    yield gxe.ExpectColumnValuesToBeBetween(
        column="x", min_value=0, row_condition="nope > 3", condition_parser="pandas"
    )


def results(batch: Any, table: Any, expected: list[Any]) -> dict[str, Any]:
    """Validate a table; the results by what is expected."""
    suite = gx.ExpectationSuite(name="all", expectations=[each.copy() for each in expected])
    found = batch.get_batch({"dataframe": table}).validate(suite, result_format="SUMMARY").results
    return {_name(each): each for each in found}


def _name(result: Any) -> str:
    config = result.expectation_config
    return f"{config.type} { {key: value for key, value in sorted(config.kwargs.items()) if key != 'batch_id'} }"


def batches() -> tuple[Any, Any]:
    """Return a batch definition on pandas, and one on polars."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    pandas = context.data_sources.add_pandas("pandas").add_dataframe_asset("a")
    return (
        pandas.add_batch_definition_whole_dataframe("all"),
        add_polars(context, "polars").add_polars_frame_asset("a").add_batch_definition_whole("all"),
    )


def raised(result: Any) -> bool:
    """Say whether an expectation could not be computed."""
    info = result.exception_info or {}
    return any(isinstance(each, dict) and each.get("raised_exception") for each in (info, *info.values()))


def plain(value: Any) -> Any:
    """Return a value as both engines write it: numbers to nine digits, NaN and None alike, moments as texts."""
    if value is pd.NaT:
        return None
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{round(value, 12):.9g}")
    if isinstance(value, dt.date):
        return value.isoformat().removesuffix("T00:00:00")
    return value


def difference(pandas: Any, polars: Any) -> str | None:
    """Return what two results differ in, as differences.py names it."""
    if raised(pandas) != raised(polars):
        return "only pandas fails" if raised(pandas) else "only polars fails"
    differ = {key for key in (*ROWS, "observed_value", COUNTS) if _get(pandas, key) != _get(polars, key)}
    if bool(pandas.success) != bool(polars.success):
        return "success"
    if "observed_value" in differ:
        return "observed value"
    if differ - {COUNTS}:
        return "rows"
    return "counts of gaps" if differ else None


def _get(result: Any, key: str) -> Any:
    return plain(result.result.get(key))
