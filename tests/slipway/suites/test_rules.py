"""Row rules: equal to Great Expectations, value by value, and never silent about what they cannot check."""

import json
import math
import sqlite3
import subprocess
import sys
from datetime import date, datetime

import polars as pl
import pytest
from gx_oracle import broken_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import BundleError
from slipway.gx_polars.row_rules import row_rule
from slipway.suites.checks import Matches
from slipway.suites.compiling import NOT_JUDGED, PROMISES, compile_rule, write_rules
from slipway.suites.rules import NotServed, RowRules, Rule, parse_rules
from slipway.suites.suite import Expectation

KINDS = {
    "a": "number", "b": "number", "c": "number",
    "s": "text", "t": "text", "u": "text",
    "d": "date", "e": "date",
    "image": "bytes",
}  # fmt: skip
NUMBERS, TEXTS, DATES = ["a", "b", "c"], ["s", "t", "u"], ["d", "e"]


def expectation(name, kwargs, severity="warning"):
    return Expectation(type=f"expect_{name}", kwargs=kwargs, severity=severity)


def column(name, column, **kwargs):
    return expectation(f"column_{name}", {"column": column, **kwargs})


def broken(rules, record):
    return RowRules(rules).broken(record)


# Few distinct values, so that ends, sets and pairs are hit; quarters, so that sums are exact.
number = st.sampled_from([-2, -1, -0.25, 0, 0.5, 1, 1.0, 2, 2.25, 7])
text = st.sampled_from(["", "a", "ab", "b", "B", "1", "é", "a b", "a\n", "2026-01-02", "01.02.2026", "{}", "[1", '"x"'])
day = st.sampled_from(["2020-01-01", "2020-01-01T12:30:00", "2020-01-02", "2026-11-22T00:00:00"])
moment = st.sampled_from(["2020-01-01T00:00:00", "2020-01-01T12:30:00", "2021-06-30T23:59:59"])  # as pandas reads ends
VALUES = {"number": number, "text": text, "date": day, "bytes": st.binary(max_size=3)}
records = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in KINDS.items()})


def ordered(values):
    """Two ends, or one, the lower first."""
    pairs = st.tuples(values, values).map(sorted).map(lambda both: {"min_value": both[0], "max_value": both[1]})
    one = st.sampled_from(["min_value", "max_value"]).flatmap(lambda key: values.map(lambda end: {key: end}))
    strict = st.fixed_dictionaries({}, optional={"strict_min": st.booleans(), "strict_max": st.booleans()})
    return st.tuples(pairs | one, strict).map(lambda parts: parts[0] | parts[1])


def of(names):
    return st.sampled_from(names)


def with_column(names, arguments):
    return st.tuples(of(names), arguments).map(lambda parts: {"column": parts[0], **parts[1]})


def with_pair(names, arguments=None, missing=("both_values_are_missing", "either_value_is_missing", "neither")):
    optional = {"ignore_row_if": of(missing)} | (arguments or {})
    pairs = st.lists(of(names), min_size=2, max_size=2, unique=True)
    return st.tuples(pairs, st.fixed_dictionaries({}, optional=optional)).map(
        lambda parts: {"column_A": parts[0][0], "column_B": parts[0][1], **parts[1]}
    )


def with_list(names, arguments=None):
    lists = st.lists(of(names), min_size=2, max_size=3, unique=True)
    missing = st.sampled_from(["all_values_are_missing", "any_value_is_missing", "never"])
    fixed = {"column_list": lists, **(arguments or {})}
    return st.fixed_dictionaries(fixed, optional={"ignore_row_if": missing})


patterns = st.sampled_from(["^a", "b$", "^[ab]+$", "a|1", r"\d{4}", ".", "", "(?i)b", r"\s", r"^\w+$", "é", r"(?<!a)b"])
values = st.lists(number, max_size=4) | st.lists(text, max_size=4) | st.lists(number | text, max_size=4)
formats = st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%H:%M"])
schemas = st.sampled_from([{"type": "object"}, {"type": "string", "maxLength": 1}, {}])
kinds_of_pairs = of(NUMBERS) | of(TEXTS)

ARGUMENTS = {
    "column_values_to_not_be_null": st.fixed_dictionaries({"column": of(list(KINDS))}),
    "column_values_to_be_null": st.fixed_dictionaries({"column": of(list(KINDS))}),
    "column_values_to_be_between": with_column(NUMBERS, ordered(number)) | with_column(DATES, ordered(moment)),
    "column_value_lengths_to_be_between": with_column([*TEXTS, "image"], ordered(st.integers(0, 3))),
    "column_value_lengths_to_equal": with_column([*TEXTS, "image"], st.integers(0, 3).map(lambda n: {"value": n})),
    "column_values_to_be_in_set": with_column([*NUMBERS, *TEXTS], st.fixed_dictionaries({"value_set": values})),
    "column_values_to_not_be_in_set": with_column([*NUMBERS, *TEXTS], st.fixed_dictionaries({"value_set": values})),
    "column_values_to_match_regex": with_column(TEXTS, st.fixed_dictionaries({"regex": patterns})),
    "column_values_to_not_match_regex": with_column(TEXTS, st.fixed_dictionaries({"regex": patterns})),
    "column_values_to_match_regex_list": with_column(
        TEXTS,
        st.fixed_dictionaries(
            {"regex_list": st.lists(patterns, min_size=1, max_size=3)}, optional={"match_on": of(["any", "all"])}
        ),
    ),
    "column_values_to_not_match_regex_list": with_column(
        TEXTS, st.fixed_dictionaries({"regex_list": st.lists(patterns, min_size=1, max_size=3)})
    ),
    "column_values_to_match_strftime_format": with_column(
        TEXTS, st.fixed_dictionaries({"strftime_format": formats})
    ),
    "column_values_to_be_dateutil_parseable": with_column(TEXTS, st.just({})),
    "column_values_to_be_json_parseable": with_column(TEXTS, st.just({})),
    "column_values_to_match_json_schema": with_column(TEXTS, st.fixed_dictionaries({"json_schema": schemas})),
    "column_pair_values_a_to_be_greater_than_b": with_pair(NUMBERS, {"or_equal": st.booleans()})
    | with_pair(DATES)
    | with_pair(TEXTS, missing=("either_value_is_missing",)),
    "column_pair_values_to_be_equal": with_pair(NUMBERS) | with_pair(TEXTS) | with_pair(DATES),
    "column_pair_values_to_be_in_set": st.tuples(
        with_pair(NUMBERS), st.lists(st.tuples(st.none() | number, st.none() | number).map(list), max_size=9)
    ).map(lambda parts: {**parts[0], "value_pairs_set": parts[1]}),
    "multicolumn_sum_to_equal": with_list(NUMBERS, {"sum_total": number}),
    "multicolumn_values_to_be_equal": with_list(NUMBERS) | with_list(TEXTS),
    "select_column_values_to_be_unique_within_record": with_list(NUMBERS) | with_list(TEXTS),
}  # fmt: skip

comparison = of(["==", "!=", "<", "<=", ">", ">="])


def compared(names, values):
    parts = {"type": st.just("comparison"), "column": of(names).map(lambda name: {"name": name})}
    one = st.fixed_dictionaries({**parts, "operator": comparison, "parameter": values})
    several = {**parts, "operator": of(["IN", "NOT_IN"]), "parameter": st.lists(values, min_size=1, max_size=3)}
    return one | st.fixed_dictionaries(several)


nullity = st.fixed_dictionaries(
    {"type": st.just("nullity"), "column": of(list(KINDS)).map(lambda n: {"name": n}), "is_null": st.booleans()}
)
simple = compared(NUMBERS, number) | compared(TEXTS, of(["a", "ab", "1", "é"])) | nullity
both = st.fixed_dictionaries({"type": st.just("and"), "conditions": st.lists(simple, min_size=2, max_size=2)})
either = st.fixed_dictionaries({"type": st.just("or"), "conditions": st.lists(simple | both, min_size=2, max_size=2)})
conditions = st.none() | simple | both | either
# On a row_condition of these the pandas engine contradicts itself: it counts rows that it does not look at.
NO_CONDITION = ("column_pair_values_to_be_in_set",)
LIKE = {name for name in PROMISES if "like_pattern" in name}


@st.composite
def expectations(draw, arguments=ARGUMENTS, no_condition=NO_CONDITION):
    name = draw(of(sorted(arguments)))
    kwargs = draw(arguments[name])
    row_condition = None if name in no_condition else draw(conditions)
    return expectation(name, {**kwargs, **({"row_condition": row_condition} if row_condition else {})})


def test_every_rule_has_a_random_counterpart_here():
    assert {f"expect_{name}" for name in ARGUMENTS} | LIKE == set(PROMISES)


@settings(max_examples=60, deadline=None)
@given(st.lists(expectations(), min_size=1, max_size=6), st.lists(records, min_size=1, max_size=6))
def test_a_record_is_judged_as_great_expectations_judges_its_row(suite, rows):
    for each, expected in zip(suite, broken_rows(suite, rows, KINDS), strict=True):
        rule = compile_rule(each, KINDS)
        assert isinstance(rule, Rule), rule
        mine = [position for position, record in enumerate(rows) if broken([rule], record)]
        if isinstance(expected, str):
            assert each.type == "expect_column_values_to_match_json_schema", expected
        else:
            assert mine == expected, each


DTYPES = {"number": pl.Float64, "text": pl.String, "date": pl.Datetime("us"), "bytes": pl.Binary}
SCHEMA = {name: DTYPES[kind] for name, kind in KINDS.items()} | {"c": pl.Int64, "e": pl.Date}
whole = st.none() | st.integers(-3, 3)
any_text = st.none() | text | st.text("ab1²<!é\u0301_\u203f\u0660 \n\t\x1c\xa0-.%K\u212a", max_size=4)
any_records = records.flatmap(
    lambda record: st.fixed_dictionaries(
        {**{name: st.just(value) for name, value in record.items()}, "c": whole, "s": any_text, "t": any_text}
    )
)
more_patterns = st.sampled_from(
    [
        r"^\d+$",
        r"\w",
        r"^\W+$",
        r"^\s*$",
        r"\b",
        r"a\b",
        "(?i)k",
        "(?s)a.b",
        r"a{,2}b",
        r"[^a]$",
        r"(a)\1",
        r"\Z",
        "a|$",
    ]
)
MORE = ARGUMENTS | {
    "column_values_to_match_regex": with_column(TEXTS, st.fixed_dictionaries({"regex": patterns | more_patterns})),
    "column_values_to_be_between": with_column(NUMBERS, ordered(number)) | with_column(DATES, ordered(day)),
    "column_values_to_match_like_pattern": with_column(
        TEXTS,
        st.fixed_dictionaries(
            {"like_pattern": st.text("a%_. \n<", max_size=3).map(lambda p: p + "!%")}, optional={"escape": st.just("!")}
        ),
    ),
    "column_values_to_not_match_like_pattern_list": with_column(
        TEXTS,
        st.fixed_dictionaries({"like_pattern_list": st.lists(st.text("a%_", max_size=3), min_size=1, max_size=2)}),
    ),
}


def cell(value, dtype):
    if value is None or dtype not in (pl.Date, pl.Datetime("us")):
        return value
    return datetime.fromisoformat(value).date() if dtype == pl.Date else datetime.fromisoformat(value)


@settings(max_examples=400, deadline=None)
@given(expectations(MORE, no_condition=()), st.lists(any_records, min_size=1, max_size=6))
def test_a_record_is_judged_as_validate_judges_its_row(each, rows):
    rows = [{**row, "e": row["e"] and row["e"][:10]} for row in rows]
    if each.type == "expect_column_values_to_match_json_schema":  # of a text that is no JSON validate can say nothing
        rows = [{**row, each.kwargs["column"]: '{"a": 1}'} for row in rows]
    cells = [{name: cell(row[name], dtype) for name, dtype in SCHEMA.items()} for row in rows]
    table = pl.DataFrame(cells, schema=SCHEMA)
    rule = compile_rule(each, KINDS)
    assert isinstance(rule, Rule), rule
    mine = [position for position, row in enumerate(rows) if broken([rule], row)]
    bad = table.select(row_rule(each.type, each.kwargs, table.schema)).to_series()
    assert mine == bad.arg_true().to_list(), (each, rows)


LIKE_ALPHABET = "ab%_!\\.é\n"


@settings(max_examples=200, deadline=None)
@given(st.text(LIKE_ALPHABET, max_size=5), st.text(LIKE_ALPHABET, max_size=5), st.none() | st.sampled_from("!\\"))
def test_like_patterns_match_as_they_do_in_sql(value, pattern, escape):
    if escape and (pattern.replace(escape * 2, "").endswith(escape)):
        return  # SQLite matches nothing, other databases refuse it, and so does compiling
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = ON")
        clause = "? LIKE ? ESCAPE ?" if escape else "? LIKE ?"
        [(expected,)] = database.execute(f"SELECT {clause}", [value, pattern, *([escape] if escape else [])])
    check = Matches(name="matches", patterns=[pattern], like=True, escape=escape)
    assert check.compiled()(value) == bool(expected)


@pytest.mark.parametrize(
    ("kwargs", "match", "held"),
    [
        ({"like_pattern": "A-%"}, "to_match_like_pattern", ["A-1"]),
        ({"like_pattern": "A!-%", "escape": "!"}, "to_match_like_pattern", ["A-1"]),
        ({"like_pattern": "A-%"}, "to_not_match_like_pattern", ["B-1", "a-1", "xA-1"]),
        ({"like_pattern_list": ["A-%", "%1"]}, "to_match_like_pattern_list", ["A-1", "B-1", "a-1", "xA-1"]),
        ({"like_pattern_list": ["A-%", "%1"], "match_on": "all"}, "to_match_like_pattern_list", ["A-1"]),
        ({"like_pattern_list": ["A-%", "B%"]}, "to_not_match_like_pattern_list", ["a-1", "xA-1"]),
    ],
)
def test_lists_of_like_patterns(kwargs, match, held):
    rule = compile_rule(column(f"values_{match}", "t", **kwargs), KINDS)
    assert [text for text in ["A-1", "B-1", "a-1", "xA-1"] if not broken([rule], {"t": text})] == held


CONDITION = {"type": "comparison", "column": {"name": "b"}, "operator": ">", "parameter": 1}


def where(**changes):
    return {"row_condition": {**CONDITION, **changes}}


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (column("values_to_be_unique", "a"), "other rows"),
        (column("values_to_be_increasing", "a"), "other rows"),
        (column("value_z_scores_to_be_less_than", "a", threshold=3), "distribution"),
        (column("values_to_be_of_type", "a", type_="Int64"), "signature"),
        (column("mean_to_be_between", "a", min_value=0), "whole table"),
        (expectation("table_row_count_to_equal", {"value": 3}), "whole table"),
        (Expectation(type="unexpected_rows_expectation", kwargs={}, severity="warning"), "query"),
        (column("values_to_be_between", "a", min_value=0, mostly=0.9), "mostly"),
        (column("values_to_be_between", "a", min_value={"$PARAMETER": "least"}), "parameter"),
        (column("values_to_be_between", "a", min_value=0, least=1), "no option least"),
        (column("values_to_be_between", "a", min_value=0, row_condition="b > 1"), "is a query"),
        (column("values_to_be_between", "a", min_value=0, **where(column={"name": "target"})), "'target' is no"),
        (
            column("values_to_be_between", "a", min_value=0, **where(parameter="1")),
            "'b', which holds numbers, with '1'",
        ),
        (
            column("values_to_be_between", "a", min_value=0, **where(column={"name": "image"})),
            "which holds bytes, with 1",
        ),
        (Expectation(type="expect_column_values_to_be_between", kwargs={"column": "a"}, severity="info"), "logged"),
        (column("values_to_be_between", "t", min_value=1), "of texts"),
        (column("values_to_be_between", "d", min_value="soon"), "'soon' is none in ISO 8601"),
        (column("values_to_be_between", "d", min_value="2020-01-01T00:00:00+01:00"), "time zone"),
        (column("values_to_be_between", "a", min_value="soon"), "'soon' is none"),
        (column("values_to_be_between", "a", min_value=0, max_value=math.inf), "no infinity"),
        (column("values_to_be_in_set", "a", value_set=[1, math.nan]), "no NaN"),
        (column("values_to_be_in_set", "d", value_set=[date(2020, 1, 1)]), "of dates"),
        (column("values_to_not_be_null", "target"), "is no number, text, date or image"),
        (column("values_to_match_regex", "image", regex="x"), "of bytes it"),
        (column("values_to_match_regex", "t", regex=r"\p{L}"), r"cannot read the pattern"),
        (column("values_to_match_regex", "t", regex="[[a]]"), "Possible nested set"),
        (column("values_to_match_like_pattern", "t", like_pattern="a!", escape="!"), "ends in its escape"),
        (column("value_lengths_to_equal", "a", value=1), "of numbers"),
        (column("values_to_match_json_schema", "t", json_schema={"$ref": "https://x.org/s.json"}), "does not fetch"),
        (expectation("column_pair_values_to_be_equal", {"column_A": "a", "column_B": "t"}), "of numbers and texts"),
    ],
)
def test_what_no_record_can_tell_is_listed_with_the_reason(each, reason):
    compiled = compile_rule(each, KINDS)
    assert isinstance(compiled, NotServed), compiled
    assert reason in compiled.reason


def test_every_expectation_of_great_expectations_is_served_or_has_its_reason():
    from great_expectations.expectations import expectation as bases
    from great_expectations.expectations import registry

    about_rows = (bases.ColumnMapExpectation, bases.ColumnPairMapExpectation, bases.MulticolumnMapExpectation)
    names = [
        name
        for name in registry.list_registered_expectation_implementations()
        if issubclass(registry.get_expectation_impl(name), about_rows)
    ]
    unknown = [name for name in names if name not in PROMISES and name not in NOT_JUDGED]
    assert len(names) >= 30
    assert unknown == []


SUITE = [
    column("values_to_not_be_null", "a"),
    column("values_to_be_between", "a", min_value=-1, max_value=2, strict_max=True),
    column("values_to_be_in_set", "a", value_set=[0, 1, 2.5]),
    column("values_to_not_be_in_set", "t", value_set=["a", ""]),
    column("values_to_match_regex", "t", regex="b"),
    column("value_lengths_to_equal", "image", value=2),
    column("values_to_be_between", "d", min_value=date(2020, 1, 1), max_value=datetime(2021, 1, 1, 12)),
    expectation("column_pair_values_a_to_be_greater_than_b", {"column_A": "b", "column_B": "c", "or_equal": True}),
    expectation("multicolumn_sum_to_equal", {"column_list": ["b", "c"], "sum_total": 10}),
    column("values_to_be_between", "c", min_value=5, **where()),
    column("values_to_be_between", "c", min_value=5, **where(column={"name": "d"}, parameter="2020-06-01")),
]


def test_the_reason_says_what_must_be():
    rules = [compile_rule(each, KINDS) for each in SUITE]
    assert broken(rules, {"a": 7, "b": 2, "c": 3, "t": "a", "image": b"123", "d": "2021-01-02"}) == [
        ("a", "must be at least -1 and below 2"),
        ("a", "must be one of [0, 1, 2.5]"),
        ("t", "must be none of ['a', '']"),
        ("t", "must match b"),
        ("image", "must have length 2"),
        ("d", "must be at least 2020-01-01 and at most 2021-01-01 12:00:00"),
        ("b", "must be at least c"),
        ("b", "must add up with c to 10"),
        ("c", "must be at least 5 where b > 1"),
        ("c", "must be at least 5 where d > '2020-06-01T00:00:00'"),
    ]


def test_rules_survive_their_file(tmp_path):
    written = write_rules(tmp_path / "rules.json", [*SUITE, column("values_to_be_unique", "a")], KINDS)
    assert parse_rules((tmp_path / "rules.json").read_bytes(), where="rules.json") == written
    content = json.loads((tmp_path / "rules.json").read_text())
    assert [each["expectation"] for each in content["not_served"]] == ["a: values_to_be_unique()"]
    record = {"a": 7, "b": 2, "c": 3, "t": "a", "image": b"123", "d": "2021-01-02"}
    read = parse_rules((tmp_path / "rules.json").read_bytes(), where="rules.json")
    assert broken(read.rules, record) == broken(written.rules, record)


def test_a_rule_about_a_column_that_the_model_does_not_take_is_listed(tmp_path):
    written = write_rules(tmp_path / "rules.json", SUITE, KINDS)
    served = written.for_inputs(["a", "c", "t", "image"])
    assert len(served.rules) == 6
    assert [each.reason for each in served.not_served] == [
        "d: no input of the model",
        "b: no input of the model",
        "b: no input of the model",
        "b: no input of the model",
        "d: no input of the model",
    ]
    assert written.for_inputs(KINDS) == written


def test_an_absent_key_is_a_missing_value():
    rules = [compile_rule(column("values_to_not_be_null", name), KINDS) for name in KINDS]
    assert [name for name, _ in broken(rules, {})] == list(KINDS)


def test_a_number_sent_for_a_column_of_texts_is_judged_as_its_text():
    rule = compile_rule(column("values_to_be_in_set", "t", value_set=["1", "2"]), KINDS)
    assert broken([rule], {"t": 1}) == []
    assert broken([rule], {"t": 2.0}) == []
    assert broken([rule], {"t": 3}) != []


def test_a_text_sent_for_a_column_of_numbers_is_judged_as_its_number():
    rule = compile_rule(column("values_to_be_between", "a", max_value=2), KINDS)
    assert broken([rule], {"a": "1.5"}) == []
    assert broken([rule], {"a": "3"}) == [("a", "must be at most 2")]
    assert broken([rule], {"a": "nan"}) == []


@pytest.mark.parametrize(("name", "value"), [("a", "?"), ("d", "soon"), ("d", 7), ("d", "2020-01-01T00:00:00Z")])
def test_what_is_none_of_its_columns_kind_is_left_to_the_reader_of_records(name, value):
    ends = {"number": 0, "date": "2021-01-01"}
    single = column("values_to_be_between", name, min_value=ends[KINDS[name]])
    pair = {"column_A": name, "column_B": {"a": "b", "d": "e"}[name]}
    conditional = column("values_to_not_be_null", "t", **where(column={"name": name}, parameter=ends[KINDS[name]]))
    rules = [
        compile_rule(each, KINDS)
        for each in (single, conditional, expectation("column_pair_values_a_to_be_greater_than_b", pair))
    ]
    assert broken(rules, {name: value, "b": 1, "e": "2020-01-01"}) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": 2, "rules": [{}], "not_served": []}', r"here/rules\.json: rules\.0"),
        (b'{"rules": [{"column": "a"}], "not_served": []}', "is of format 1, this slipway reads 2: run validate"),
        (b'{"format": 3, "rules": []}', "is of format 3"),
        (b"[]", r"here/rules\.json"),
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
    ],
)
def test_damaged_and_older_rules_are_refused(content, message):
    with pytest.raises(BundleError, match=message):
        parse_rules(content, where="here/rules.json")


def test_a_server_can_use_the_rules_without_great_expectations_and_polars():
    heavy = ("great_expectations", "polars", "pandas", "numpy", "prefect", "dvc", "torch", "jsonschema", "dateutil")
    code = f"import sys, slipway.suites.rules; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
