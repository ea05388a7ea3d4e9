"""Declared cleaning as lazy expressions: nothing here is learned from the rows.

A value goes through steps in a fixed order, that of the section's keys; each step counts what it changes. A server
repeats the steps on one record (`prepare` in cleaning.json, slipway/bundle/prepare.py).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from slipway.errors import ParamsError
from slipway.product.cleaning import FALSE, TRUE, Separators
from slipway.product.preprocess import Preprocess
from slipway.tables.anonymising import generalise
from slipway.tables.dates import parse, part_of
from slipway.tables.declared import effective_types, require_sense
from slipway.tables.labels import spell
from slipway.tables.schema import RESERVED, Column, Schema
from slipway.tables.texts import TEXT, Step, cleaned_texts, marked_texts, text_steps

NUMBER = Separators().pattern

RULES = (
    "trimmed",
    "unicode",
    "collapsed",
    "lowered",
    "replaced",
    "missing",
    "no_number",
    "no_boolean",
    "no_date",
    "generalised",
    "clipped",
    "out_of_bounds",
    "filled",
)


class Cleaning:
    """The steps of each column of a table, and what becomes of it."""

    def __init__(self, rows: pl.LazyFrame, schema: Schema, params: Preprocess) -> None:
        """Plan the steps.

        Raises:
            ParamsError: A rule names a column that is not there, or that it does not suit.
        """
        self.schema, self.params = schema, params
        dtypes = rows.collect_schema()
        self.dtypes = {name: dtype for name, dtype in dtypes.items() if name not in RESERVED}
        self.types = effective_types(schema, params)
        require_sense(self.dtypes, schema, params)
        self.texts = {name: text_steps(name, params) for name, dtype in self.dtypes.items() if dtype == pl.String}
        self.steps = {
            name: list(_steps(name, dtype, self.types.get(name), params)) for name, dtype in self.dtypes.items()
        }
        clean = self.clean(rows).collect_schema()
        self.clean_dtypes = {name: clean[name] for name in self.dtypes}

    def clean(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows with clean values, in their types and missing as null; no row or column leaves."""
        names = rows.collect_schema().names()
        texts = [cleaned_texts(pl.col(name), steps).alias(name) for name, steps in self.texts.items() if steps]
        staged, last = self._stage(rows.with_columns(texts))
        return staged.select(pl.col(last.get(name, name)).alias(name) for name in names)

    def survey(self, rows: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[tuple[str, str], str]]:
        """Return the clean rows with more columns, one for each rule and column, that mark what the rule changes."""
        names, marks = rows.collect_schema().names(), []
        columns: dict[tuple[str, str], str] = {}
        texts = [marked_texts(pl.col(name), steps).alias(f"{name}\n") for name, steps in self.texts.items()]
        parted = [pl.col(f"{name}\n").struct.field(TEXT).alias(name) for name in self.texts]
        staged, last = self._stage(rows.with_columns(texts).with_columns(parted))
        for name, steps in self.texts.items():
            for step in steps:
                columns[step.rule, name] = f"{name}\n{step.rule}"
                marks.append(pl.col(f"{name}\n").struct.field(step.rule).alias(columns[step.rule, name]))
        for name, steps in self.steps.items():
            before = pl.col(name)
            for number, step in enumerate(steps):
                after = pl.col(_stage_name(name, number))
                if step.rule:
                    columns[step.rule, name] = f"{name}\n{step.rule}"
                    changed = before.is_not_null() & after.is_null() if step.retypes else before.ne_missing(after)
                    marks.append(changed.alias(columns[step.rule, name]))
                before = after
        return staged.select(*(pl.col(last.get(name, name)).alias(name) for name in names), *marks), columns

    def counted(self, sums: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
        """Arrange the sums by rule; columns without a change, and rules without a column, are left out."""
        counts: dict[str, dict[str, int]] = {rule: {} for rule in RULES}
        for (rule, name), changed in sums.items():
            if changed:
                counts[rule][name] = changed
        return {rule: columns for rule, columns in counts.items() if columns}

    def _stage(self, rows: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[str, str]]:
        """Add a column for each step, and say which is the last of each column.

        Steps are chained through columns: nested expressions would be computed again for each that counts.
        """
        last: dict[str, str] = {}
        for number in range(max(map(len, self.steps.values()), default=0)):
            layer = []
            for name, steps in self.steps.items():
                if number < len(steps):
                    layer.append(steps[number].apply(pl.col(last.get(name, name))).alias(_stage_name(name, number)))
                    last[name] = _stage_name(name, number)
            rows = rows.with_columns(layer)
        return rows, last


def _stage_name(name: str, number: int) -> str:
    return f"{name}\n{number}"


def _steps(name: str, dtype: pl.DataType, wanted: str | None, params: Preprocess) -> Iterator[Step]:
    """Yield the steps of a column, in order."""
    if dtype == pl.String:
        if wanted in _READERS:
            yield _READERS[wanted](name, params)
    else:
        yield from _typed_steps(name, dtype, wanted, params)
    if (coarser := params.anonymise.generalise.get(name)) is not None:
        yield Step("generalised", generalise(coarser))
    if (bounds := params.bounds.get(name)) is not None:
        if bounds.action == "clip":
            yield Step("clipped", lambda value: value.cast(pl.Float64).clip(bounds.low, bounds.high))
        elif bounds.action == "null":
            yield Step("out_of_bounds", lambda value: pl.when(is_within(value, bounds.low, bounds.high)).then(value))
    if name in params.fill:
        constant = params.fill[name]
        yield Step("filled", lambda value: value.fill_null(constant))


def _typed_steps(name: str, dtype: pl.DataType, wanted: str | None, params: Preprocess) -> Iterator[Step]:
    """Yield the steps of a column that came as something else than texts."""
    if dtype.is_numeric() and (pairs := params.replace.get(name)) is not None:
        old, new = [float(key) for key in pairs], [None if text is None else float(text) for text in pairs.values()]
        yield Step("replaced", lambda number: number.cast(pl.Float64).replace(old, new))
        dtype = pl.Float64()
    if wanted in ("category", "text"):
        yield Step("", lambda value: spell(value, dtype), retypes=True)
    elif wanted == "number":
        yield Step("no_number", lambda value: _finite(value.cast(pl.Float64, strict=False)), retypes=True)
    elif wanted == "boolean" and dtype != pl.Boolean:
        yield Step("no_boolean", lambda value: pl.when((value == 0) | (value == 1)).then(value == 1), retypes=True)
    elif wanted == "date":
        yield Step("no_date", lambda value: value.cast(pl.Datetime("us")), retypes=True)
    elif dtype.is_float():
        yield Step("no_number", _finite, retypes=True)


def _number_step(name: str, params: Preprocess) -> Step:
    separators = params.separators.get(name, Separators())

    def read(text: pl.Expr) -> pl.Expr:
        number: pl.Expr = pl.when(text.str.contains(separators.pattern)).then(text)
        if separators.thousands is not None:
            number = number.str.replace_all(separators.thousands, "", literal=True)
        if separators.decimal != ".":
            number = number.str.replace(separators.decimal, ".", literal=True)
        return _finite(number.cast(pl.Float64, strict=False))

    return Step("no_number", read, retypes=True)


def _boolean_step(name: str, params: Preprocess) -> Step:
    def read(text: pl.Expr) -> pl.Expr:
        lowered = text.str.to_lowercase()
        return pl.when(lowered.is_in(TRUE)).then(True).when(lowered.is_in(FALSE)).then(False)

    return Step("no_boolean", read, retypes=True)


def _date_step(name: str, params: Preprocess) -> Step:
    return Step("no_date", lambda text: parse(text, params.dates_of(name)), retypes=True)


_READERS = {"number": _number_step, "boolean": _boolean_step, "date": _date_step}


def _finite(number: pl.Expr) -> pl.Expr:
    """Return the number, null where it is NaN or infinite: neither was measured."""
    return pl.when(number.is_finite()).then(number)


def is_within(value: pl.Expr, low: float | None, high: float | None) -> pl.Expr:
    """Say whether a value is within the ends; null where it is missing."""
    above = value >= low if low is not None else pl.lit(True)
    below = value <= high if high is not None else pl.lit(True)
    return value.is_not_null() & above & below


def date_parts(cleaning: Cleaning) -> dict[str, list[pl.Expr]]:
    """Return for each date the columns that take its place; a date that is no feature leaves none.

    Raises:
        ParamsError: A part would take the name of a column that is there.
    """
    features = {column.name for column in cleaning.schema.features}
    found: dict[str, list[pl.Expr]] = {}
    for name in (each for each in cleaning.dtypes if cleaning.types.get(each) == "date"):
        found[name] = []
        for part in cleaning.params.dates_of(name).parts if name in features else []:
            if (new := f"{name}_{part}") in cleaning.dtypes:
                raise ParamsError(f"preprocess.dates.{name}: the table has a column '{new}' already: rename it")
            found[name].append(part_of(pl.col(name), part).alias(new))
    return found


def undeclared_texts(cleaning: Cleaning) -> list[str]:
    """Return the features of texts whose type is not declared, and which may hold numbers alone.

    Either they are codes, or white space or a missing marker hid that they are numbers.
    """
    features = [column.name for column in cleaning.schema.features if column.dtype == "String"]
    return [name for name in features if name not in cleaning.types]


def holds_numbers(text: pl.Expr) -> pl.Expr:
    """Say whether all texts that are there are numbers, and one is there."""
    return text.str.contains(NUMBER).all() & text.is_not_null().any()


def cleaned_schema(schema: Schema, dtypes: Mapping[str, pl.DataType], params: Preprocess) -> Schema:
    """Return the schema of the cleaned columns."""
    columns = [
        Column(name=name, dtype=str(dtype), kind="text" if params.types.get(name) == "text" else None)
        for name, dtype in dtypes.items()
        if name not in RESERVED
    ]
    return schema.model_copy(update={"columns": columns})


def prepare(schema: Schema, params: Preprocess) -> dict[str, Any]:
    """Return the part of the cleaning that a server repeats on one record: the rules on features."""
    kept = {column.name for column in schema.features}

    def of_features(rules: Mapping[str, Any]) -> dict[str, Any]:
        return {name: rule for name, rule in rules.items() if name in kept}

    content = params.model_dump(mode="json", include=set(_PREPARED))
    types = of_features(params.all_types)
    dates = {name: params.dates_of(name).model_dump(mode="json") for name, kind in types.items() if kind == "date"}
    return {
        **{key: value if key in _PLAIN else of_features(value) for key, value in content.items()},
        "lower": [name for name in params.lower if name in kept],
        "types": types,
        "dates": dates,
        "generalise": of_features(params.anonymise.model_dump(mode="json", exclude_none=True)["generalise"]),
    }


_PLAIN = ("trim", "unicode", "collapse", "missing", "lower")
_PREPARED = (*_PLAIN, "replace", "types", "separators", "dates", "bounds", "fill")
