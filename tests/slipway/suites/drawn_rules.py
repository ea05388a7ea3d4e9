"""Random records and row rules about them: every kind of rule, with every argument and condition that it takes."""

from hypothesis import strategies as st
from written_rules import KINDS, expectation

NUMBERS, TEXTS, DATES = ["a", "b", "c"], ["s", "t", "u"], ["d", "e"]

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


@st.composite
def expectations(draw, arguments=ARGUMENTS, no_condition=()):
    name = draw(of(sorted(arguments)))
    kwargs = draw(arguments[name])
    row_condition = None if name in no_condition else draw(conditions)
    return expectation(name, {**kwargs, **({"row_condition": row_condition} if row_condition else {})})
